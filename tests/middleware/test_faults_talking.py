"""Faults of clients: they talk while a file is sent to them."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from support.clients import CHUNK, KIB, PART, SIZE, Client, FromFile, turns
from support.messages import DISCONNECT

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("piece", [b"", b"x", b"x" * CHUNK], ids=["empty", "one byte", "64 KiB"])
async def test_a_request_body_without_end_while_a_file_is_sent(piece: bytes, film: Path) -> None:
    asked = 0

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": piece, "more_body": True}

    async def slow(client: Client, count: int) -> None:
        await turns(300)

    await Client().ask(FromFile(film), PART)
    client = Client(slow)
    tracemalloc.start()
    try:
        await client.ask(FromFile(film), PART, receive)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert client.final
    assert client.received == SIZE - 19
    assert asked > 1000
    assert peak < 3 * KIB * KIB


async def test_a_receive_that_fails_does_not_harm_the_response(film: Path) -> None:
    async def receive() -> dict[str, Any]:
        raise RuntimeError("no more")

    client = Client(lambda *_: turns())
    await client.ask(FromFile(film), PART, receive)
    assert client.final


async def test_a_request_body_that_came_meanwhile_is_replayed(film: Path) -> None:
    parts = [
        {"type": "http.request", "body": b"first", "more_body": True},
        {"type": "http.request", "body": b"second", "more_body": False},
    ]
    coming = iter(parts)
    heard: list[Any] = []

    async def receive() -> dict[str, Any]:
        for message in coming:
            return message
        await anyio.sleep_forever()
        raise AssertionError

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async with anyio.create_task_group() as group:

            async def read_late() -> None:
                await under_way.wait()
                heard.extend([await receive(), await receive()])

            group.start_soon(read_late)
            await FromFile(film)(scope, receive, send)

    async def tell(client: Client, count: int) -> None:
        await turns()
        if count == 5:
            under_way.set()
            await turns()

    under_way = anyio.Event()
    client = Client(tell)
    await client.ask(app, PART, receive)
    assert client.final
    assert heard == parts


async def test_an_app_that_listens_late_and_twice_is_told(film: Path) -> None:
    """Servers say so once, and to the watch; both listeners of the app hear of it."""
    heard: list[Any] = []
    asking = 0

    async def receive() -> dict[str, Any]:
        nonlocal asking
        asking += 1
        assert asking == 1, "two receive() at a time"
        try:
            await client.gone.wait()
        finally:
            asking -= 1
        return DISCONNECT

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async with anyio.create_task_group() as group:

            async def listen() -> None:
                await under_way.wait()
                heard.append(await receive())

            group.start_soon(listen)
            group.start_soon(listen)
            await FromFile(film)(scope, receive, send)

    async def tell(client: Client, count: int) -> None:
        await turns()
        if count == 5:
            under_way.set()
            await turns()
        if count == 6:
            client.gone.set()
            await turns()

    under_way = anyio.Event()
    client = Client(tell)
    await client.ask(app, PART, receive)
    assert heard == [DISCONNECT, DISCONNECT]
    assert len(client.messages) <= 7
    assert not client.final
