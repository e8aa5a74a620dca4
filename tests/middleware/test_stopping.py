"""How an app is stopped whose response is complete, and when it is told."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import AsyncIterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from asgiref.testing import ApplicationCommunicator
from support.apps import BODY, LENGTH, PART, RANGE, Producer
from support.driver import ask, http_scope
from support.messages import (
    body,
    content_length,
    start,
)
from support.waiting import SECONDS

from rangeserve import (
    ClientDisconnected,
    RangeMiddleware,
    hand_over,
)
from rangeserve.sources.memory import BytesSource

pytestmark = pytest.mark.anyio

only_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])


@only_asyncio
async def test_a_part_through_asgirefs_communicator_which_never_says_disconnect() -> None:
    """A pending `receive` is never answered there: the app's patience is bounded."""
    stopped: list[BaseException] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        import asyncio

        listening = asyncio.create_task(receive())
        await asyncio.sleep(0)
        try:
            await send(start(content_length(1_000_000)))
            for _ in range(1000):
                await send(body(BODY, True))
        except ClientDisconnected as error:
            stopped.append(error)
            raise
        finally:
            listening.cancel()

    communicator = ApplicationCommunicator(RangeMiddleware(app), http_scope(headers=RANGE))
    assert (await communicator.receive_output())["status"] == 206
    assert await communicator.receive_output() == body(PART)
    await communicator.wait()
    assert communicator.output_queue.empty()
    assert len(stopped) == 1


async def test_an_app_that_listens_is_told_and_stops() -> None:
    app = Producer(listens=True)
    answer = await ask(RangeMiddleware(app), headers=RANGE)
    assert (answer.status, answer.body, answer.complete) == (206, PART, True)
    assert app.told
    assert app.sent <= 3
    assert app.raised == []


async def test_an_app_that_does_not_listen_is_stopped_by_an_exception() -> None:
    app = Producer()
    answer = await ask(RangeMiddleware(app), headers=RANGE)
    assert (answer.status, answer.body, answer.complete) == (206, PART, True)
    assert app.sent == 2
    assert app.raised == ["ClientDisconnected"]


async def test_an_app_that_is_told_and_goes_on_has_sixteen_messages() -> None:
    app = Producer(listens=True, stubborn=True)
    await ask(RangeMiddleware(app), headers=RANGE)
    assert app.sent == 17
    assert app.raised == ["ClientDisconnected"]


async def test_an_app_that_ignores_errors_does_not_freeze_the_loop() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(content_length(1_000_000_000)))
        while not over:
            with contextlib.suppress(Exception):
                await send(body(BODY, True))

    over = False
    async with anyio.create_task_group() as group:

        async def other() -> None:
            nonlocal over
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
            over = True

        group.start_soon(other)
        answer = await ask(RangeMiddleware(app), headers=RANGE)
    assert answer.complete


async def test_a_receive_after_the_end_is_a_disconnect_at_once() -> None:
    heard: list[Any] = []
    asked = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(LENGTH))
        heard.append(await receive())

    async def receive() -> Any:
        nonlocal asked
        asked += 1
        await anyio.sleep_forever()

    async def send(message: Any) -> None: ...

    with anyio.fail_after(SECONDS):
        await RangeMiddleware(app)(http_scope("HEAD"), receive, send)
    assert heard == [{"type": "http.disconnect"}]
    assert asked == 0


@pytest.mark.parametrize("fields", [[], RANGE], ids=["whole", "a range"])
async def test_an_app_may_cut_its_body_short_once_the_client_has_left(fields: Any) -> None:
    """baize ends its stream with a final message then; nobody is there to be misled."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(content_length(1_000_000)))
        await send(body(b"x", True))
        while (await receive())["type"] != "http.disconnect":
            pass
        await send(body(b"", False))
        await send(body(b"", False))

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def ignore(message: Any) -> None: ...

    await RangeMiddleware(app)(http_scope(headers=fields), receive, ignore)


async def test_the_app_hears_of_the_end_only_after_the_last_send() -> None:
    """Servers say so inside that send; the app's listener would cancel it there.

    Hypercorn takes a cancellation inside the send that closes a connection for its own: then
    Django's response is never closed.
    """
    came_through: list[bool] = []

    async def hold(message: Any) -> None:
        if not message.get("more_body", True):
            gone.set()
            for _ in range(50):
                await anyio.lowlevel.checkpoint()
            came_through.append(True)

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    gone = anyio.Event()
    producer = Producer(listens=True)
    await RangeMiddleware(producer)(http_scope(headers=RANGE), receive, hold)
    assert came_through == [True]
    assert (producer.told, producer.raised, producer.sent <= 3) == (True, [], True)


@pytest.mark.parametrize("where", ["stream", "source"])
async def test_done_is_set_before_the_last_send(where: str) -> None:
    """Another task of the app may send while the last send is awaited."""
    at_the_same_time: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal app_send
        app_send = send
        if where == "source":
            hand_over(scope, BytesSource(BODY))
            await send(start())
        else:
            await send(start(LENGTH))
            await send(body(BODY, True))

    async def hold(message: Any) -> None:
        if not message.get("more_body", True):
            await app_send(body(b"late", True))
            at_the_same_time.append(message)

    app_send: Any = None
    answer = await ask(RangeMiddleware(app), headers=RANGE, on_send=hold)
    assert answer.body == PART
    assert len(at_the_same_time) == 1


async def test_a_producer_that_was_stopped_is_not_kept_alive() -> None:
    """Its `finally` runs by reference counting: nobody holds the traceback."""
    finished: list[bool] = []

    async def produce(send: Any) -> AsyncIterator[None]:
        try:
            while True:
                await send(body(BODY, True))
                yield
        finally:
            finished.append(True)

    class Marker:
        pass

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal alive
        marker = Marker()
        alive = weakref.ref(marker)
        await send(start(content_length(1_000_000)))
        async for _ in produce(send):
            pass

    alive: Any = None
    await ask(RangeMiddleware(app), headers=RANGE)
    assert finished == [True]
    assert alive() is None
