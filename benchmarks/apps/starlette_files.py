"""Starlette's `FileResponse`, which has ranges of its own."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from rangeserve import RangeMiddleware

from . import TINY, path_of

__all__ = ["plain", "ranged"]


async def _file(request: Request) -> FileResponse:
    return FileResponse(path_of(request.url.path), media_type="video/mp4")


async def _tiny(request: Request) -> Response:
    return Response(TINY, media_type="application/json")


plain = Starlette(routes=[Route("/files/{name}", _file), Route("/tiny", _tiny)])
ranged = RangeMiddleware(plain)
