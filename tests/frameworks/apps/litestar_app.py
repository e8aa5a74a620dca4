"""Litestar with the `FileHandOver` plugin."""

from __future__ import annotations

from typing import Any

from frameworks import resources
from frameworks.resources import Site, note, ranged, variants
from litestar import Litestar, MediaType, Response, get, head
from litestar.background_tasks import BackgroundTask
from litestar.config.compression import CompressionConfig
from litestar.config.cors import CORSConfig
from litestar.middleware import AbstractMiddleware
from litestar.response import File, Stream
from litestar.static_files import create_static_files_router

from rangeserve.integrations.litestar import FileHandOver


def make_file() -> File:
    return File(resources.FILM, filename="film.mp4", background=BackgroundTask(note, "filed"))


def make_stream() -> Stream:
    return Stream(
        resources.chunks(),
        headers=resources.STREAM_FIELDS,
        background=BackgroundTask(note, "background"),
    )


def make_small() -> Response[bytes]:
    return Response(resources.SMALL, headers=resources.SMALL_FIELDS, media_type=MediaType.TEXT)


def handlers() -> list[Any]:
    """New ones for each app: Litestar's handlers belong to one."""

    @get("/file")
    async def file() -> File:
        return make_file()

    @head("/file")
    async def head_file() -> File:
        return make_file()

    @get("/cached", cache=True)
    async def cached() -> File:
        return make_file()

    @get("/stream")
    async def stream() -> Stream:
        return make_stream()

    @head("/stream")
    async def head_stream() -> Response[None]:
        return Response(None, headers=resources.STREAM_FIELDS)

    @get("/small")
    async def small() -> Response[bytes]:
        return make_small()

    @head("/small")
    async def head_small() -> Response[None]:
        fields = {**resources.SMALL_FIELDS, "content-length": str(len(resources.SMALL))}
        return Response(None, headers=fields)

    @get("/script.js")
    async def script() -> Response[bytes]:
        fields = resources.SCRIPT_FIELDS
        return Response(resources.SCRIPT, headers=fields, media_type="text/javascript")

    return [file, head_file, cached, stream, head_stream, small, head_small, script]


class Function(AbstractMiddleware):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_seen(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-function", b"seen")]
            await send(message)

        await self.app(scope, receive, send_seen)


def make(**options: Any) -> Litestar:
    static = create_static_files_router(path="/static", directories=[resources.FOLDER])
    options = {"plugins": [FileHandOver(), FileHandOver()], **options}
    return Litestar([*handlers(), static], openapi_config=None, **options)


def noted(response: Any) -> Any:
    note("own hook")
    return response


plain = make()
gzip = make(compression_config=CompressionConfig("gzip", minimum_size=500))
cors = make(
    cors_config=CORSConfig(allow_origins=[resources.ORIGIN], expose_headers=list(resources.EXPOSED))
)
function = make(middleware=[Function])
hooked = make(after_request=noted)
apps = (plain, gzip, cors, function, hooked)

app = Site(
    variants(
        plain,
        bare=make(plugins=[]),
        gzip=gzip,
        cors=cors,
        function=function,
        more={"hooked": ranged(hooked)},
    ),
    lifespans=apps,
)
