"""A response that has failed stays failed, whatever is still under way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from support.driver import http_scope
from support.messages import start

from rangeserve import RangeMiddleware, ResponseError, hand_over
from rangeserve._asgi.response import Response, State
from rangeserve.sources import CallableSource
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


async def test_a_body_while_the_file_is_being_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app is told that its body has no place, so the client must not get a complete 206."""
    path = tmp_path / "film"
    path.write_bytes(b"0123456789")
    opening, refused = anyio.Event(), anyio.Event()

    async def open_later(path: str) -> FileSource:
        opening.set()
        await refused.wait()
        file = FileSource(path)
        file.open()
        return file

    monkeypatch.setattr("rangeserve._asgi.call.open_file", open_later)
    errors: list[Exception] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        hand_over(scope, path)

        async def sends(message: dict[str, Any]) -> None:
            try:
                await send(message)
            except ResponseError as error:
                errors.append(error)

        async with anyio.create_task_group() as group:
            group.start_soon(sends, start())
            await opening.wait()
            await sends({"type": "http.response.body", "body": b"", "more_body": False})
            refused.set()

    server = Server()
    with pytest.raises(ResponseError, match="failed"):
        await RangeMiddleware(app)(http_scope(headers=RANGE), anyio.sleep_forever, server.send)
    assert [str(error).partition(" although ")[0] for error in errors] == [
        "http.response.body came",
        "a file was opened",
    ]
    assert server.sent == []


async def test_a_body_while_a_source_is_read() -> None:
    reading, refused = anyio.Event(), anyio.Event()

    async def read(first: int, stop: int) -> Any:
        yield b"ab"
        reading.set()
        await refused.wait()
        yield b"cd"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        hand_over(scope, CallableSource(read, 10))

        async def serve() -> None:
            with pytest.raises(ResponseError, match="cannot be completed"):
                await send(start())

        async with anyio.create_task_group() as group:
            group.start_soon(serve)
            await reading.wait()
            with pytest.raises(ResponseError, match="came although"):
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
            refused.set()

    server = Server()
    with pytest.raises(ResponseError, match="failed"):
        await RangeMiddleware(app)(http_scope(headers=RANGE), anyio.sleep_forever, server.send)
    assert [each["type"] for each in server.sent] == ["http.response.start", "http.response.body"]
    assert not server.looks_complete


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
