"""`sources/threads.py`: the number of worker threads, and waits for one that end."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.files import DATA, read
from support.waiting import SECONDS, eventually, until

from rangeserve.sources import SourceUnavailable, threads
from rangeserve.sources.file import FileSource
from rangeserve.sources.opening import open_file
from rangeserve.sources.threads import CLOSES, Kind, in_thread, later

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_folder_is_known")]


async def test_at_most_32_threads_read_at_a_time(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """80 reads are asked for: 32 are under way and wait, and the other 48 have no thread."""
    working = 0
    lock = threading.Lock()
    go = threading.Event()
    pread = os.pread

    def held(*args: Any) -> bytes:
        nonlocal working
        with lock:
            working += 1
        assert go.wait(SECONDS)
        return pread(*args)

    sources = [await open_file(str(path)) for _ in range(80)]
    monkeypatch.setattr(os, "preadv", lambda *_: (_ for _ in ()).throw(BlockingIOError()))
    monkeypatch.setattr(os, "pread", held)
    workers = threads._workers_for(threads.READS, sources[0].status.st_dev)
    try:
        async with anyio.create_task_group() as group:
            for source in sources:
                group.start_soon(closing, source)
            await until(lambda: working + len(workers._waiting) == 80)
            most = working
            go.set()
    finally:
        go.set()
    assert most == 32


TWO = Kind("tests", 2, 0.05)
DEAD, ALIVE = 1, 2


class Stuck:
    """Blocking work that does not return until it is let go."""

    def __init__(self) -> None:
        self.begun = 0
        self.ended = 0
        self._go = threading.Event()
        self._lock = threading.Lock()

    def __call__(self) -> str:
        with self._lock:
            self.begun += 1
        assert self._go.wait(SECONDS)
        with self._lock:
            self.ended += 1
        return "done"

    def go(self) -> None:
        self._go.set()


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    threads._all_workers.clear()
    stuck = Stuck()
    yield stuck
    stuck.go()


async def test_a_wait_for_a_thread_is_bounded(
    stuck: Stuck, caplog: pytest.LogCaptureFixture
) -> None:
    """Of four, two have a thread and get their result, however long it takes."""
    results: list[object] = []

    async def one() -> None:
        try:
            results.append(await in_thread(stuck, TWO, DEAD))
        except SourceUnavailable as unavailable:
            results.append((unavailable.status, unavailable.retry_after))

    with caplog.at_level(logging.WARNING, "rangeserve"):
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(one)
            await until(lambda: len(results) == 2)
            assert results == [(503, 10)] * 2
            assert not threads._workers_for(TWO, DEAD)._waiting
            stuck.go()
    assert results[2:] == ["done"] * 2
    (record,) = caplog.records
    assert record.getMessage() == (
        "no thread for tests on device 0:1: each of 2 waits for an answer"
    )


async def test_devices_and_kinds_have_threads_of_their_own(stuck: Stuck) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(2):
            group.start_soon(in_thread, stuck, TWO, DEAD)
        await until(lambda: stuck.begun == 2)
        assert await in_thread(lambda: "alive", TWO, ALIVE) == "alive"
        assert await in_thread(lambda: "alive", replace(TWO, name="other"), DEAD) == "alive"
        assert await in_thread(lambda: "alive", TWO, None) == "alive"
        stuck.go()


async def test_who_is_cancelled_does_not_wait(stuck: Stuck) -> None:
    """Neither for work that has begun, which goes on, nor for work that has not, and never will."""
    async with anyio.create_task_group() as group:
        patient = replace(TWO, patience=SECONDS)
        for _ in range(3):
            group.start_soon(in_thread, stuck, patient, DEAD)
        workers = threads._workers_for(patient, DEAD)
        await until(lambda: stuck.begun == 2 and len(workers._waiting) == 1)
        group.cancel_scope.cancel()
    assert (stuck.begun, stuck.ended) == (2, 0)
    assert not workers._waiting
    stuck.go()
    await until(lambda: stuck.ended == 2)
    assert stuck.begun == 2


async def test_a_close_is_done_although_its_caller_is_cancelled(stuck: Stuck) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(CLOSES.threads + 1):
            group.start_soon(in_thread, stuck, CLOSES, DEAD)
        later(stuck, CLOSES, DEAD)
        await until(lambda: stuck.begun == CLOSES.threads)
        group.cancel_scope.cancel()
    stuck.go()
    await until(lambda: stuck.ended == CLOSES.threads + 2)


async def test_what_the_work_raises_is_raised(stuck: Stuck) -> None:
    def fail() -> None:
        raise OSError("as it is")

    with pytest.raises(OSError, match="as it is"):
        await in_thread(fail, TWO, ALIVE)
    assert await in_thread(lambda: "the thread goes on", TWO, ALIVE) == "the thread goes on"


async def test_a_thread_is_used_again_and_ends_when_it_is_idle(
    stuck: Stuck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "_IDLE_SECONDS", 0.2)
    used: set[threading.Thread] = set()
    for _ in range(20):
        used.add(await in_thread(threading.current_thread, TWO, ALIVE))
        await until(lambda: bool(threads._workers_for(TWO, ALIVE)._idle))
    assert all(thread.daemon for thread in used)
    await until(lambda: not any(thread.is_alive() for thread in used))
    assert threads._workers_for(TWO, ALIVE)._threads == 0
    assert await in_thread(lambda: "another", TWO, ALIVE) == "another"


async def test_a_job_that_comes_as_the_thread_ends(stuck: Stuck) -> None:
    """Between the end of its wait and its leave a thread may be given one more job."""
    workers = threads._Workers(TWO, ALIVE)
    done = threading.Event()

    class Late(threads.SimpleQueue):  # type: ignore[type-arg]
        def get(self, block: bool = True, timeout: float | None = None) -> Any:
            if timeout is not None:
                assert workers.take(threads._Job(done.set, lambda: None))
                raise threads.Empty
            return super().get(block)

    job = workers._next(Late())
    assert job is not None
    job.run()
    assert done.is_set()


async def test_context_variables_are_seen_by_the_work(stuck: Stuck) -> None:
    from contextvars import ContextVar

    variable: ContextVar[str] = ContextVar("variable")
    variable.set("seen")
    assert await in_thread(variable.get, TWO, ALIVE) == "seen"


def test_no_more_threads_to_be_had(stuck: Stuck, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    workers = threads._Workers(TWO, ALIVE)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        for _ in range(3):
            with pytest.raises(RuntimeError, match="start new thread"):
                workers.take(threads._Job(stuck, lambda: None))
    stuck.go()
    assert workers.take(threads._Job(stuck, lambda: None))
    assert eventually(lambda: stuck.ended == 1)


FOREVER = "in_thread(threading.Event().wait, READS, 1)"


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(
            f"""
import asyncio, threading
from rangeserve.sources.threads import READS, in_thread
async def main():
    task = asyncio.ensure_future({FOREVER})
    await asyncio.sleep(0.1)
asyncio.run(main())
""",
            id="asyncio",
        ),
        pytest.param(
            f"""
import trio, threading
from rangeserve.sources.threads import READS, in_thread
async def main():
    with trio.move_on_after(0.1):
        await {FOREVER}
trio.run(main)
""",
            id="trio",
        ),
    ],
)
def test_a_process_ends_without_its_threads(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True, timeout=SECONDS)


@pytest.mark.skipif(not hasattr(os, "register_at_fork"), reason="there is no fork here")
def test_a_forked_process_has_threads_of_its_own() -> None:
    program = """
import asyncio, os
from rangeserve.sources.threads import READS, in_thread
one = lambda: asyncio.run(in_thread(os.getpid, READS, 1))
assert one() == os.getpid()
child = os.fork()
if child == 0:
    os._exit(0 if one() == os.getpid() else 1)
assert os.waitpid(child, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=SECONDS)


async def closing(source: FileSource) -> None:
    try:
        assert await read(source, 0, 10) == DATA[:10]
    finally:
        source.close()
