"""A representation of 1,000 bytes, the apps that send it, and a request for a part of it."""

from __future__ import annotations

from typing import Any

import anyio
import anyio.lowlevel

from rangeserve import hand_over
from support.content import numbered
from support.messages import App, Field, body, content_length, pathsend, start

BODY = numbered(1000)
LENGTH = content_length(len(BODY))
ETAG = (b"etag", b'"v1"')
RANGE = [("Range", "bytes=150-349")]
PART = BODY[150:350]


async def plain(scope: Any, receive: Any, send: Any) -> None:
    """Send `BODY` in ten messages, with its length and an entity-tag."""
    await send(start(LENGTH, ETAG))
    for at in range(0, 1000, 100):
        await send(body(BODY[at : at + 100], at < 900))


async def plain_part(send: Any) -> None:
    """Send a start and the first half of `BODY`: enough for `RANGE` to be complete."""
    await send(start(LENGTH))
    await send(body(BODY[:500], True))


def hands_over(source: Any, *fields: Field) -> App:
    """An app that hands `source` over, and sends no byte itself."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        hand_over(scope, source)
        await send(start(*fields))
        await send(body())

    return app


def sends_path(path: object, length: int | None = None, status: int = 200) -> App:
    """An app that answers with a path, as Starlette does; `length` is its Content-Length."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        fields = [] if length is None else [content_length(length)]
        await send(start(*fields, status=status))
        await send(pathsend(path))

    return app


class Producer:
    """An app that sends without end and counts what it has sent.

    `listens`: it waits for `http.disconnect` meanwhile, and stops then, unless it is `stubborn`.
    """

    def __init__(self, *, listens: bool = False, stubborn: bool = False) -> None:
        self.listens = listens
        self.stubborn = stubborn
        self.sent = 0
        self.told = False
        self.raised: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async with anyio.create_task_group() as group:

            async def listen() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                self.told = True
                if not self.stubborn:
                    group.cancel_scope.cancel()

            if self.listens:
                group.start_soon(listen)
                await anyio.lowlevel.checkpoint()
            await send(start(content_length(1_000_000_000)))
            try:
                for _ in range(10_000):
                    await send(body(BODY, True))
                    self.sent += 1
            except OSError as error:
                self.raised.append(type(error).__name__)
                raise
            finally:
                group.cancel_scope.cancel()
