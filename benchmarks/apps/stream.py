"""rangeserve over a stream, which cannot seek: every byte before the range is read."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from rangeserve import RangeMiddleware

from . import path_of

__all__ = ["ranged"]


async def _read(path: str) -> AsyncIterator[bytes]:
    async with await anyio.open_file(path, "rb") as file:
        while chunk := await file.read(256 * 1024):
            yield chunk


async def _file(request: Request) -> StreamingResponse:
    path = path_of(request.url.path)
    headers = {"content-length": str(os.stat(path).st_size)}
    return StreamingResponse(_read(path), media_type="video/mp4", headers=headers)


ranged = RangeMiddleware(Starlette(routes=[Route("/files/{name}", _file)]))
