"""`serve`: the command that serves a folder, from its arguments to its exit code."""

from __future__ import annotations

import argparse
import errno
import os
import socket
import sys
from collections.abc import Sequence

from ..directory import DirectoryApp
from ..types import ASGIApp
from .access import AccessLog
from .browser import open_soon
from .fields import with_fields
from .hosts import is_loopback, only_hosts
from .listener import Place, listen
from .neighbours import load_segno, show_to_others
from .options import DEFAULT_PORT, read_options
from .output import greet, say
from .password import only_with_password, read_password
from .problem import Problem, reason_of
from .server import load_hypercorn, run
from .tls import use_certificate

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
    password = _password(options)
    hypercorn, config = load_hypercorn()
    if options.certificate is not None:
        use_certificate(config, options.certificate, options.key)
    elif options.key is not None:
        raise Problem("--key is that of a --certificate, which is missing")
    segno = load_segno() if options.qr else None
    listener = _listener(options)
    address, port = listener.getsockname()[:2]
    place = Place(address, port, is_secure=options.certificate is not None)
    for warning in _warnings(app.root, place, options, has_password=password is not None):
        say(f"rangeserve: warning: {warning}")
    greet(f"Serving {app.root} at {place.url} (Ctrl-C to stop)")
    show_to_others(place, segno)
    if options.open:
        open_soon(place.url_here)
    run(hypercorn, config, log.around(_guarded(app, options, place, password)), listener)


def _listener(options: argparse.Namespace) -> socket.socket:
    """The socket at which the options want to listen; `--port` wins over that of `--bind`."""
    host, port = options.bind
    if options.port is not None:
        port = options.port
    return listen(host, DEFAULT_PORT if port is None else port)


def _guarded(
    app: ASGIApp, options: argparse.Namespace, place: Place, password: str | None
) -> ASGIApp:
    """The app with what the options put around it: who is let in, and the fields for everybody."""
    if password is not None:
        app = only_with_password(app, password)
    if options.allow_host or is_loopback(place.address):
        app = only_hosts(app, options.allow_host)
    return with_fields(app, options.header) if options.header else app


def _app(options: argparse.Namespace, log: AccessLog) -> DirectoryApp:
    """The app for the folder; `Problem` if it cannot be served."""
    try:
        app = DirectoryApp(
            options.directory,
            hidden=options.all,
            zip_folders=options.zip,
            cache_rules=dict(options.cache),
            precompressed=options.precompressed,
            cors=options.cors,
            sandbox=options.sandbox,
            resource_policy=None if options.cors else "same-origin",
            observer=log.observe,
        )
    except NotADirectoryError:
        raise Problem(f"not a folder: {options.directory}") from None
    except OSError as error:
        hint = "; `rangeserve check URL` asks a URL" if "://" in options.directory else ""
        raise Problem(f"{reason_of(error)}: {options.directory}{hint}") from None
    if not os.access(app.root, os.R_OK | os.X_OK):
        raise Problem(f"{os.strerror(errno.EACCES).lower()}: {options.directory}")
    return app


def _password(options: argparse.Namespace) -> str | None:
    """The password that is asked for, if one is; `Problem` if it cannot be had or be given."""
    password = read_password(options.password_file, os.environ)
    if password is not None and options.cors:
        raise Problem("a page of another origin cannot send the password: --cors is of no use")
    return password


def _warnings(
    root: str, place: Place, options: argparse.Namespace, *, has_password: bool
) -> list[str]:
    """What somebody who serves `root` at `place` may not have meant, a line for each."""
    found: list[str] = []
    if not is_loopback(place.address):
        if not has_password:
            found.append("whoever can reach this machine can read the files, without a password")
        elif not place.is_secure:
            found.append("the password is sent as plain text, and can be read on its way;"
                         " --certificate encrypts it")  # fmt: skip
    if os.path.dirname(root) == root:
        found.append(f"{root} is the whole file system")
    if options.all:
        found.append("hidden files are served too, and they often hold passwords and keys")
    return found
