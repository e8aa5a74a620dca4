"""An app whose sending is done by a task that nobody waits for (a2wsgi)."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest
from support.driver import ask

from rangeserve import RangeMiddleware, hand_over

pytestmark = pytest.mark.anyio
RANGE = [("Range", "bytes=0-9")]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # such a task cannot be made on trio


START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-length", b"10000")],
}
CHUNK = {"type": "http.response.body", "body": b"x" * 100, "more_body": True}


async def test_an_app_that_would_not_hear_runs_to_its_end() -> None:
    """Its producer waits for room in the queue that the unwatched task empties."""
    produced = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal produced
        queue: asyncio.Queue[Any] = asyncio.Queue(2)

        async def sender() -> None:
            while (message := await queue.get()) is not None:
                await send(message)

        task = asyncio.ensure_future(sender())
        await queue.put(START)
        for _ in range(100):
            await queue.put(CHUNK)
            produced += 1
        await queue.put({"type": "http.response.body"})
        await queue.put(None)
        await task

    answer = await ask(RangeMiddleware(app), headers=RANGE)
    assert (answer.status, answer.body, answer.complete) == (206, b"x" * 10, True)
    assert produced == 100


async def test_an_app_that_waits_for_its_task_is_stopped() -> None:
    produced = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def sender() -> None:
            nonlocal produced
            await send(START)
            while True:
                await send(CHUNK)
                produced += 1

        await asyncio.gather(sender())

    answer = await ask(RangeMiddleware(app), headers=RANGE)
    assert (answer.status, answer.body, answer.complete) == (206, b"x" * 10, True)
    assert produced < 5


@pytest.mark.parametrize("chunks", [1, 100])
async def test_an_error_that_would_not_be_heard_comes_when_the_app_has_ended(chunks: int) -> None:
    """As above; a task that dies of an error would leave the producer waiting for ever."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        hand_over(scope, "/no/such/file")
        queue: asyncio.Queue[Any] = asyncio.Queue(2)
        ended = asyncio.Event()

        async def sender() -> None:
            while (message := await queue.get()) is not None:
                await send(message)
            ended.set()

        tasks = {asyncio.ensure_future(sender())}
        for task in tasks:
            task.add_done_callback(tasks.discard)
        await queue.put(START)
        for _ in range(chunks):
            await queue.put(CHUNK)
        await queue.put({"type": "http.response.body"})
        await queue.put(None)
        await ended.wait()

    for headers in ([], RANGE):
        with anyio.fail_after(30), pytest.raises(FileNotFoundError):
            await ask(RangeMiddleware(app), headers=headers)


async def test_an_error_that_is_heard_is_raised_where_the_app_sends() -> None:
    heard: list[Exception] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        hand_over(scope, "/no/such/file")

        async def sender() -> None:
            try:
                await send(START)
            except FileNotFoundError as error:
                heard.append(error)
                raise

        await asyncio.gather(sender())

    with pytest.raises(FileNotFoundError):
        await ask(RangeMiddleware(app))
    assert len(heard) == 1
