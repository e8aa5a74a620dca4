"""Ten thousand aborted transfers leave nothing; a thousand ranges at once are all right.

In process, on one event loop and real files; bounded to a few minutes.
"""

from __future__ import annotations

import gc
import os
import threading
import tracemalloc
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from rangeserve import RangeMiddleware, hand_over

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(1800)]

KIB = 1024
SIZE = 4 * KIB * KIB
CHUNK = 16 * KIB
DATA = bytes((i * 7 + i // 256) % 256 for i in range(256 * KIB)) * 16
ABORTED = 10_000
AT_ONCE = 8  # a worker thread that is started meanwhile counts 5 KiB
GROWTH = 64 * KIB
MOST_THREADS = 48


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("soak") / "film"
    path.write_bytes(DATA)
    return path


def scope(field: str) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "method": "GET",
        "path": "/",
        "headers": [(b"range", field.encode())],
    }


START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-length", b"%d" % SIZE), (b"etag", b'"v"')],
}
finished = 0


async def pieces() -> AsyncIterator[bytes]:
    global finished
    try:
        for at in range(0, SIZE, CHUNK):
            yield DATA[at : at + CHUNK]
    finally:
        finished += 1


async def from_stream(scope: Any, receive: Any, send: Any) -> None:
    """Listens as frameworks do, and stops its producer when it is told."""
    async with anyio.create_task_group() as group:

        async def listen() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            group.cancel_scope.cancel()

        group.start_soon(listen)
        await send(START)
        stream = pieces()
        try:
            async for piece in stream:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            with anyio.CancelScope(shield=True):
                await stream.aclose()  # type: ignore[attr-defined]
        group.cancel_scope.cancel()


def from_file(path: Path) -> Callable[..., Any]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        hand_over(scope, path)
        await send(START)
        await send({"type": "http.response.body"})

    return app


class Client:
    """Takes messages, and leaves after some: in silence, or by a cancelled call."""

    def __init__(self, leaves_after: int | None = None, *, cancelled: bool = False) -> None:
        self.body = bytearray()
        self.start: dict[str, Any] = {}
        self._left = leaves_after
        self._cancelled = cancelled
        self._gone = anyio.Event()
        self._scope = anyio.CancelScope()

    async def ask(self, app: Any, field: str) -> None:
        with self._scope:
            await RangeMiddleware(app)(scope(field), self.receive, self.send)

    async def receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                if self._cancelled:
                    self._scope.cancel()
                self._gone.set()
        elif message["type"] == "http.response.start":
            self.start = message
        else:
            self.body += message.get("body", b"")
            if not message.get("more_body", False):
                self._gone.set()
        await anyio.lowlevel.checkpoint()


async def abort(app: Any, count: int) -> None:
    """So many transfers that are left after a few messages, some of them at once."""

    async def some(share: int) -> None:
        for number in range(share):
            client = Client(1 + number % 4, cancelled=number % 3 == 0)
            await client.ask(app, f"bytes={number}-{SIZE - 1 - number}")

    async with anyio.create_task_group() as group:
        for _ in range(AT_ONCE):
            group.start_soon(some, count // AT_ONCE)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def tasks() -> int:
    import asyncio

    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        import trio

        return trio.lowlevel.current_statistics().tasks_living


@pytest.mark.parametrize("kind", ["streams", "files"])
async def test_ten_thousand_aborted_transfers_leave_nothing(kind: str, film: Path) -> None:
    app = from_stream if kind == "streams" else from_file(film)
    await abort(app, 1_000)  # threads, caches and the event loop are warm then
    gc.collect()
    before = descriptors(), tasks()
    running = finished
    tracemalloc.start()
    try:
        await abort(app, 200)
        gc.collect()
        base, _ = tracemalloc.get_traced_memory()
        await abort(app, ABORTED)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - base
    finally:
        tracemalloc.stop()
    assert (descriptors(), tasks()) == before
    assert grown < GROWTH
    if kind == "streams":
        assert finished - running >= ABORTED / 2, "producers run their finally blocks"


@pytest.mark.parametrize(("kind", "count"), [("streams", 1_000), ("files", 500)])
@pytest.mark.parametrize("cached", [True, False], ids=["cached", "not cached"])
async def test_every_byte_of_many_ranges_at_once(
    kind: str, count: int, cached: bool, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With threads for all reads too, as for a file that is not in the page cache."""
    if not cached:
        if kind == "streams":
            return
        monkeypatch.setattr(os, "preadv", lambda *_: (_ for _ in ()).throw(BlockingIOError()))
    app = from_stream if kind == "streams" else from_file(film)
    most = threading.active_count()
    wrong: list[int] = []

    async def one(number: int) -> None:
        nonlocal most
        start = number * 3_989 % (SIZE - 300_000)
        stop = start + 1 + number * 613 % 300_000
        client = Client()
        await client.ask(app, f"bytes={start}-{stop - 1}")
        most = max(most, threading.active_count())
        if client.start["status"] != 206 or client.body != DATA[start:stop]:
            wrong.append(number)
        client.body.clear()

    async with anyio.create_task_group() as group:
        for number in range(count):
            group.start_soon(one, number)
    assert wrong == []
    assert most <= MOST_THREADS


async def test_the_tail_of_a_gibibyte(film: Path) -> None:
    size, piece = 1 << 30, bytes(64 * KIB)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        fields = [(b"content-length", b"%d" % size)]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        for _ in range(0, size, len(piece)):
            await send({"type": "http.response.body", "body": piece, "more_body": True})

    client = Client()
    await Client().ask(from_file(film), "bytes=0-9")
    tracemalloc.start()
    try:
        await client.ask(app, "bytes=-4096")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert client.start["status"] == 206
    assert client.body == bytes(4096)
    assert peak < KIB * KIB
