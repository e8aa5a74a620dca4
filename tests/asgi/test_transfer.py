"""`transfer.py`: a plan executed from a source, on asyncio and trio."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from support.content import numbered

from rangeserve import ResponseError
from rangeserve._asgi.inbox import Inbox
from rangeserve._asgi.transfer import Transfer
from rangeserve.core.plan import Plan
from rangeserve.core.ranges import ByteRange
from rangeserve.sources.file import FileSource
from rangeserve.sources.memory import BytesSource
from rangeserve.sources.opening import open_file

pytestmark = pytest.mark.anyio

DISCONNECT = {"type": "http.disconnect"}
DATA = bytes(i % 251 for i in range(300_000))


@dataclass
class Chunks:
    """A source that gives its bytes in chunks of `step`, and what it is told to do wrong."""

    data: bytes = DATA
    step: int = 40_000
    short: int = 0
    extra: bytes = b""
    fails_after: int | None = None
    shape: Callable[[bytes], Any] = bytes
    read_so_far: int = 0
    closed: int = 0
    etag: str | None = None
    last_modified: datetime | None = None
    content_type: str | None = None

    @property
    def size(self) -> int:
        return len(self.data)

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        try:
            for at in range(start, stop - self.short, self.step):
                await anyio.lowlevel.checkpoint()
                if self.fails_after is not None and at - start >= self.fails_after:
                    raise OSError(5, "Input/output error")
                chunk = self.data[at : min(at + self.step, stop - self.short)]
                self.read_so_far += len(chunk)
                yield self.shape(chunk)
            if self.extra:
                yield self.extra
        finally:
            self.closed += 1


@dataclass
class Wire:
    """The server's end: `receive` waits until `leave`; sends are recorded."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    gone: anyio.Event = field(default_factory=anyio.Event)
    asked: int = 0
    ended: int = 0
    on_send: Callable[[int], Any] | None = None

    async def receive(self) -> dict[str, Any]:
        self.asked += 1
        await self.gone.wait()
        return DISCONNECT

    async def send(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        if self.on_send is not None:
            await self.on_send(len(self.messages))

    def ending(self) -> None:
        assert not any(not message["more_body"] for message in self.messages)
        self.ended += 1

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.messages)


def plan(*segments: bytes | ByteRange) -> Plan:
    return Plan(200, [], segments)


def transfer(
    source: Any, wire: Wire, *segments: bytes | ByteRange, inbox: Inbox | None = None
) -> Transfer:
    inbox = inbox if inbox is not None else Inbox(wire.receive)
    return Transfer(plan(*segments), source, wire.send, inbox, wire.ending)


PLANS = [
    pytest.param([ByteRange(0, 300_000)], id="whole"),
    pytest.param([ByteRange(5, 6)], id="one byte"),
    pytest.param([ByteRange(39_999, 40_001)], id="across a chunk"),
    pytest.param(
        [b"--a\r\n", ByteRange(7, 90_000), b"\r\n--a\r\n", ByteRange(0, 5), b"\r\n--a--\r\n"],
        id="multipart, descending",
    ),
]


@pytest.mark.parametrize("segments", PLANS)
async def test_the_plans_bytes_and_one_final_message(segments: list[Any]) -> None:
    wire = Wire()
    subject = transfer(Chunks(), wire, *segments)
    assert await subject.run() is True
    expected = b"".join(s if isinstance(s, bytes) else DATA[s.start : s.stop] for s in segments)
    assert wire.body == expected
    assert subject.sent == len(expected)
    assert [message["more_body"] for message in wire.messages].count(False) == 1
    assert wire.messages[-1]["more_body"] is False
    assert wire.ended == 1


@pytest.mark.parametrize("shape", [bytes, bytearray, memoryview])
async def test_messages_hold_bytes_whatever_the_source_gives(shape: Any) -> None:
    wire = Wire()
    await transfer(Chunks(shape=shape), wire, ByteRange(0, 100_000)).run()
    assert {type(message["body"]) for message in wire.messages} == {bytes}
    assert wire.body == DATA[:100_000]


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        pytest.param({"short": 1}, "1 bytes too early", id="short"),
        pytest.param({"short": 300_000}, "too early", id="nothing"),
        pytest.param({"extra": b"xy"}, "2 bytes too many", id="long, by a chunk of its own"),
        pytest.param({"fails_after": 280_000}, "Input/output", id="fails at the end"),
        pytest.param({"fails_after": 40_000}, "Input/output", id="fails in the middle"),
    ],
)
async def test_a_source_that_breaks_its_promise_never_gives_a_final_message(
    wrong: dict[str, Any], complaint: str
) -> None:
    source, wire = Chunks(**wrong), Wire()
    subject = transfer(source, wire, ByteRange(0, 300_000))
    with pytest.raises((ResponseError, OSError), match=complaint):
        await subject.run()
    assert all(message["more_body"] for message in wire.messages)
    assert wire.ended == 0
    assert source.closed == 1
    assert subject.send_failed is False


async def test_one_chunk_in_flight() -> None:
    source = Chunks()
    wire = Wire()

    async def slow(_: int) -> None:
        sent = len(wire.body)
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        assert source.read_so_far - sent <= source.step

    wire.on_send = slow
    assert await transfer(source, wire, ByteRange(0, 300_000)).run()


async def test_when_the_client_leaves_it_stops_within_a_chunk() -> None:
    source = Chunks()
    wire = Wire()

    async def leave(count: int) -> None:
        if count == 2:
            wire.gone.set()
            for _ in range(20):
                await anyio.lowlevel.checkpoint()

    wire.on_send = leave
    assert await transfer(source, wire, ByteRange(0, 300_000)).run() is False
    assert len(wire.messages) <= 3
    assert source.closed == 1
    assert wire.ended == 0


async def test_when_the_client_leaves_a_send_that_hangs_is_given_up() -> None:
    wire = Wire()

    async def hang(count: int) -> None:
        wire.gone.set()
        await anyio.sleep_forever()

    wire.on_send = hang
    with anyio.fail_after(5):
        assert await transfer(Chunks(), wire, ByteRange(0, 300_000)).run() is False
    assert len(wire.messages) == 1


async def test_a_read_that_hangs_is_given_up_when_the_client_leaves() -> None:
    wire = Wire()

    class Hangs(Chunks):
        async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
            wire.gone.set()
            await anyio.sleep_forever()
            yield b""

    with anyio.fail_after(5):
        assert await transfer(Hangs(), wire, ByteRange(0, 10)).run() is False
    assert wire.messages == []


@pytest.mark.parametrize("frozen", [False, True])
async def test_a_source_may_await_to_tidy_up_when_the_client_leaves(
    frozen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is cancelled where it waits, and then lets go of what it holds; but not for ever."""
    wire = Wire()
    tidied: list[str] = []

    class Tidies(Chunks):
        async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
            wire.gone.set()
            try:
                await anyio.sleep_forever()
            finally:
                for _ in range(3):
                    await anyio.lowlevel.checkpoint()
                tidied.append("in part")
                if frozen:
                    await anyio.sleep_forever()
                tidied.append("all")
            yield b""

    monkeypatch.setattr("rangeserve._asgi.transfer._CLOSE_SECONDS", 0.5 if frozen else 60)
    with anyio.fail_after(30):
        assert await transfer(Tidies(), wire, ByteRange(0, 10)).run() is False
    assert tidied == (["in part"] if frozen else ["in part", "all"])
    assert wire.messages == []


async def test_a_disconnect_inside_the_last_send_does_not_cut_it_short() -> None:
    """A server says so once the response is complete, before its `send` has returned."""
    wire = Wire()
    finished: list[bool] = []

    async def tell(_: int) -> None:
        if not wire.messages[-1]["more_body"]:
            wire.gone.set()
            for _ in range(50):
                await anyio.lowlevel.checkpoint()
            finished.append(True)

    wire.on_send = tell
    subject = transfer(Chunks(), wire, ByteRange(0, 300_000))
    assert await subject.run() is True
    assert finished == [True]
    assert subject.sent == 300_000


async def test_a_last_send_that_hangs_is_given_up_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rangeserve._asgi.transfer._LAST_SEND_SECONDS", 0.01)
    wire = Wire()

    async def hang(_: int) -> None:
        if not wire.messages[-1]["more_body"]:
            wire.gone.set()
            await anyio.sleep_forever()

    wire.on_send = hang
    with anyio.fail_after(5):
        assert await transfer(Chunks(), wire, ByteRange(0, 300_000)).run() is False


async def test_nothing_is_read_for_a_client_that_has_left() -> None:
    wire = Wire()
    wire.gone.set()
    inbox = Inbox(wire.receive)
    await inbox.receive()
    source = Chunks()
    assert await transfer(source, wire, ByteRange(0, 10), inbox=inbox).run() is False
    assert (source.read_so_far, wire.messages) == (0, [])


async def test_a_send_that_raises_is_raised_and_remembered() -> None:
    wire = Wire()

    async def fail(count: int) -> None:
        if count == 2:
            raise OSError("the server's own")

    wire.on_send = fail
    source = Chunks()
    subject = transfer(source, wire, ByteRange(0, 300_000))
    with pytest.raises(OSError, match="the server's own"):
        await subject.run()
    assert subject.send_failed
    assert subject.sent == 40_000
    assert source.closed == 1


async def test_cancelled_from_outside_it_closes_the_source() -> None:
    wire = Wire()
    source = Chunks()

    async def hang(_: int) -> None:
        scope.cancel()
        await anyio.sleep_forever()

    wire.on_send = hang
    with anyio.CancelScope() as scope:
        await transfer(source, wire, ByteRange(0, 300_000)).run()
        raise AssertionError("it was not cancelled")
    assert scope.cancelled_caught
    assert source.closed == 1


async def test_it_does_not_ask_the_server_before_the_first_send_nor_while_the_app_listens() -> None:
    wire = Wire()
    inbox = Inbox(wire.receive)
    async with anyio.create_task_group() as group:
        group.start_soon(inbox.receive)
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        assert wire.asked == 1
        assert await transfer(Chunks(), wire, ByteRange(0, 300_000), inbox=inbox).run()
        assert wire.asked == 1
        group.cancel_scope.cancel()


async def test_when_a_listening_app_hears_of_it_the_transfer_stops() -> None:
    wire = Wire()
    inbox = Inbox(wire.receive)

    async def leave(count: int) -> None:
        if count == 2:
            wire.gone.set()
            for _ in range(20):
                await anyio.lowlevel.checkpoint()

    wire.on_send = leave
    async with anyio.create_task_group() as group:
        group.start_soon(inbox.receive)
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        assert await transfer(Chunks(), wire, ByteRange(0, 300_000), inbox=inbox).run() is False
    assert len(wire.messages) == 2


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("step", [1024, 65536])
@pytest.mark.parametrize("app_listens", [False, True])
@pytest.mark.parametrize("leaves_in", range(1, 14))
@pytest.mark.parametrize("server", ["Hypercorn", "uvicorn"])
async def test_at_most_four_writes_follow_the_one_that_fails(
    server: str, leaves_in: int, app_listens: bool, step: int
) -> None:
    """asyncio tells the server in the next turn, and logs each write after the first five.

    In Hypercorn the send that fails waits for that turn, and those after it are written still;
    in uvicorn no send waits, and from that turn on nothing is written any more.
    """
    import asyncio

    writes = 0

    class AtOnce(Chunks):
        async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
            for _ in range(start, stop, step):
                yield bytes(step)

    wire = Wire()

    async def receive() -> Any:
        wire.asked += 1
        if wire.asked == 1:
            return {"type": "http.request", "body": b"", "more_body": False}
        await wire.gone.wait()
        return DISCONNECT

    async def write(count: int) -> None:
        nonlocal writes
        writes += server == "Hypercorn" or not wire.gone.is_set()
        if count == leaves_in:
            asyncio.get_running_loop().call_soon(wire.gone.set)
            if server == "Hypercorn":
                await asyncio.sleep(0)

    wire.on_send = write
    inbox = Inbox(receive)
    async with anyio.create_task_group() as group:
        if app_listens:
            await inbox.receive()
            group.start_soon(inbox.receive)
            await anyio.lowlevel.checkpoint()
        subject = transfer(AtOnce(), wire, ByteRange(0, 100 * step), inbox=inbox)
        assert await subject.run() is False
    assert leaves_in <= writes <= leaves_in + 4


async def test_when_a_listening_app_stops_to_listen_it_is_watched_after_all() -> None:
    """The app had asked for the request's body; then the client leaves, and sends vanish."""
    wire = Wire()
    heard = anyio.Event()

    async def receive() -> dict[str, Any]:
        wire.asked += 1
        if wire.asked == 1:
            await heard.wait()
            return {"type": "http.request", "body": b"", "more_body": False}
        await wire.gone.wait()
        return DISCONNECT

    async def act(count: int) -> None:
        if count == 1:
            heard.set()
        if count == 3:
            wire.gone.set()
        for _ in range(20):
            await anyio.lowlevel.checkpoint()

    wire.on_send = act
    inbox = Inbox(receive)
    async with anyio.create_task_group() as group:
        group.start_soon(inbox.receive)
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        subject = transfer(Chunks(), wire, ByteRange(0, 300_000), inbox=inbox)
        assert await subject.run() is False
    assert len(wire.messages) <= 4


async def test_others_have_their_turn_while_send_never_suspends() -> None:
    """Against a fast client `send` returns at once; a file of 8 MiB must not hold the loop."""
    turns = 0
    size = 8 * 1024 * 1024

    async def other() -> None:
        nonlocal turns
        while True:
            await anyio.lowlevel.checkpoint()
            turns += 1

    class Ready(Chunks):
        async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
            for _ in range(start, stop, 65_536):
                yield b"x" * 65_536

    wire = Wire()
    async with anyio.create_task_group() as group:
        group.start_soon(other)
        await anyio.lowlevel.checkpoint()
        before = turns
        inbox = Inbox(wire.receive)
        inbox.waiting = 1  # so that no task of our own takes turns
        assert await transfer(Ready(), wire, ByteRange(0, size), inbox=inbox).run()
        group.cancel_scope.cancel()
    assert turns - before >= 5


@pytest.mark.parametrize("kind", ["a file", "bytes"])
async def test_what_is_at_hand_is_sent_without_a_watch_up_to_a_limit(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever the machine does: no send waits, and the file is in the page cache.
    monkeypatch.setattr("rangeserve.sources.pace._WAITED_SECONDS", float("inf"))
    preadv = os.preadv
    monkeypatch.setattr(os, "preadv", lambda fd, into, at, _: preadv(fd, into, at))
    data = numbered(1025 * 1024)
    (tmp_path / "file").write_bytes(data)
    for stop, asked in ((65_537, 0), (1_048_576, 0), (1_048_577, 1)):
        file = await open_file(str(tmp_path / "file"))
        wire = Wire()

        async def slowly(_: int) -> None:
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()

        wire.on_send = slowly
        source = file if kind == "a file" else BytesSource(data)
        try:
            assert await transfer(source, wire, ByteRange(0, stop)).run()
        finally:
            file.close()
        assert wire.body == data[:stop]
        assert wire.asked == asked


async def test_parts_that_are_at_hand_are_one_message() -> None:
    wire = Wire()
    segments = [b"--a\r\n", ByteRange(7, 90_000), b"\r\n--a\r\n", ByteRange(0, 5), b"\r\n--a--\r\n"]
    assert await transfer(BytesSource(DATA), wire, *segments).run()
    assert len(wire.messages) == 1
    assert wire.ended == 1
    assert wire.body == b"".join(s if isinstance(s, bytes) else DATA[slice(*s)] for s in segments)


@pytest.mark.parametrize("at", [0, 1, 5, 300, 70_000, 149_999])
async def test_where_a_file_has_to_be_waited_for_the_rest_follows(
    at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the page cache ends: the bytes are the same, and from there on there is a watch."""
    (tmp_path / "file").write_bytes(DATA)
    file = await open_file(str(tmp_path / "file"))
    read_at_once = FileSource.read_at_once

    def until_there(source: FileSource, start: int, stop: int) -> bytes | None:
        return read_at_once(source, start, min(stop, at)) if start < at else None

    monkeypatch.setattr(FileSource, "read_at_once", until_there)
    wire = Wire()
    segments = [b"<", ByteRange(0, 100_000), b"|", ByteRange(99_000, 150_000), b">"]
    try:
        assert await transfer(file, wire, *segments).run()
    finally:
        file.close()
    assert wire.body == b"".join(s if isinstance(s, bytes) else DATA[slice(*s)] for s in segments)
    assert wire.asked == 1
    assert [message["more_body"] for message in wire.messages].index(False) == len(
        wire.messages
    ) - 1


class Shouted(BytesSource):
    """A class of its own that reads otherwise than the one that it is derived from."""

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        async for chunk in super().read(start, stop):
            yield chunk.upper()


class Whispered(BytesSource):
    """The same, by the method that `read` calls."""

    def read_blocking(self, start: int, stop: int) -> Iterator[bytes]:
        for chunk in super().read_blocking(start, stop):
            yield chunk.lower()


@pytest.mark.parametrize(("kind", "said"), [(Shouted, b"HELLO"), (Whispered, b"hello")])
async def test_a_derived_source_reads_as_it_says(kind: type[BytesSource], said: bytes) -> None:
    wire = Wire()
    assert await transfer(kind(b"Hello"), wire, ByteRange(0, 5)).run()
    assert wire.body == said


async def test_a_plan_without_a_body_is_a_mistake() -> None:
    with pytest.raises(ResponseError, match="without segments"):
        await transfer(Chunks(), Wire()).run()
