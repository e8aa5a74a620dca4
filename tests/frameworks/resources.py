"""What runs in the server of a framework's tests: variants of one app, and what was seen.

`Site` hands `/VARIANT/PATH` to the variant's app as `/PATH`, and answers `/seen` itself with
the counters below. Every app has the same four resources: a file, a stream that knows its
length, a little text in memory and a script that is worth compressing.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from rangeserve import RangeMiddleware

FOLDER = Path(os.environ.get("RANGESERVE_TEST_FOLDER", "."))
FILM = FOLDER / "film.mp4"
FILM_SIZE = 8 * 1024 * 1024

CHUNK = 64 * 1024
CHUNKS = 64
STREAM_SIZE = CHUNK * CHUNKS
STREAM_TAG = '"stream-1"'

SMALL = b"".join(b"%05d\n" % number for number in range(2000))
SMALL_TAG = '"small-1"'

SCRIPT = b"function twice(number) { return number + number; }\n" * 400
SCRIPT_TAG = '"script-1"'

ORIGIN = "https://player.example"
EXPOSED = ["Content-Range", "Accept-Ranges", "ETag"]

SEEN: Counter[str] = Counter()


def note(what: str) -> None:
    SEEN[what] += 1


def chunk(number: int) -> bytes:
    """The chunk `number` of the stream; no two are alike."""
    return (b"%07d " % number) * (CHUNK // 8)


async def pause() -> None:
    await asyncio.sleep(0)


async def chunks(pause: Callable[[], Awaitable[None]] = pause) -> AsyncIterator[bytes]:
    try:
        for number in range(CHUNKS):
            note("chunks")
            yield chunk(number)
            await pause()
    finally:
        note("finally")


def sync_chunks() -> Iterator[bytes]:
    try:
        for number in range(CHUNKS):
            note("chunks")
            yield chunk(number)
    finally:
        note("finally")


def film_fields() -> dict[str, str]:
    """For frameworks that say nothing of a file that they stream."""
    return {"content-length": str(FILM.stat().st_size), "etag": '"film-1"'}


STREAM_FIELDS = {"content-length": str(STREAM_SIZE), "etag": STREAM_TAG}
SMALL_FIELDS = {"etag": SMALL_TAG}
SCRIPT_FIELDS = {"etag": SCRIPT_TAG}


def with_cors(app: Any) -> Any:
    return CORSMiddleware(app, allow_origins=[ORIGIN], expose_headers=EXPOSED)


def with_gzip(app: Any) -> Any:
    return GZipMiddleware(app, minimum_size=500)


def with_function(app: Any) -> Any:
    async def dispatch(request: Any, call_next: Callable[[Any], Any]) -> Any:
        response = await call_next(request)
        response.headers["x-function"] = "seen"
        return response

    return BaseHTTPMiddleware(app, dispatch=dispatch)


def ranged(app: Any) -> Any:
    return RangeMiddleware(app)


def variants(plain: Any, wrap: Any = RangeMiddleware, **own: Any) -> dict[str, Any]:
    """The usual ones, from outside and with what the framework itself has inside."""
    return {
        "plain": wrap(plain),
        "bare": own.get("bare", plain),
        "twice": wrap(wrap(plain)),
        "gzip-inside": wrap(own.get("gzip") or with_gzip(plain)),
        "gzip-outside": with_gzip(wrap(plain)),
        "cors-inside": wrap(own.get("cors") or with_cors(plain)),
        "cors-outside": with_cors(wrap(plain)),
        "function-inside": wrap(own.get("function") or with_function(plain)),
        "function-outside": with_function(wrap(plain)),
        **own.get("more", {}),
    }


class Site:
    def __init__(self, apps: dict[str, Any], *, lifespans: tuple[Any, ...] = ()) -> None:
        self._apps = apps
        self._lifespans = lifespans

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        _, variant, rest = scope["path"].split("/", 2) if scope["path"].count("/") > 1 else (
            "", scope["path"][1:], "",
        )  # fmt: skip
        if variant == "seen":
            if scope["query_string"] == b"collect":
                gc.collect()
                await anyio.sleep(0.01)
            noted = json.dumps({**SEEN, "read": _read()}).encode()
            if scope["query_string"] == b"reset":
                SEEN.clear()
            await _answer(send, noted)
            return
        prefix = f"/{variant}"
        path = f"/{rest}"
        raw = scope.get("raw_path") or scope["path"].encode()
        await self._apps[variant](
            {**scope, "path": path, "raw_path": raw[len(prefix) :]}, receive, send
        )

    async def _lifespan(self, receive: Any, send: Any) -> None:
        async with AsyncExitStack() as stack:
            await receive()
            for app in self._lifespans:
                await stack.enter_async_context(_alive(app))
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


@asynccontextmanager
async def _alive(app: Any) -> AsyncIterator[None]:
    """`app` between its startup and its shutdown."""
    inbox: asyncio.Queue[Any] = asyncio.Queue()
    outbox: asyncio.Queue[Any] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
    task = asyncio.ensure_future(app(scope, inbox.get, outbox.put))
    await inbox.put({"type": "lifespan.startup"})
    said = await asyncio.wait_for(outbox.get(), 20)
    assert said["type"] == "lifespan.startup.complete", said
    yield
    await inbox.put({"type": "lifespan.shutdown"})
    await asyncio.wait_for(task, 20)


def _read() -> int:
    """The bytes that this process has read from files (and pipes) so far."""
    with open("/proc/self/io") as file:
        return int(file.readline().split()[1])


async def _answer(send: Any, body: bytes) -> None:
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
