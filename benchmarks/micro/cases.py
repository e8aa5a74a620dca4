"""The cases that are timed: each function returns a callable without arguments.

No case waits for anything: a call is one step of a coroutine, from its beginning to its end. The
cases of a file need a running event loop while they are made and while they are called.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Coroutine
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from benchmarks import apps
from benchmarks.apps import bare, floor, raw
from rangeserve import Observer, RangeMiddleware, parse_range
from rangeserve._asgi.actions import Open, Serve
from rangeserve._asgi.exchange import Exchange
from rangeserve.core.limits import Limits
from rangeserve.core.plan import make_plan
from rangeserve.core.representation import read_representation
from rangeserve.core.request import read_request
from rangeserve.core.selection import select
from rangeserve.handover import Handover
from rangeserve.sources.file import FileSource

__all__ = [
    "DOUBLED",
    "RANGES",
    "decide",
    "decide_in_core",
    "doubled",
    "fields",
    "make_cases",
    "parse",
    "parts",
    "short_range",
    "tiny",
]

App = Callable[[Any, Any, Any], Coroutine[Any, Any, None]]
Call = Callable[[], None]

# What is doubled -> the cases with the smaller and with the greater number.
DOUBLED = {
    "fields": ("a 206 with 256 fields", "a 206 with 512 fields"),
    "parts": ("a 206 of 32 parts", "a 206 of 64 parts"),
}
# The applications that answer `short_range`.
RANGES: dict[str, App] = {
    "raw app": raw.plain,
    "hand-written floor": floor.ranged,
    "rangeserve": bare.ranged,
}

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
_FILE_BYTES = 1 << 20
_START, _STOP = 256 * 1024, 320 * 1024
_WARM_UPS = 5


def _scope(headers: list[tuple[bytes, bytes]], path: str = "/tiny") -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
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


def _step(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that waits for nothing to its end; `AssertionError` if it waits."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise AssertionError("this call has waited, which is not to be timed")


async def _answer(app: App, scope: dict[str, Any]) -> tuple[int, bytes]:
    """The status and the body of an answer."""
    messages: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    await app(dict(scope), _receive, send)
    return messages[0]["status"], b"".join(each["body"] for each in messages[1:])


def tiny(*, ranged: bool, observer: Observer | None = None, by_hand: bool = False) -> Call:
    """One request for a small 200 without Range, with or without rangeserve around the app.

    `by_hand`: inside a middleware that is written for this one case.
    """
    app: App = RangeMiddleware(_app, observer=observer) if ranged else _app
    if by_hand:
        app = floor.PassThrough(_app)
    scope = _scope(_BROWSER)
    return lambda: _step(app(scope, _receive, _send))


async def short_range(app: App, folder: Path) -> Call:
    """One request for 64 KiB of a real file in `folder`; `app` is one of `RANGES`.

    `RuntimeError` if the answer is not a 206 with these bytes.
    """
    file = folder / "file"
    if not file.exists():
        file.write_bytes(os.urandom(_FILE_BYTES))
    apps.FOLDER = str(folder)
    asked = (b"range", b"bytes=%d-%d" % (_START, _STOP - 1))
    scope = _scope([*_VIDEO[:-2], asked], "/files/file")
    expected = 206, file.read_bytes()[_START:_STOP]
    for _ in range(_WARM_UPS):  # the first opens and reads may take a thread
        if await _answer(app, scope) != expected:
            raise RuntimeError("the answer is not a 206 with the bytes that were asked for")
    return lambda: _step(app(dict(scope), _receive, _send))


async def fields(count: int) -> Call:
    """One request with `count` fields for the first byte of a response with `count` fields."""
    more = [(b"x-field-%d" % number, b"value %d" % number) for number in range(count)]
    return await _sliced([*more, (b"range", b"bytes=0-0")], more)


async def parts(count: int) -> Call:
    """One request for `count` ranges of 10 bytes, which are as many parts."""
    ranges = b",".join(b"%d-%d" % (start, start + 9) for start in range(0, count * 1000, 1000))
    return await _sliced([(b"range", b"bytes=" + ranges)], [(b"content-type", b"text/plain")])


async def _sliced(asked: list[tuple[bytes, bytes]], given: list[tuple[bytes, bytes]]) -> Call:
    """One request with the fields `asked` to an app that sends 1 MiB with the fields `given`."""
    body = bytes(_FILE_BYTES)
    length = (b"content-length", b"%d" % len(body))

    async def sends_all(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [*given, length]})
        await send({"type": "http.response.body", "body": body})

    app, scope = RangeMiddleware(sends_all), _scope(asked)
    status, partial = await _answer(app, scope)
    if status != 206 or len(partial) >= len(body) // 2:
        raise RuntimeError(f"the answer is a {status} of {len(partial)} bytes")
    return lambda: _step(app(dict(scope), _receive, _send))


async def make_cases(folder: Path | None) -> dict[str, Call]:
    """The cases that are timed hot and cold, by their names.

    Those of a file need a `folder` to make it in, on a file system that tells whether bytes are
    in the page cache: rangeserve reads in a thread on another.
    """
    made = {
        "the app alone": tiny(ranged=False),
        "through a hand-written pass-through": tiny(ranged=False, by_hand=True),
        "through rangeserve": tiny(ranged=True),
        "through rangeserve, with an observer": tiny(ranged=True, observer=lambda event: None),
        "decide a 206 with If-Range": decide(),
        "the same by the core alone": decide_in_core(),
    }
    if folder is not None:
        for name, app in RANGES.items():
            made[f"64 KiB of a file, {name}"] = await short_range(app, folder)
    return made


async def doubled() -> dict[str, Call]:
    """The cases of `DOUBLED`, by their names."""
    (few_fields, many_fields), (few_parts, many_parts) = DOUBLED["fields"], DOUBLED["parts"]
    return {
        few_fields: await fields(256),
        many_fields: await fields(512),
        few_parts: await parts(32),
        many_parts: await parts(64),
    }


def decide() -> Call:
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


def decide_in_core() -> Call:
    """The same decision by the functions of the core, without an exchange."""
    tag = _VIDEO[-1][1].decode()
    modified = datetime(2026, 1, 1, tzinfo=timezone.utc)
    fields = [(b"content-type", b"video/mp4"), (b"cache-control", b"no-cache")]
    limits = Limits()

    def call() -> None:
        request = read_request("GET", _VIDEO)
        assert request is not None
        representation = read_representation(fields)
        now = time.time()
        representation.know_source(_SIZE, tag, modified, None, now)
        selection = select(request, representation, limits, now)
        assert make_plan(selection, representation).status == 206

    return call


def parse(field: str) -> Callable[[], object]:
    """Parsing one Range field."""
    return lambda: parse_range(field)
