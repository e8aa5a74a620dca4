"""The cases that are timed: each function returns a callable without arguments."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from typing import Any

from rangeserve import RangeMiddleware, parse_range
from rangeserve._asgi.actions import Open, Serve
from rangeserve._asgi.exchange import Exchange
from rangeserve.core.request import read_request
from rangeserve.core.selection import Limits
from rangeserve.handover import Handover
from rangeserve.sources.file import FileSource

__all__ = ["decide", "parse", "tiny"]

# The fields that Chromium sends for a page's JSON, as a server gives them to an application.
_BROWSER: list[tuple[bytes, bytes]] = [
    (b"host", b"example.org"),
    (b"connection", b"keep-alive"),
    (b"sec-ch-ua-platform", b'"Linux"'),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131 Safari/537.36"),
    (b"accept", b"*/*"),
    (b"sec-fetch-site", b"same-origin"),
    (b"sec-fetch-mode", b"cors"),
    (b"referer", b"https://example.org/watch"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"accept-language", b"en-GB,en;q=0.9"),
]
# The fields that Chromium sends for the next piece of a video.
_VIDEO = [
    *(field for field in _BROWSER if field[0] != b"accept-encoding"),
    (b"accept-encoding", b"identity;q=1, *;q=0"),
    (b"range", b"bytes=10485760-"),
    (b"if-range", b'"17a3c5e8d9b24000-40000000"'),
]
_TINY = b'{"hello": "world"}'
_SIZE = 1 << 30


def _scope(headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/tiny",
        "raw_path": b"/tiny",
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }


async def _app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_TINY))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _TINY})


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(message: dict[str, Any]) -> None:
    pass


def tiny(*, ranged: bool) -> Callable[[], None]:
    """One request for a small 200 without Range, with or without rangeserve around the app."""
    app: Callable[[Any, Any, Any], Awaitable[None]] = RangeMiddleware(_app) if ranged else _app
    scope = _scope(_BROWSER)

    def call() -> None:
        coroutine: Any = app(scope, _receive, _send)
        try:
            coroutine.send(None)
        except StopIteration:
            return
        raise AssertionError("nothing here waits")

    return call


def decide() -> Callable[[], None]:
    """The decision for a 206 with If-Range, of a file that is open already."""
    source = FileSource("/srv/video.mp4")
    source.size = _SIZE
    source.etag = _VIDEO[-1][1].decode()
    source.last_modified = datetime(2026, 1, 1, tzinfo=timezone.utc)
    limits = Limits()
    start = {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", b"video/mp4"), (b"cache-control", b"no-cache")],
    }
    pathsend = {"type": "http.response.pathsend", "path": source.path}

    def call() -> None:
        request = read_request("GET", _VIDEO)
        assert request is not None
        exchange = Exchange("GET", request, Handover(request.range), limits, time.time)
        assert not exchange.feed(start)
        (opening,) = exchange.feed(pathsend)
        assert isinstance(opening, Open)
        head, serve = exchange.opened(source)
        assert isinstance(head, dict)
        assert isinstance(serve, Serve)

    return call


def parse(field: str) -> Callable[[], object]:
    """Parsing one Range field."""
    return lambda: parse_range(field)
