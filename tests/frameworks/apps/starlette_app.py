"""Starlette."""

from __future__ import annotations

from typing import Any

from frameworks import resources
from frameworks.resources import Site, note, variants
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route


async def file(request: Any) -> Response:
    return FileResponse(resources.FILM)


async def stream(request: Any) -> Response:
    return StreamingResponse(
        resources.chunks(),
        headers=resources.STREAM_FIELDS,
        background=BackgroundTask(note, "background"),
    )


async def small(request: Any) -> Response:
    return Response(resources.SMALL, headers=resources.SMALL_FIELDS, media_type="text/plain")


async def script(request: Any) -> Response:
    return Response(resources.SCRIPT, headers=resources.SCRIPT_FIELDS, media_type="text/javascript")


app = Site(
    variants(
        Starlette(
            routes=[
                Route("/file", file),
                Route("/stream", stream),
                Route("/small", small),
                Route("/script.js", script),
            ]
        )
    )
)
