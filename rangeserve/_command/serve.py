"""`serve`: the command that serves a folder, from its arguments to its exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from ..directory import DirectoryApp
from ..types import ASGIApp
from .access import AccessLog
from .hosts import is_loopback, only_hosts
from .listener import listen, url_of
from .options import DEFAULT_PORT, read_options
from .output import greet, say
from .problem import Problem, reason_of
from .server import load_hypercorn, run

__all__ = ["serve"]


def serve(arguments: Sequence[str]) -> int:
    """Serve a folder, and return the exit code: 0 after Ctrl-C, 2 if that cannot start."""
    options = read_options(arguments)
    try:
        _serve(options)
    except Problem as problem:
        print(f"rangeserve: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        pass
    return 0


def _serve(options: argparse.Namespace) -> None:
    log = AccessLog(say)
    app = _app(options, log)
    hypercorn, config = load_hypercorn()
    host, port = options.bind
    if options.port is not None:
        port = options.port
    listener = listen(host, DEFAULT_PORT if port is None else port)
    address, port = listener.getsockname()[:2]
    for warning in _warnings(app.root, address, hidden=options.all):
        say(f"rangeserve: warning: {warning}")
    served: ASGIApp = app
    if options.allow_host or is_loopback(address):
        served = only_hosts(app, options.allow_host)
    greet(f"Serving {app.root} at {url_of(address, port)} (Ctrl-C to stop)")
    run(hypercorn, config, log.around(served), listener)


def _app(options: argparse.Namespace, log: AccessLog) -> DirectoryApp:
    """The app for the folder; `Problem` if it cannot be served."""
    try:
        return DirectoryApp(
            options.directory,
            hidden=options.all,
            cors=options.cors,
            sandbox=options.sandbox,
            resource_policy=None if options.cors else "same-origin",
            observer=log.observe,
        )
    except NotADirectoryError:
        raise Problem(f"not a folder: {options.directory}") from None
    except OSError as error:
        raise Problem(f"{reason_of(error)}: {options.directory}") from None


def _warnings(root: str, address: str, *, hidden: bool) -> list[str]:
    """What somebody who serves `root` at `address` may not have meant, a line for each."""
    found: list[str] = []
    if not is_loopback(address):
        found.append("whoever can reach this machine can read the files, without a password")
    if os.path.dirname(root) == root:
        found.append(f"{root} is the whole file system")
    if hidden:
        found.append("hidden files are served too, and they often hold passwords and keys")
    return found
