"""A response that has failed stays failed, whatever is still under way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from support.driver import ask, http_scope
from support.messages import body, start

from rangeserve import Limits, RangeMiddleware, ResponseError, hand_over
from rangeserve._asgi.actions import Open, Serve
from rangeserve._asgi.exchange import Exchange
from rangeserve._asgi.response import Response, State
from rangeserve.core import read_request
from rangeserve.handover import Handover
from rangeserve.sources import BytesSource
from rangeserve.sources.file import FileSource

pytestmark = pytest.mark.anyio

RANGE = [("Range", "bytes=2-5")]


class Server:
    """Keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    @property
    def looks_complete(self) -> bool:
        return any(not each.get("more_body", True) for each in self.sent)


def begin(source: Any) -> Exchange:
    request = read_request("GET", [(b"range", b"bytes=2-5")])
    handover = Handover()
    handover.source = source
    return Exchange("GET", request, handover, Limits(), lambda: 1.8e9)


def test_a_body_while_the_file_is_being_opened(tmp_path: Path) -> None:
    """The app gets an error for its body, so the client must not get a complete 206."""
    path = tmp_path / "film"
    path.write_bytes(b"0123456789")
    exchange = begin(str(path))
    assert exchange.feed(start()) == (Open(str(path), needs_etag=True),)
    with pytest.raises(ResponseError, match="came although"):
        exchange.feed(body(b"x"))
    file = FileSource(str(path))
    file.open()
    try:
        with pytest.raises(ResponseError, match="failed"):
            exchange.opened(file)
    finally:
        file.close()
    assert exchange.response.state is State.FAILED


def test_a_body_while_a_source_is_read() -> None:
    exchange = begin(BytesSource(b"0123456789"))
    assert isinstance(exchange.feed(start())[-1], Serve)
    with pytest.raises(ResponseError, match="came although"):
        exchange.feed(body(b"x", more=True))
    with pytest.raises(ResponseError, match="cannot be completed"):
        exchange.response.last_send()
    assert exchange.response.state is State.FAILED


async def test_the_sends_of_several_tasks_go_out_in_their_order(tmp_path: Path) -> None:
    """Each message is decided and sent before the next: an app may gather its sends."""
    path = tmp_path / "film"
    path.write_bytes(b"0123456789")
    for handed_over in (None, path):

        async def app(scope: Any, receive: Any, send: Any, source: Any = handed_over) -> None:
            if source is not None:
                hand_over(scope, source)
            headers = [(b"content-length", b"10")]
            async with anyio.create_task_group() as group:
                group.start_soon(send, {**start(), "headers": headers})
                for place in range(10):
                    await anyio.lowlevel.checkpoint()
                    group.start_soon(send, body(b"%d" % place, place < 9))

        async def slowly(message: Any) -> None:
            for _ in range(7):
                await anyio.lowlevel.checkpoint()

        for headers, expected in (([], b"0123456789"), (RANGE, b"2345")):
            answer = await ask(RangeMiddleware(app), headers=headers, on_send=slowly)
            assert (answer.body, answer.complete) == (expected, True)


async def test_a_body_after_the_app_has_returned_too_early() -> None:
    """A task that the app left behind goes on sending."""
    kept: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        kept.append(send)
        await send({**start(), "headers": [(b"content-length", b"10")]})

    server = Server()
    with pytest.raises(ResponseError, match="returned"):
        await RangeMiddleware(app)(http_scope(headers=RANGE), anyio.sleep_forever, server.send)
    (send,) = kept
    with pytest.raises(ResponseError, match="failed"):
        await send({"type": "http.response.body", "body": b"0123456789"})
    assert server.sent == []


def test_nothing_completes_a_failed_response() -> None:
    response = Response()
    response.fail("the source ends too early")
    with pytest.raises(ResponseError):
        response.last_send()
    response.client_left()
    assert (response.state, response.complete) == (State.FAILED, False)
