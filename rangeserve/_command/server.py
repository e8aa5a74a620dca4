"""`run`: an ASGI app served by Hypercorn until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import warnings
from importlib import import_module
from typing import Any, Final

from ..errors import ResponseError
from ..types import ASGIApp, Receive, Scope, Send
from .problem import Problem

__all__ = ["at_the_pace_of_clients", "load_hypercorn", "run"]

_GRACE_SECONDS: Final = 0.5
_MAX_CANCELLATIONS: Final = 50


def load_hypercorn() -> tuple[Any, Any]:
    """Hypercorn's `serve`, and a `Config` for it. `Problem` if Hypercorn is not installed."""
    try:  # Hypercorn is an extra, and has no complete types
        serve: Any = import_module("hypercorn.asyncio").serve
        config: Any = import_module("hypercorn.config").Config()
    except ImportError:
        raise Problem(
            "Hypercorn is missing; install it with: pip install 'rangeserve[serve]'"
        ) from None
    config.loglevel = "WARNING"
    config.graceful_timeout = _GRACE_SECONDS
    logging.getLogger("hypercorn.error").addFilter(_is_news)
    return serve, config


def _is_news(record: logging.LogRecord) -> bool:
    """Whether an error that Hypercorn logs is told by no access line."""
    return not (record.exc_info and isinstance(record.exc_info[1], ResponseError))


def run(serve: Any, config: Any, app: ASGIApp, listener: socket.socket) -> None:
    """Serve `app` at `listener` until Ctrl-C or SIGTERM."""
    config.bind = [f"fd://{listener.detach()}"]
    asyncio.run(_until_stopped(serve, at_the_pace_of_clients(app, config), config))


def at_the_pace_of_clients(app: ASGIApp, config: Any) -> ASGIApp:
    """`app`, once Hypercorn takes over HTTP/2 no more than the client does.

    A Hypercorn that cannot be made to do so gets an app for HTTP/1.1 only, and a `config` that
    offers nothing else over TLS.
    """
    try:
        from ..integrations.hypercorn import limit_http2_buffers

        limit_http2_buffers()
    except ImportError:
        config.alpn_protocols = ["http/1.1"]
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


async def _until_stopped(serve: Any, app: ASGIApp, config: Any) -> None:
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
    ended, _ = await asyncio.wait({server}, timeout=2 * _GRACE_SECONDS)
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
