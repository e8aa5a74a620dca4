"""How Hypercorn's buffers behave once they are limited; tests/servers has the real servers."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from hypercorn.events import Closed
from hypercorn.protocol import h2

from rangeserve.integrations.hypercorn import limit_http2_buffers

pytestmark = pytest.mark.anyio

wrapper: Any = import_module("hypercorn.protocol")
FRAME = 16 * 1024
MESSAGE = bytes(4 * FRAME)


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the function replaces is put back after each test."""
    monkeypatch.setattr(h2, "StreamBuffer", h2.StreamBuffer)
    monkeypatch.setattr(h2, "H2Protocol", h2.H2Protocol)
    monkeypatch.setattr(wrapper, "H2Protocol", wrapper.H2Protocol)


@pytest.fixture
def event_class(anyio_backend_name: str) -> Any:
    return import_module(f"hypercorn.{anyio_backend_name}.worker_context").EventWrapper


class Push:
    """A push in a task of its own; `returned` when it has."""

    def __init__(self, buffer: Any) -> None:
        self._buffer = buffer
        self.returned = False

    async def __call__(self) -> None:
        await self._buffer.push(MESSAGE)
        self.returned = True


async def turns() -> None:
    for _ in range(10):
        await checkpoint()


@pytest.mark.parametrize(
    ("pops", "returned"),
    [
        pytest.param([], False, id="nothing is sent"),
        pytest.param([0], False, id="the window is closed"),
        pytest.param([1] * 20, False, id="the window opens by single bytes"),
        pytest.param([FRAME, 0], False, id="one frame, and the window is closed"),
        pytest.param([FRAME] * 4 + [0], True, id="all is sent"),
        pytest.param([FRAME] * 3 + [100], True, id="less than the high-water mark is left"),
    ],
)
@pytest.mark.parametrize("before", [[], [0], [100]], ids=lambda pops: f"after pops of {pops}")
async def test_a_push_waits_for_the_client(
    event_class: Any, before: list[int], pops: list[int], returned: bool
) -> None:
    limit_http2_buffers()
    buffer: Any = h2.StreamBuffer(event_class)
    for count in before:  # as for a stream that had nothing to send
        await buffer.pop(count)
    push = Push(buffer)
    async with anyio.create_task_group() as group:
        group.start_soon(push)
        await turns()
        for count in pops:
            await buffer.pop(count)
            await turns()
        assert push.returned is returned
        group.cancel_scope.cancel()


async def test_a_push_returns_when_the_buffer_is_closed(event_class: Any) -> None:
    limit_http2_buffers()
    buffer: Any = h2.StreamBuffer(event_class)
    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            group.start_soon(Push(buffer))
            await turns()
            await buffer.close()


async def test_a_connection_that_is_closed_closes_its_buffers(event_class: Any) -> None:
    limit_http2_buffers()
    protocol: Any = object.__new__(h2.H2Protocol)
    protocol.streams = {}
    protocol.has_data = event_class()
    protocol.stream_buffers = {1: h2.StreamBuffer(event_class)}
    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            group.start_soon(Push(protocol.stream_buffers[1]))
            await turns()
            await protocol.handle(Closed())
    assert protocol.closed


def replaced() -> Iterator[Any]:
    yield from (h2.StreamBuffer, h2.H2Protocol, wrapper.H2Protocol)


def test_a_second_call_does_nothing() -> None:
    before = list(replaced())
    limit_http2_buffers()
    once = list(replaced())
    limit_http2_buffers()
    assert list(replaced()) == once
    assert not set(before) & set(once)


class OtherBuffer:
    def __init__(self, event_class: Any) -> None:
        self.chunks: list[bytes] = []


@pytest.mark.parametrize(
    ("place", "name", "value"),
    [
        pytest.param(h2, "StreamBuffer", OtherBuffer, id="another buffer"),
        pytest.param(h2, "StreamBuffer", None, id="no buffer"),
        pytest.param(h2, "H2Protocol", object, id="another protocol"),
        pytest.param(wrapper, "H2Protocol", dict, id="another way to choose the protocol"),
    ],
)
def test_a_hypercorn_that_is_not_known_is_left_alone(
    place: Any, name: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, name, value)
    before = list(replaced())
    message = f"rangeserve does not know how Hypercorn {version('hypercorn')} buffers HTTP/2"
    with pytest.raises(ImportError, match=message):
        limit_http2_buffers()
    assert list(replaced()) == before
