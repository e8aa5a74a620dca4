"""`CallableSource`: a callable that reads a range, and what a source may not do."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import pytest
from support.content import CONTENT
from support.driver import ask
from support.waiting import until

from rangeserve import ResponseError, serve
from rangeserve.sources import CallableSource, SourceUnavailable

pytestmark = pytest.mark.anyio


async def test_a_callable_is_asked_for_the_range_alone() -> None:
    asked: list[tuple[int, int]] = []

    async def read(start: int, stop: int) -> AsyncIterator[bytes]:
        asked.append((start, stop))
        for position in range(start, stop, 1000):
            yield CONTENT[position : min(position + 1000, stop)]

    app = serve(CallableSource(read, len(CONTENT), etag='"v1"'))
    answer = await ask(app, headers=[("Range", "bytes=700000-700009,5-9")])
    assert answer.status == 206
    assert asked == [(700000, 700010), (5, 10)]
    assert CONTENT[700000:700010] in answer.body
    asked.clear()
    assert (await ask(app, headers=[("If-None-Match", '"v1"')])).status == 304
    assert asked == []


async def short(start: int, stop: int) -> AsyncIterator[bytes]:
    yield CONTENT[start : stop - 1]


async def long(start: int, stop: int) -> AsyncIterator[bytes]:
    yield CONTENT[start:stop]
    yield b"?"


async def long_at_once(start: int, stop: int) -> AsyncIterator[bytes]:
    yield CONTENT[start:stop] + b"?"


async def nothing(start: int, stop: int) -> AsyncIterator[bytes]:
    return
    yield b""


async def broken(start: int, stop: int) -> AsyncIterator[bytes]:
    yield CONTENT[start : start + 10]
    raise OSError("the disk is gone")


@pytest.mark.parametrize(
    ("read", "error"),
    [
        pytest.param(short, ResponseError, id="one byte too few"),
        pytest.param(long, ResponseError, id="a chunk too many"),
        pytest.param(long_at_once, ResponseError, id="one byte too many"),
        pytest.param(nothing, ResponseError, id="nothing at all"),
        pytest.param(broken, OSError, id="an error"),
    ],
)
@pytest.mark.parametrize("headers", [[], [("Range", "bytes=5-104")]], ids=["whole", "a range"])
async def test_what_a_source_does_wrong_cuts_the_connection(
    read: Any, error: type[Exception], headers: list[tuple[str, str]]
) -> None:
    messages: list[dict[str, Any]] = []

    async def note(message: dict[str, Any]) -> None:
        messages.append(message)

    with pytest.raises(error):
        await ask(serve(CallableSource(read, 1000)), headers=headers, on_send=note)
    assert messages[0]["type"] == "http.response.start"
    assert all(message["more_body"] for message in messages[1:])  # never looks complete


async def test_the_iterator_is_closed_when_the_client_leaves() -> None:
    closed: list[int] = []

    async def read(start: int, stop: int) -> AsyncIterator[bytes]:
        position = start
        try:
            while position < stop:
                yield bytes(1000)
                position += 1000
                await anyio.lowlevel.checkpoint()
        finally:
            closed.append(position)

    await ask(serve(CallableSource(read, 10_000_000)), leave_after=50_000)
    (position,) = closed
    assert position < 1_000_000


async def at_once(start: int, stop: int) -> bytes:
    return CONTENT[start:stop]


class Called:
    """A callable object whose call generates."""

    async def __call__(self, start: int, stop: int) -> AsyncIterator[bytes]:
        yield CONTENT[start:stop]


class Counting:
    """An async iterator that is no generator."""

    def __init__(self, start: int, stop: int) -> None:
        self.rest = [CONTENT[start:stop]]

    def __aiter__(self) -> Counting:
        return self

    async def __anext__(self) -> bytes:
        if not self.rest:
            raise StopAsyncIteration
        return self.rest.pop()


def in_chunks(start: int, stop: int) -> Iterator[bytes]:
    for position in range(start, stop, 1000):
        threads.append(threading.current_thread())
        yield CONTENT[position : min(position + 1000, stop)]


def whole(start: int, stop: int) -> memoryview:
    threads.append(threading.current_thread())
    return memoryview(CONTENT)[start:stop]


async def never_ending(start: int, stop: int) -> AsyncIterator[bytes]:
    yield CONTENT[start:stop]


threads: list[threading.Thread] = []


@pytest.mark.parametrize(
    ("read", "blocks"),
    [
        pytest.param(in_chunks, True, id="a generator function"),
        pytest.param(whole, True, id="a function that returns the bytes"),
        pytest.param(lambda start, stop: in_chunks(start, stop), True, id="gives a generator"),
        pytest.param(lambda start, stop: [whole(start, stop)], True, id="gives a list"),
        pytest.param(at_once, False, id="async, returns the bytes"),
        pytest.param(Counting, False, id="a class of async iterators"),
        pytest.param(Called(), False, id="an object that generates"),
        pytest.param(lambda start, stop: at_once(start, stop), False, id="gives a coroutine"),
        pytest.param(lambda start, stop: never_ending(start, stop), False, id="gives a generation"),
    ],
)
async def test_a_function_of_any_kind_works(read: Any, blocks: bool) -> None:
    threads.clear()
    answer = await ask(serve(CallableSource(read, 5000)), headers=[("Range", "bytes=100-2599")])
    assert (answer.status, answer.body) == (206, CONTENT[100:2600])
    assert bool(threads) is blocks
    assert threading.current_thread() not in threads


@pytest.mark.parametrize(
    "read", [lambda start, stop: "text", lambda start, stop: None], ids=["text", "None"]
)
async def test_what_is_no_bytes_is_said(read: Any) -> None:
    with pytest.raises(TypeError, match="read gives bytes, in chunks or at once, not "):
        await ask(serve(CallableSource(read, 5000)))


async def test_a_blocking_generator_is_closed_when_the_client_leaves() -> None:
    closed: list[int] = []

    def read(start: int, stop: int) -> Iterator[bytes]:
        position = start
        try:
            while position < stop:
                yield bytes(1000)
                position += 1000
        finally:
            closed.append(position)

    await ask(serve(CallableSource(read, 10_000_000)), leave_after=50_000)
    await until(lambda: bool(closed))
    assert closed[0] < 1_000_000


async def test_no_thread_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    async def none_free(*given: Any) -> None:
        raise SourceUnavailable(503, "no thread")

    monkeypatch.setattr("rangeserve.sources.callable.in_thread", none_free)
    with pytest.raises(ResponseError, match="no thread"):
        await ask(serve(CallableSource(whole, 5000)))


async def test_a_blocking_generator_is_closed_where_it_has_run() -> None:
    """Not on the event loop, which its tidying up would hold."""
    closed_in: list[int] = []

    def read(start: int, stop: int) -> Iterator[bytes]:
        try:
            for _ in range(start, stop):
                yield b"x"
        finally:
            closed_in.append(threading.get_ident())

    chunks: Any = CallableSource(read, 10).read(0, 10)
    assert await chunks.__anext__() == b"x"
    await chunks.aclose()
    assert len(closed_in) == 1
    assert closed_in[0] != threading.get_ident()
