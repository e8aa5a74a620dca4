"""Faults of clients: they leave, read slowly, talk without end."""

from __future__ import annotations

import errno
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from support.descriptors import nothing_left_open
from support.driver import http_scope

from rangeserve import Outcome, RangeMiddleware, ResponseFinished

pytestmark = pytest.mark.anyio

KIB = 1024
SIZE = 4 * KIB * KIB
CHUNK = 64 * KIB
PART = [("Range", f"bytes=10-{SIZE - 10}")]
WAYS = [pytest.param([], id="whole"), pytest.param(PART, id="part")]
DISCONNECT = {"type": "http.disconnect"}


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film"
    path.write_bytes(bytes(SIZE))
    return path


class FromFile:
    """An app that answers with a path, as Starlette does."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        await send({"type": "http.response.pathsend", "path": str(self.path)})


class FromStream:
    """An app that makes its body piece by piece, and listens if it is told to."""

    def __init__(self, path: Path | None = None, *, listens: bool = True) -> None:
        self.listens = listens
        self.produced = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if not self.listens:
            await self.produce(send)
            return
        async with anyio.create_task_group() as group:

            async def listen() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                group.cancel_scope.cancel()

            group.start_soon(listen)
            await anyio.lowlevel.checkpoint()
            await self.produce(send)
            group.cancel_scope.cancel()

    async def produce(self, send: Any) -> None:
        await send(start())
        for at in range(0, SIZE, CHUNK):
            self.produced += 1
            await send(body(bytes(CHUNK), at + CHUNK < SIZE))


def start() -> dict[str, Any]:
    fields = [(b"content-length", b"%d" % SIZE)]
    return {"type": "http.response.start", "status": 200, "headers": fields}


def body(data: bytes, more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


class Client:
    """The server's end. `act` is awaited in each send, with how many there were."""

    def __init__(self, act: Callable[[Client, int], Any] | None = None) -> None:
        self.messages: list[dict[str, Any]] = []  # without their bodies
        self.received = 0
        self.gone = anyio.Event()
        self.events: list[Any] = []
        self._act = act

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return DISCONNECT

    async def send(self, message: dict[str, Any]) -> None:
        self.received += len(message.get("body", b""))
        self.messages.append({**message, "body": None})
        if self._act is not None:
            await self._act(self, len(self.messages))

    async def ask(self, app: Any, headers: Any = (), receive: Any = None) -> None:
        with anyio.fail_after(20):
            wrapped = RangeMiddleware(app, observer=self.events.append)
            await wrapped(http_scope(headers=headers), receive or self.receive, self.send)

    @property
    def final(self) -> bool:
        return any(m["type"] == "http.response.body" and not m["more_body"] for m in self.messages)

    @property
    def outcome(self) -> Outcome:
        finished = self.events[-1]
        assert isinstance(finished, ResponseFinished)
        return finished.outcome


async def turns(count: int = 30) -> None:
    for _ in range(count):
        await anyio.lowlevel.checkpoint()


# 6. The client leaves


@pytest.mark.parametrize("headers", WAYS)
@pytest.mark.parametrize("make", [FromFile, FromStream])
async def test_a_client_that_leaves_in_silence_gets_one_more_chunk_at_most(
    make: Any, headers: Any, film: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """`send` succeeds for ever, as on real servers; only `receive` tells."""

    async def leave(client: Client, count: int) -> None:
        if count == 4:
            client.gone.set()
        await turns()

    client = Client(leave)
    with nothing_left_open(film.parent):
        await client.ask(make(film), headers)
    assert len(client.messages) <= 5
    assert not client.final
    assert client.outcome is Outcome.CLIENT_GONE
    assert caplog.records == []


@pytest.mark.parametrize("headers", WAYS)
@pytest.mark.parametrize("make", [FromFile, lambda _: FromStream(listens=False)])
async def test_a_send_that_raises_is_passed_on(make: Any, headers: Any, film: Path) -> None:
    async def fail(client: Client, count: int) -> None:
        if count == 3:
            raise BrokenPipeError(errno.EPIPE, "the server's own")

    client = Client(fail)
    with nothing_left_open(film.parent), pytest.raises(BrokenPipeError, match="the server's own"):
        await client.ask(make(film), headers)
    assert len(client.messages) == 3
    assert client.outcome is Outcome.CLIENT_GONE


@pytest.mark.parametrize("headers", WAYS)
@pytest.mark.parametrize("make", [FromFile, lambda _: FromStream(listens=False)])
async def test_an_app_may_swallow_that_error_and_return(
    make: Any, headers: Any, film: Path
) -> None:
    async def fail(client: Client, count: int) -> None:
        if count == 3:
            raise OSError("the server's own")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await make(film)(scope, receive, send)
        except OSError:
            return

    client = Client(fail)
    await client.ask(app, headers)
    assert client.outcome is Outcome.CLIENT_GONE


@pytest.mark.parametrize("headers", WAYS)
@pytest.mark.parametrize("make", [FromFile, lambda _: FromStream(listens=False)])
async def test_a_last_send_that_raises_makes_no_complete_response(
    make: Any, headers: Any, film: Path
) -> None:
    async def fail(client: Client, count: int) -> None:
        if client.final:
            raise OSError("the server's own")

    client = Client(fail)
    with pytest.raises(OSError, match="the server's own"):
        await client.ask(make(film), headers)
    assert client.outcome is Outcome.CLIENT_GONE


async def test_an_app_that_was_told_may_return_early() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        while (await receive())["type"] != "http.disconnect":
            pass

    client = Client()
    client.gone.set()
    await client.ask(app, PART)
    assert client.messages == []


async def test_after_the_client_has_left_the_app_is_told_by_each_receive(film: Path) -> None:
    heard: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await FromFile(film)(scope, receive, send)
        heard.extend([await receive(), await receive()])

    async def leave(client: Client, count: int) -> None:
        client.gone.set()
        await turns()

    await Client(leave).ask(app, PART)
    assert heard == [DISCONNECT, DISCONNECT]


# 7. Back-pressure


@pytest.mark.parametrize("headers", WAYS)
async def test_a_stream_never_runs_ahead_of_the_client(headers: Any) -> None:
    app = FromStream()
    sent = 0

    async def slow(client: Client, count: int) -> None:
        nonlocal sent
        await turns()
        if client.messages[-1]["type"] == "http.response.body":
            sent += 1
            assert app.produced - sent <= 1

    client = Client(slow)
    await client.ask(app, headers)
    assert client.final


async def test_a_slow_reader_costs_a_bounded_amount(film: Path) -> None:
    """100 clients that read nothing hold one small chunk each."""
    clients = 100

    async def stall(client: Client, count: int) -> None:
        if count == 2:
            await released.wait()
        if count > 2:
            client.gone.set()
            await turns()

    released = anyio.Event()
    await Client().ask(FromFile(film), PART)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        async with anyio.create_task_group() as group:
            waiting = [Client(stall) for _ in range(clients)]
            for client in waiting:
                group.start_soon(client.ask, FromFile(film), PART)
            while any(len(client.messages) < 2 for client in waiting):  # noqa: ASYNC110
                await anyio.sleep(0.001)
            held, _ = tracemalloc.get_traced_memory()
            released.set()
    finally:
        tracemalloc.stop()
    assert (held - before) / clients < 200 * KIB


async def test_reads_do_not_run_ahead_of_sends(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0
    pread = os.pread

    def noted(*args: Any) -> bytes:
        nonlocal read
        data = pread(*args)
        read += len(data)
        return data

    async def slow(client: Client, count: int) -> None:
        await turns()
        assert read - client.received <= KIB * KIB

    monkeypatch.setattr(os, "pread", noted)
    client = Client(slow)
    await client.ask(FromFile(film), PART)
    assert client.received == read == SIZE - 19


# 11. Clients that talk


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
