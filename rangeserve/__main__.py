"""`python -m rangeserve [DIRECTORY]`: serve the files of a folder, with byte ranges.

`python -m rangeserve check URL` is the other command; `rangeserve` is short for both.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import os
import re
import signal
import socket
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any, Final

from .directory import DirectoryApp
from .directory.access import AccessLog
from .directory.host import is_loopback, only_hosts
from .types import ASGIApp, Receive, Scope, Send

__all__ = ["main"]

_HOST: Final = "127.0.0.1"
_PORT: Final = 8000
_MAX_CANCELLATIONS: Final = 50
# A name, an IPv4 address, or an IPv6 address in brackets, with or without a port; or an IPv6
# address without brackets, which has at least two colons.
_BIND: Final = re.compile(
    r"(?:\[(?P<v6>[^\[\]]+)\]|(?P<name>[^:\[\]]+))(?::(?P<port>[0-9]+))?"
    r"|(?P<bare>[^:\[\]]*:[^\[\]]*:[^\[\]]*)"
)


class _Problem(Exception):
    """The command cannot start; the message is one sentence for stderr."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code: 0 after Ctrl-C, 2 if it cannot start.

    With `check` as the first argument, that is the command, with exit codes of its own.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["check"]:
        from .check.command import main as check

        return check(given[1:])
    options = _parser().parse_args(given)
    try:
        _serve(options)
    except _Problem as problem:
        print(f"rangeserve: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        pass
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rangeserve",
        description="Serve the files of a folder over HTTP, with byte ranges (RFC 9110).",
        epilog="python -m rangeserve check URL: who can seek, resume and slice at a URL.",
    )
    parser.add_argument("directory", nargs="?", default=".", help="the folder (default: this one)")
    parser.add_argument(
        "-b",
        "--bind",
        metavar="ADDRESS[:PORT]",
        type=_bind,
        default=(_HOST, None),
        help=f"where to listen (default: {_HOST}:{_PORT}); IPv6 as [::1]:8000",
    )
    parser.add_argument(
        "-p", "--port", type=_port, help="the port; 0 takes a free one and prints it"
    )
    parser.add_argument(
        "-a", "--all", action="store_true", help="files whose name begins with a dot, too"
    )
    parser.add_argument(
        "--zip", action="store_true", help="let each folder be downloaded as a ZIP archive, too"
    )
    parser.add_argument(
        "--cors", action="store_true", help="let pages of any other origin read it, too"
    )
    parser.add_argument(
        "--sandbox",
        action="store_true",
        help="run no script in HTML and SVG files (Content-Security-Policy: sandbox)",
    )
    parser.add_argument(
        "--allow-host",
        metavar="NAME",
        action="append",
        default=[],
        help="answer to this name, too, and beside it only to localhost and to addresses",
    )
    parser.add_argument(
        "--version", action="version", version=f"rangeserve {version('rangeserve')}"
    )
    return parser


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text[:6]) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)


def _bind(text: str) -> tuple[str, int | None]:
    match = _BIND.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not an address, nor ADDRESS:PORT")
    host = match["v6"] or match["name"] or match["bare"]
    return host, _port(match["port"]) if match["port"] else None


def _serve(options: argparse.Namespace) -> None:
    log = AccessLog(_say)
    try:
        app = DirectoryApp(
            options.directory,
            hidden=options.all,
            zip_folders=options.zip,
            cors=options.cors,
            sandbox=options.sandbox,
            resource_policy=None if options.cors else "same-origin",
            observer=log.observe,
        )
    except NotADirectoryError:
        raise _Problem(f"not a folder: {options.directory}") from None
    except OSError as error:
        raise _Problem(f"{_why(error)}: {options.directory}") from None
    try:  # Hypercorn is an extra, and has no complete types
        serve: Any = import_module("hypercorn.asyncio").serve
        config: Any = import_module("hypercorn.config").Config()
    except ImportError:
        raise _Problem(
            "Hypercorn is missing; install it with: pip install 'rangeserve[serve]'"
        ) from None
    host, port = options.bind
    if options.port is not None:
        port = options.port
    listener = _listen(host, _PORT if port is None else port)
    config.loglevel = "WARNING"
    config.graceful_timeout = 0.5
    address = listener.getsockname()[0]
    for warning in _warnings(app.root, address, hidden=options.all):
        _say(f"rangeserve: warning: {warning}")
    served: ASGIApp = app
    if options.allow_host or is_loopback(address):
        served = only_hosts(app, options.allow_host)
    _greet(f"Serving {app.root} at {_url(listener)} (Ctrl-C to stop)")
    config.bind = [f"fd://{listener.detach()}"]
    asyncio.run(_until_stopped(serve, _at_the_pace_of_clients(log.around(served)), config))


def _at_the_pace_of_clients(app: ASGIApp) -> ASGIApp:
    """`app`, once Hypercorn takes over HTTP/2 no more than the client does.

    A Hypercorn that cannot be made to do so gets an app for HTTP/1.1 only.
    """
    try:
        from .integrations.hypercorn import limit_http2_buffers

        limit_http2_buffers()
    except ImportError:
        return _http1_only(app)
    return app


def _http1_only(app: ASGIApp) -> ASGIApp:
    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["http_version"].startswith("1"):
            fields = [(b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 505, "headers": fields})
            await send({"type": "http.response.body"})
        else:
            await app(scope, receive, send)

    return respond


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


def _say(line: str) -> None:
    """Print a line to stderr, whoever reads it."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:  # stderr was closed: later writes must not fail, nor the flush at exit
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stderr.fileno())
        os.close(null)


def _greet(text: str) -> None:
    """Print `text` to stdout; a character that stdout cannot encode is escaped."""
    coding = sys.stdout.encoding or "utf-8"
    print(text.encode(coding, "backslashreplace").decode(coding), flush=True)


async def _until_stopped(serve: Any, app: Any, config: Any) -> None:
    """Serve until Ctrl-C or SIGTERM, and return soon after that.

    Hypercorn, and from Python 3.12 on asyncio, wait for ever for a client that does not read its
    response (a paused video), even if they are cancelled once. So tasks that still run after the
    graceful timeout are cancelled again and again until they end.
    """
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # not on Windows
            loop.add_signal_handler(name, stop.set)
    server = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({server, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    ended, _ = await asyncio.wait({server}, timeout=2 * config.graceful_timeout)
    loop.set_exception_handler(_ignore)
    # Hypercorn makes coroutines for task groups that are being cancelled, and take no more.
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
    for _ in range(_MAX_CANCELLATIONS):
        running = asyncio.all_tasks() - {asyncio.current_task()}
        if not running:
            break
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=0.1)
    if ended and not server.cancelled():
        server.result()


def _ignore(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Ignore an error that asyncio's streams report when their task is cancelled."""


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket, bound before the server starts, so that its port can be printed."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        return socket.create_server(address, family=family)
    except socket.gaierror as error:
        raise _Problem(f"no such address: {host} ({error.strerror})") from None
    except UnicodeError:
        raise _Problem(f"no such address: {host}") from None
    except OSError as error:
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        if error.errno == errno.EADDRINUSE:
            raise _Problem(f"{where} is in use; --port 0 takes a free port") from None
        raise _Problem(f"cannot listen on {where}: {_why(error)}") from None


def _why(error: OSError) -> str:
    """The message of the system for `error`, without the path and the error number."""
    return os.strerror(error.errno).lower() if error.errno else str(error)


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


if __name__ == "__main__":
    sys.exit(main())
