"""Costly work for a client: little at a time, and no longer than the client stays."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from support.waiting import SECONDS, until

from rangeserve.directory import turn
from rangeserve.directory.turn import Client, take_turn
from rangeserve.sources.threads import Kind
from rangeserve.sources.unavailable import SourceUnavailable

pytestmark = pytest.mark.anyio


async def stays() -> Any:
    await anyio.sleep_forever()


def endless() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


class Work:
    """Work that lasts until it is released, or its client leaves."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.released = threading.Event()
        self.at_once = self.most_at_once = self.ended = 0
        self._lock = threading.Lock()

    def __call__(self, client: Client) -> str:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.begun.release()
        try:
            for _ in client.while_there(endless()):
                if self.released.is_set():
                    return "done"
            raise AssertionError("not reached")
        finally:
            with self._lock:
                self.at_once -= 1
                self.ended += 1

    async def until_begun(self) -> None:
        assert await anyio.to_thread.run_sync(self.begun.acquire, True, SECONDS)


async def test_a_few_at_a_time_and_the_others_wait() -> None:
    work, results = Work(), []

    async def one() -> None:
        results.append(await take_turn(work, None, stays))

    with anyio.fail_after(SECONDS):
        async with anyio.create_task_group() as group:
            for _ in range(6):
                group.start_soon(one)
            await work.until_begun()
            await work.until_begun()
            work.released.set()
    assert results == ["done"] * 6
    assert work.most_at_once == 2


async def test_whoever_waits_for_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "_TURNS", Kind("turns in a hurry", threads=2, patience=0.01))
    work = Work()
    with anyio.fail_after(SECONDS):
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(take_turn, work, None, stays)
            await work.until_begun()
            await work.until_begun()
            with pytest.raises(SourceUnavailable):
                await take_turn(work, None, stays)
            work.released.set()
        assert await take_turn(work, None, stays) == "done"  # and then there is a turn again


async def test_the_work_ends_when_its_client_leaves() -> None:
    work = Work()

    async def leaves() -> Any:
        await work.until_begun()
        return {"type": "http.disconnect"}

    with anyio.fail_after(SECONDS):
        assert await take_turn(work, None, leaves) is None
    await until(lambda: (work.at_once, work.ended) == (0, 1))  # nobody waits for the thread


async def test_a_client_that_leaves_while_it_waits_costs_nothing() -> None:
    work, waiting = Work(), Work()

    async def leaves() -> Any:
        return {"type": "http.disconnect"}

    with anyio.fail_after(SECONDS):
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(take_turn, work, None, stays)
            await work.until_begun()
            await work.until_begun()
            assert await take_turn(waiting, None, leaves) is None
            work.released.set()
    assert waiting.ended == 0


async def test_the_work_ends_when_its_task_is_cancelled() -> None:
    work = Work()
    with anyio.fail_after(SECONDS):
        async with anyio.create_task_group() as group:
            group.start_soon(take_turn, work, None, stays)
            await work.until_begun()
            group.cancel_scope.cancel()
    await until(lambda: (work.at_once, work.ended) == (0, 1))  # nobody waits for the thread


async def test_a_failure_is_raised_as_it_is() -> None:
    def fail(client: Client) -> None:
        raise FileNotFoundError("gone")

    with pytest.raises(FileNotFoundError, match="gone"):
        await take_turn(fail, None, stays)


async def test_long_work_rests_often_and_short_work_never(monkeypatch: pytest.MonkeyPatch) -> None:
    rested_after: list[int] = []
    done = 0
    monkeypatch.setattr(turn.time, "sleep", lambda seconds: rested_after.append(done))
    for _ in Client().while_there(range(1000)):
        done += 1
    assert rested_after[0] == 256
    gaps = [
        later - before
        for before, later in zip(rested_after, [*rested_after[1:], done], strict=True)
    ]
    assert max(gaps) <= 32
