"""FastAPI, with a dependency that has something to tidy up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import FileResponse, Response, StreamingResponse
from frameworks import resources
from frameworks.resources import Site, note, variants

BOTH = ["GET", "HEAD"]


def connection() -> Iterator[None]:
    yield
    note("teardown")


def make() -> FastAPI:
    app = FastAPI()

    @app.api_route("/file", methods=BOTH)
    def file() -> FileResponse:
        return FileResponse(resources.FILM)

    @app.api_route("/stream", methods=BOTH)
    async def stream(
        background: BackgroundTasks,
        opened: None = Depends(connection),
    ) -> StreamingResponse:
        background.add_task(note, "background")
        return StreamingResponse(resources.chunks(), headers=resources.STREAM_FIELDS)

    @app.api_route("/small", methods=BOTH)
    def small() -> Response:
        return Response(resources.SMALL, headers=resources.SMALL_FIELDS, media_type="text/plain")

    @app.api_route("/script.js", methods=BOTH)
    def script() -> Response:
        fields = resources.SCRIPT_FIELDS
        return Response(resources.SCRIPT, headers=fields, media_type="text/javascript")

    return app


gzip = make()
gzip.add_middleware(GZipMiddleware, minimum_size=500)

cors = make()
cors.add_middleware(
    CORSMiddleware, allow_origins=[resources.ORIGIN], expose_headers=resources.EXPOSED
)

function = make()


@function.middleware("http")
async def seen(request: Any, call_next: Any) -> Any:
    response = await call_next(request)
    response.headers["x-function"] = "seen"
    return response


app = Site(variants(make(), gzip=gzip, cors=cors, function=function))
