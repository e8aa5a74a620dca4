"""Clients that leave, wait or fail in the middle of 4 MiB, and apps that send those."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from rangeserve import Outcome, RangeMiddleware, ResponseFinished
from support.driver import http_scope
from support.messages import DISCONNECT, body, content_length, is_final, pathsend, start
from support.waiting import SECONDS

KIB = 1024

SIZE = 4 * KIB * KIB

CHUNK = 64 * KIB

PART = [("Range", f"bytes=10-{SIZE - 10}")]

WAYS = [pytest.param([], id="whole"), pytest.param(PART, id="part")]


class FromFile:
    """An app that answers with a path, as Starlette does."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send(start(content_length(SIZE)))
        await send(pathsend(self.path))


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
        await send(start(content_length(SIZE)))
        for at in range(0, SIZE, CHUNK):
            self.produced += 1
            await send(body(bytes(CHUNK), at + CHUNK < SIZE))


class Client:
    """The server's end of a request; `act` is awaited in each send, with the number of messages."""

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
        with anyio.fail_after(SECONDS):
            wrapped = RangeMiddleware(app, observer=self.events.append)
            await wrapped(http_scope(headers=headers), receive or self.receive, self.send)

    @property
    def final(self) -> bool:
        return any(map(is_final, self.messages))

    @property
    def outcome(self) -> Outcome:
        finished = self.events[-1]
        assert isinstance(finished, ResponseFinished)
        return finished.outcome


async def turns(count: int = 30) -> None:
    for _ in range(count):
        await anyio.lowlevel.checkpoint()
