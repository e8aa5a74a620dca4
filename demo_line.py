"""A line between the demo and its viewers: it counts what it carries, and takes its time.

On one machine some megabytes lie in buffers before a player that has enough hangs up. A server
that sends little more than is played, as streaming sites do, sends little in vain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs


@dataclass
class Carried:
    """A response on the line.

    `sent` is how much of its body has been carried so far, in bytes; `at` is when its request
    came, in seconds of the loop's clock; `visit` names the page it is for, empty for none.
    """

    at: float
    visit: str
    sent: int = 0


carried: ContextVar[Carried | None] = ContextVar("carried", default=None)
"""The response that the running code belongs to."""


@dataclass(frozen=True)
class Pace:
    """`fast` bytes a second for the first `ahead` bytes of a response, then `slow`."""

    fast: int
    ahead: int
    slow: int


class Line:
    """An ASGI app: `app` at the end of a line, for requests whose path is one of `paths`.

    `pace(scope)` says how fast a response is carried; if it is `None`, the line only counts.
    """

    def __init__(
        self, app: Callable[..., Any], paths: Container[str], pace: Callable[[Any], Pace | None]
    ) -> None:
        self._app = app
        self._paths = paths
        self._pace = pace

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the request to the app, and what it sends to the client."""
        if scope["type"] != "http" or scope["path"] not in self._paths:
            await self._app(scope, receive, send)
            return
        clock = asyncio.get_running_loop().time
        query = parse_qs(scope["query_string"].decode("latin-1"))
        response = Carried(clock(), query.get("visit", [""])[0])
        carried.set(response)
        pace = self._pace(scope)
        free = response.at  # when the line is free for the next bytes

        async def carry(message: Any) -> None:
            nonlocal free
            size = len(message.get("body", b""))
            if pace is not None and size:
                await asyncio.sleep(free - clock())
                rate = pace.fast if response.sent < pace.ahead else pace.slow
                free = max(free, clock()) + size / rate
            await send(message)
            response.sent += size

        await self._app(scope, receive, carry)
