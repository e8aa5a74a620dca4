"""What a typed user of rangeserve writes; checked strictly against the installed wheel."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from quart import Quart, request
from quart.wrappers import Response
from starlette.applications import Starlette
from werkzeug.datastructures import Range

from rangeserve import (
    Event,
    Limits,
    RangeMiddleware,
    Reason,
    ResponseFinished,
    ResponseStarted,
    Source,
    hand_over,
    parse_range,
    requested_range,
)
from rangeserve.integrations.quart import RangeServe
from rangeserve.sources import FileSource


class Zeros:
    """A source written by a user; no base class needed."""

    size = 1 << 20
    etag: str | None = '"zeros"'
    last_modified: datetime | None = None
    content_type: str | None = None

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        yield bytes(stop - start)


zeros: Source = Zeros()


def observe(event: Event) -> None:
    if isinstance(event, ResponseStarted):
        reason: Reason | None = event.reason
        print(event.status, reason, [part.length for part in event.ranges])
    else:
        finished: ResponseFinished = event
        print(finished.bytes_sent, finished.seconds, finished.outcome.value)


def tag(file: FileSource) -> str:
    return f'"{file.size}-{file.status.st_mtime_ns}"'


quart_app = Quart(__name__)
RangeServe(quart_app, limits=Limits(max_ranges=8), etag=tag, observer=observe)


@quart_app.get("/")
async def view() -> Response:
    asked: Range | None = requested_range(request.scope)
    hand_over(request.scope, zeros if asked is None else os.fspath(__file__))
    return Response(b"")


starlette_app = Starlette()
starlette_app.add_middleware(RangeMiddleware, skip=lambda scope: scope["path"] == "/proxy")


async def bare(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


wrapped = RangeMiddleware(bare, observer=None)
parsed: Range | None = parse_range("bytes=0-1")
