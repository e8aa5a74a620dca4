"""A law of the transfer: wherever the page cache ends, the client leaves or the call is cancelled.

The bytes that arrive are the first ones of the body; the final message comes if, and only if, all
of them do; `sent` counts those that the server has taken; and the descriptor is closed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.content import numbered
from support.descriptors import nothing_left_open
from support.messages import DISCONNECT

from rangeserve import ResponseError
from rangeserve._asgi import transfer
from rangeserve._asgi.inbox import Inbox
from rangeserve._asgi.transfer import Transfer
from rangeserve.core.plan import Plan
from rangeserve.core.ranges import ByteRange
from rangeserve.sources.file import FileSource
from rangeserve.sources.memory import BytesSource

MIB = 1024 * 1024
DATA = numbered(4 * MIB)
# A message holds no more: a chunk, and the heads of parts.
MOST_BYTES_OF_A_MESSAGE = 256 * 1024 + 2000
# What may be sent to a client that has left: what is at hand, and what goes out before the watch
# has had its turn. (trio takes its tasks in any order, so that may be the second turn.)
MOST_BYTES_AFTER_LEAVING = 5 * MIB // 2


@dataclass(frozen=True)
class Trial:
    """A body, and what goes wrong while it is sent; sends are counted from 1."""

    segments: tuple[Any, ...]
    kind: str = "file"
    at_hand: tuple[int | None, ...] = ()  # how much of each read is, `None` for all of it
    turns: int = 0  # how often a send suspends
    seconds: float = 0.0  # how long a send seems to take
    leaves_at: int | None = None
    raises_at: int | None = None
    truncated_at: int | None = None
    left: int = 0  # bytes of the truncated file
    grows_at: int | None = None
    listens: int = 0  # how often the app asks for a message
    cancelled_after: int | None = None  # turns of the event loop

    @property
    def body(self) -> bytes:
        return b"".join(
            each if isinstance(each, bytes) else DATA[each.start : each.stop]
            for each in self.segments
        )


@dataclass
class Run:
    """What came of a trial."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    after_leaving: int = 0
    last_sends: int = 0
    send_raised: bool = False
    complete: bool | None = None
    error: BaseException | None = None
    subject: Transfer | None = None


class Clock:
    """A clock that only goes on when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def partly_at_hand(
    trial: Trial, read_at_once: Callable[..., bytes | None]
) -> Callable[..., bytes | None]:
    """`read_at_once` of a file whose page cache ends where the trial says, read by read."""
    sizes = iter(trial.at_hand)

    def read(source: FileSource, start: int, stop: int) -> bytes | None:
        size = next(sizes, None)
        if size == 0:
            return None
        return read_at_once(source, start, stop if size is None else min(stop, start + size))

    return read


async def carry_out(trial: Trial, path: Path) -> Run:
    """Carry out a trial with a file of its own."""
    if not path.exists() or path.stat().st_size != len(DATA):  # the one before has changed it
        path.write_bytes(DATA)
    run, gone, clock = Run(), anyio.Event(), Clock()
    requested = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in requested:
            return message
        await gone.wait()
        return DISCONNECT

    async def send(message: dict[str, Any]) -> None:
        count = len(run.messages) + 1
        if trial.truncated_at == count:
            os.truncate(path, trial.left)
        if trial.grows_at == count and path.stat().st_size == len(DATA):
            with path.open("ab") as file:
                file.write(b"more")
        if trial.leaves_at == count:
            gone.set()
        for _ in range(trial.turns):
            await anyio.lowlevel.checkpoint()
        clock.now += trial.seconds
        if trial.raises_at == count:
            run.send_raised = True
            raise OSError("the server's own")
        if gone.is_set():
            run.after_leaving += len(message["body"])
        run.messages.append(message)

    def last_send() -> None:
        run.last_sends += 1

    inbox = Inbox(receive)

    async def listen() -> None:
        for _ in range(trial.listens):
            await inbox.receive()

    async def transfer_it(source: Any) -> None:
        subject = run.subject = Transfer(
            Plan(206, [], trial.segments), source, send, inbox, last_send
        )
        try:
            run.complete = await subject.run()
        except Exception as error:
            run.error = error
        finally:
            if isinstance(source, FileSource):
                source.close()

    read_at_once = partly_at_hand(trial, FileSource.read_at_once)
    with (
        mock.patch.object(transfer, "perf_counter", clock),
        mock.patch.object(FileSource, "read_at_once", read_at_once),
        anyio.fail_after(60),
    ):
        source: Any = BytesSource(DATA)
        if trial.kind == "file":
            source = FileSource(str(path))
            source.open()
        async with anyio.create_task_group() as listeners:
            listeners.start_soon(listen)
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
            async with anyio.create_task_group() as group:
                group.start_soon(transfer_it, source)
                if trial.cancelled_after is not None:
                    for _ in range(trial.cancelled_after):
                        await anyio.lowlevel.checkpoint()
                    group.cancel_scope.cancel()
            listeners.cancel_scope.cancel()
    return run


async def check(trial: Trial, path: Path) -> Run:
    """Fail unless a trial ends as the law says."""
    with nothing_left_open(path.parent):
        run = await carry_out(trial, path)
    got = b"".join(message["body"] for message in run.messages)
    finals = [not message["more_body"] for message in run.messages]
    assert trial.body.startswith(got)
    assert True not in finals[:-1]
    assert (True in finals) <= (got == trial.body)
    assert all(len(message["body"]) <= MOST_BYTES_OF_A_MESSAGE for message in run.messages)
    assert run.last_sends == finals.count(True) or run.complete is not True
    assert run.after_leaving <= MOST_BYTES_AFTER_LEAVING
    was_cancelled = run.complete is None and run.error is None
    if was_cancelled:
        assert trial.cancelled_after is not None
        return run
    if run.error is not None:
        is_servers = isinstance(run.error, OSError)
        assert is_servers == run.send_raised
        assert is_servers or isinstance(run.error, ResponseError)
        assert is_servers or trial.truncated_at is not None
    else:
        assert run.complete == (True in finals)
        assert run.complete or trial.leaves_at is not None
    assert run.subject is not None
    assert run.subject.send_failed == isinstance(run.error, OSError)
    assert run.subject.sent == len(got)
    return run


PARTS = (
    b"--b\r\n",
    ByteRange(200_000, 500_000),
    b"\r\n--b\r\n",
    ByteRange(0, 5),
    b"\r\n--b\r\n",
    ByteRange(70_000, 370_000),
    b"\r\n--b--\r\n",
)
MUCH = (ByteRange(1, len(DATA)),)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("segments", [PARTS, MUCH], ids=["parts", "much"])
@pytest.mark.parametrize(
    ("wrong", "complete"),
    [
        pytest.param({}, True, id="nothing wrong"),
        pytest.param({"kind": "bytes"}, True, id="bytes"),
        pytest.param({"at_hand": (0,)}, True, id="nothing is at hand at first"),
        pytest.param({"at_hand": (None, 0)}, True, id="after the first read"),
        pytest.param({"at_hand": (None, 1, 0)}, True, id="in the middle of the second"),
        pytest.param({"at_hand": (4096, 4096, None, 0, 7)}, True, id="here and there"),
        pytest.param({"turns": 3}, True, id="each send suspends"),
        pytest.param({"seconds": 1.0}, True, id="each send is slow"),
        pytest.param({"grows_at": 1}, True, id="the file grows"),
        pytest.param({"listens": 2}, True, id="the app listens"),
        pytest.param({"listens": 1}, True, id="the app listens for a while"),
        pytest.param({"raises_at": 1}, None, id="the first send raises"),
        pytest.param({"raises_at": 2}, None, id="the second send raises"),
        pytest.param({"truncated_at": 1, "left": 1000}, None, id="cut"),
        pytest.param({"truncated_at": 1, "left": 70_001}, None, id="cut in the last part"),
    ],
)
def test_rows(
    backend: str,
    segments: tuple[Any, ...],
    wrong: dict[str, Any],
    complete: bool | None,
    tmp_path: Path,
) -> None:
    run = anyio.run(check, Trial(segments, **wrong), tmp_path / "file", backend=backend)
    assert run.complete is complete


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("kind", ["file", "bytes"])
@pytest.mark.parametrize("listens", [0, 1, 2])
@pytest.mark.parametrize("turns", [0, 3])
def test_little_is_sent_to_a_client_that_leaves_in_silence(
    backend: str, kind: str, listens: int, turns: int, tmp_path: Path
) -> None:
    for leaves_at in (1, 3):
        trial = Trial(MUCH, kind, listens=listens, turns=turns, leaves_at=leaves_at)
        run = anyio.run(check, trial, tmp_path / "file", backend=backend)
        assert run.complete is False
        assert run.after_leaving > 0


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("after", range(10))
def test_cancelled_at_each_await(backend: str, after: int, tmp_path: Path) -> None:
    for at_hand in ((), (None, 0)):
        trial = Trial(PARTS, at_hand=at_hand, turns=3, cancelled_after=after)
        anyio.run(check, trial, tmp_path / "file", backend=backend)


sizes = st.sampled_from([1, 5, 1000, 4096, 65_535, 65_536, 65_537, 200_000, 262_144, 300_000])


@st.composite
def bodies(draw: Any) -> tuple[Any, ...]:
    """One range, or parts with their heads: tiny ones, large ones, in any order."""
    if draw(st.booleans()):
        size = draw(st.one_of(sizes, st.sampled_from([MIB - 1, MIB, MIB + 1, 3 * MIB])))
        start = draw(st.sampled_from([0, 1, 4096, len(DATA) - size]))
        return (ByteRange(start, start + size),)
    segments: list[Any] = []
    for _ in range(draw(st.integers(2, 9))):
        size = draw(sizes)
        start = draw(st.integers(0, len(DATA) - size))
        segments += [b"--b\r\n" * draw(st.sampled_from([1, 40])), ByteRange(start, start + size)]
    return (*segments, b"\r\n--b--\r\n")


maybe_at = st.none() | st.integers(1, 8)
trials = st.builds(
    Trial,
    segments=bodies(),
    kind=st.sampled_from(["file", "file", "bytes"]),
    at_hand=st.lists(st.sampled_from([None, None, 0, 1, 4096, 65_536, 100_000]), max_size=12).map(
        tuple
    ),
    turns=st.sampled_from([0, 0, 1, 3]),
    seconds=st.sampled_from([0.0, 0.0, 0.002, 1.0]),
    leaves_at=maybe_at,
    raises_at=st.none() | maybe_at,
    truncated_at=st.none() | maybe_at,
    left=st.sampled_from([0, 1, 65_536, 70_000, 262_144, MIB]),
    grows_at=st.none() | maybe_at,
    listens=st.sampled_from([0, 0, 1, 2]),
    cancelled_after=st.none() | st.none() | st.integers(0, 12),
)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@settings(max_examples=int(os.environ.get("RANGESERVE_EXAMPLES", "100")))
@given(trial=trials)
def test_whatever_happens(
    backend: str, trial: Trial, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "transfer"
    folder.mkdir(exist_ok=True)
    anyio.run(check, trial, folder / "file", backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("warm", [[], [(0, 4096)], [(65_536, 4096), (1_500_000, 300_000)]], ids=str)
def test_what_the_system_has_dropped_from_its_cache_is_read_all_the_same(
    backend: str, warm: list[tuple[int, int]], tmp_path: Path
) -> None:
    """Of a real file; where the system does not drop it, everything is at hand."""
    path = tmp_path / "file"
    path.write_bytes(DATA)
    with path.open("rb+") as file:
        os.fsync(file.fileno())
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        for start, size in warm:
            os.pread(file.fileno(), size, start)
    parts = (b"<", ByteRange(60_000, 400_000), b"|", ByteRange(0, len(DATA)), b">")
    for segments in [(ByteRange(0, 65_536),), (ByteRange(1, len(DATA)),), parts]:
        run = anyio.run(check, Trial(segments), path, backend=backend)
        assert run.complete
