"""Faults of clients: they leave, in silence or with an error."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.clients import PART, SIZE, WAYS, Client, FromFile, FromStream, turns
from support.descriptors import nothing_left_open
from support.driver import http_scope
from support.messages import DISCONNECT, content_length, start

from rangeserve import Outcome, RangeMiddleware

pytestmark = pytest.mark.anyio


LISTENING = [pytest.param(FromFile, id="file"), pytest.param(FromStream, id="stream")]
NOT_LISTENING = [
    pytest.param(FromFile, id="file"),
    pytest.param(lambda _: FromStream(listens=False), id="stream"),
]


@pytest.mark.parametrize("headers", WAYS)
@pytest.mark.parametrize("make", LISTENING)
async def test_a_client_that_leaves_in_silence_gets_little_more(
    make: Any, headers: Any, film: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """`send` succeeds for ever, as on real servers; only `receive` tells.

    Of a stream one more chunk is sent; of a file at hand up to 1 MiB, before there is a watch.
    """

    async def leave(client: Client, count: int) -> None:
        if count == 4:
            client.gone.set()
        await turns()

    client = Client(leave)
    with nothing_left_open(film.parent):
        await client.ask(make(film), headers)
    if make is FromFile:
        assert client.received <= 1024 * 1024
    else:
        assert len(client.messages) <= 5
    assert not client.final
    assert client.outcome is Outcome.CLIENT_GONE
    assert caplog.records == []


@pytest.mark.parametrize("headers", WAYS)
@pytest.mark.parametrize("make", NOT_LISTENING)
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
@pytest.mark.parametrize("make", NOT_LISTENING)
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
@pytest.mark.parametrize("make", NOT_LISTENING)
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
        await send(start(content_length(SIZE)))
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


@pytest.mark.parametrize("version", ["2", "3"])
@pytest.mark.parametrize("wanted", [[], [("Range", "bytes=0-99")], [("Range", "bytes=0-99999")]])
async def test_over_http_2_a_send_that_never_returns_ends_with_the_client(
    wanted: Any, version: str, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hypercorn's stream waits for a window that the client, which is gone, never opens."""
    monkeypatch.setattr("rangeserve._asgi.transfer._LAST_SEND_SECONDS", 0.05)
    gone = anyio.Event()

    async def receive() -> Any:
        await gone.wait()
        return DISCONNECT

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            gone.set()
            await anyio.sleep_forever()

    app = RangeMiddleware(FromFile(film), pathsend=True)
    with nothing_left_open(film.parent), anyio.fail_after(30):
        await app({**http_scope(headers=wanted), "http_version": version}, receive, send)
