"""`inbox.py`: one `receive`, shared by the app and a watch, on asyncio and trio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from rangeserve._asgi.inbox import Inbox

pytestmark = pytest.mark.anyio

DISCONNECT = {"type": "http.disconnect"}
KIB = 1024


def part(body: bytes = b"", more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


class Server:
    """Gives what it is told to say, and insists on being asked by one at a time."""

    def __init__(self, *messages: Any) -> None:
        self.asked = 0
        self.asking = 0
        self._give, self._take = anyio.create_memory_object_stream[Any](100)
        for message in messages:
            self._give.send_nowait(message)

    def say(self, message: Any) -> None:
        self._give.send_nowait(message)

    async def receive(self) -> dict[str, Any]:
        assert self.asking == 0, "two receive() at a time"
        self.asked += 1
        self.asking += 1
        try:
            message = await self._take.receive()
        finally:
            self.asking -= 1
        if isinstance(message, Exception):
            raise message
        return message

    async def __aenter__(self) -> Server:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._give.close()
        self._take.close()


async def settle() -> None:
    for _ in range(20):
        await anyio.lowlevel.checkpoint()


async def test_the_app_gets_the_servers_own_messages() -> None:
    first = part(b"a", True)
    async with Server(first, DISCONNECT) as server:
        inbox = Inbox(server.receive)
        assert await inbox.receive() is first
        assert (inbox.client_gone, inbox.disconnect_given, inbox.app_listens) == (
            False,
            False,
            False,
        )
        assert await inbox.receive() == DISCONNECT
        assert (inbox.client_gone, inbox.disconnect_given, inbox.app_listens) == (True, True, True)


async def test_once_the_client_has_left_the_server_is_not_asked_again() -> None:
    async with Server(DISCONNECT) as server:
        inbox = Inbox(server.receive)
        assert [await inbox.receive() for _ in range(3)] == [DISCONNECT] * 3
        assert server.asked == 1


async def test_once_closed_the_server_is_not_asked() -> None:
    async with Server(part()) as server:
        inbox = Inbox(server.receive)
        inbox.is_closed = True
        assert await inbox.receive() == DISCONNECT
        assert server.asked == 0
        assert inbox.disconnect_given
        assert not inbox.client_gone


async def test_an_app_that_asks_for_ever_does_not_freeze_the_loop() -> None:
    async with Server() as server:
        inbox = Inbox(server.receive)
        inbox.is_closed = True
        turns = 0

        async def other() -> None:
            nonlocal turns
            for turns in range(10):  # noqa: B007
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            group.start_soon(other)
            while True:
                await inbox.receive()
        assert turns == 9


async def test_listeners_are_counted_and_asked_for_one_at_a_time() -> None:
    heard: list[Any] = []

    async def listen() -> None:
        heard.append(await inbox.receive())

    async with Server() as server:
        inbox = Inbox(server.receive)
        async with anyio.create_task_group() as group:
            group.start_soon(listen)
            group.start_soon(listen)
            await settle()
            assert (inbox.waiting, inbox.app_listens, server.asked) == (2, True, 1)
            server.say(part(b"a", True))
            await settle()
            assert (inbox.waiting, heard) == (1, [part(b"a", True)])
            server.say(DISCONNECT)
        assert heard[1] == DISCONNECT
        assert inbox.waiting == 0


async def test_all_listeners_hear_of_the_one_disconnect() -> None:
    heard: list[Any] = []

    async def listen() -> None:
        heard.append(await inbox.receive())

    async with Server() as server:
        inbox = Inbox(server.receive)
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(listen)
            await settle()
            server.say(DISCONNECT)
        assert heard == [DISCONNECT] * 5
        assert server.asked == 1


async def test_a_listener_that_is_cancelled_leaves_the_place_to_the_next() -> None:
    async with Server() as server:
        inbox = Inbox(server.receive)
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(inbox.receive)
                await settle()
                scope.cancel()
        assert (inbox.waiting, server.asking) == (0, 0)
        server.say(part())
        assert await inbox.receive() == part()


class Watched:
    """An inbox with a watch beside it; `left` when it was called."""

    def __init__(self, server: Server) -> None:
        self.inbox = Inbox(server.receive)
        self.left = 0
        self.over = anyio.Event()

    async def watch(self) -> None:
        def left() -> None:
            self.left += 1

        await self.inbox.watch(left)
        self.over.set()


async def watched(
    server: Server, act: Callable[[Watched], Awaitable[None]] | None = None
) -> Watched:
    """Watch until nothing more happens, then `act`, then stop."""
    subject = Watched(server)
    async with anyio.create_task_group() as group:
        group.start_soon(subject.watch)
        await settle()
        if act is not None:
            await act(subject)
        group.cancel_scope.cancel()
    return subject


async def test_the_watch_sees_the_client_leave_and_the_app_is_told_too() -> None:
    async with Server(DISCONNECT) as server:
        subject = await watched(server)
        assert (subject.left, subject.over.is_set()) == (1, True)
        assert subject.inbox.client_gone
        assert not subject.inbox.disconnect_given
        assert await subject.inbox.receive() == DISCONNECT
        assert server.asked == 1


async def test_what_the_watch_took_is_replayed_in_order() -> None:
    parts = [part(b"a", True), {"type": "of.2030", "more_body": True}, part(b"b", True)]
    async with Server(*parts) as server:
        subject = await watched(server)
        assert not subject.over.is_set()
        replayed = [await subject.inbox.receive() for _ in parts]
        assert all(one is other for one, other in zip(replayed, parts, strict=True))


async def test_after_the_replay_comes_the_disconnect() -> None:
    async with Server(part(b"a"), DISCONNECT) as server:
        subject = await watched(server)
        assert subject.left == 1
        assert [await subject.inbox.receive() for _ in range(2)] == [part(b"a"), DISCONNECT]


async def test_64_kib_are_replayed() -> None:
    parts = [part(b"x" * KIB, True) for _ in range(64)]
    async with Server(*parts) as server:
        subject = Watched(server)
        async with anyio.create_task_group() as group:
            group.start_soon(subject.watch)
            while server.asked < 65:
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        assert [await subject.inbox.receive() for _ in parts] == parts


async def test_one_byte_more_is_not_kept_and_the_app_is_told_of_a_disconnect() -> None:
    async with Server(part(b"x" * 64 * KIB, True), part(b"x", True)) as server:
        subject = await watched(server)
        assert server.asked == 3
        assert await subject.inbox.receive() == DISCONNECT
        assert not subject.inbox.client_gone


@pytest.mark.parametrize(
    "piece",
    [pytest.param(b"x" * KIB, id="1 KiB each"), pytest.param(b"", id="empty")],
)
async def test_a_request_body_without_end_is_bounded(piece: bytes) -> None:
    asked = 0

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        if asked > 20_000:
            await anyio.sleep_forever()
        return part(piece, True)

    inbox = Inbox(receive)
    async with anyio.create_task_group() as group:
        group.start_soon(inbox.watch, group.cancel_scope.cancel)
        while asked <= 20_000:
            await anyio.lowlevel.checkpoint()
        assert len(inbox._queue or ()) <= 1024
        assert await inbox.receive() == DISCONNECT, "its body is no longer whole"
        assert not inbox.client_gone
        group.cancel_scope.cancel()


async def test_a_receive_that_always_has_an_answer_starves_nobody() -> None:
    async def receive() -> dict[str, Any]:
        return part(b"", True)

    inbox = Inbox(receive)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(inbox.watch, group.cancel_scope.cancel)
            for _ in range(50):
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()


async def test_an_error_of_receive_ends_the_watch_only() -> None:
    async with Server(RuntimeError("no more")) as server:
        subject = await watched(server)
        assert (subject.left, subject.over.is_set(), subject.inbox.client_gone) == (0, True, False)


async def test_a_message_after_the_request_ends_the_watch_and_is_replayed() -> None:
    async with Server(part(), part(b"again")) as server:
        subject = await watched(server)
        assert (subject.left, subject.over.is_set()) == (0, True)
        assert [await subject.inbox.receive() for _ in range(2)] == [part(), part(b"again")]


async def test_an_app_that_listens_late_shares_with_the_watch() -> None:
    async with Server() as server:

        async def listen_late(subject: Watched) -> None:
            async with anyio.create_task_group() as group:
                group.start_soon(subject.inbox.receive)
                await settle()
                assert (subject.inbox.waiting, server.asked) == (1, 1)
                server.say(DISCONNECT)
            assert subject.inbox.disconnect_given
            await settle()
            assert subject.left == 1

        await watched(server, listen_late)


async def test_the_watch_waits_while_the_app_listens_and_learns_what_it_hears() -> None:
    async with Server() as server:
        subject = Watched(server)
        async with anyio.create_task_group() as group:
            group.start_soon(subject.inbox.receive)
            await settle()
            group.start_soon(subject.watch)
            await settle()
            assert server.asked == 1
            server.say(DISCONNECT)
        assert (subject.left, server.asked) == (1, 1)


async def test_the_watch_takes_over_when_the_app_stops_listening() -> None:
    async with Server() as server:
        subject = Watched(server)
        async with anyio.create_task_group() as group:
            group.start_soon(subject.inbox.receive)
            await settle()
            group.start_soon(subject.watch)
            await settle()
            server.say(part())
            await settle()
            assert (subject.inbox.waiting, server.asked) == (0, 2)
            server.say(DISCONNECT)
        assert subject.left == 1


async def test_a_watch_that_is_cancelled_frees_the_server() -> None:
    async with Server() as server:
        subject = await watched(server)
        server.say(part(b"for the app"))
        assert await subject.inbox.receive() == part(b"for the app")
