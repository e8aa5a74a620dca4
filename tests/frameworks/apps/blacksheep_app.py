"""BlackSheep with `FileHandOver` and `file`."""

from __future__ import annotations

from typing import Any

from blacksheep import Application, Content, Request, Response, StreamedContent
from blacksheep.server.compression import use_gzip_compression
from blacksheep.server.responses import file as whole_file
from blacksheep.server.routing import Router
from frameworks import resources
from frameworks.resources import Site, variants

from rangeserve.integrations.blacksheep import FileHandOver, file


def make(*, integrated: bool = True) -> Application:
    router = Router()
    app = Application(router=router)
    if integrated:
        FileHandOver(app)
        FileHandOver(app)
    app.serve_files(str(resources.FOLDER), root_path="static")

    async def serve_file(request: Request) -> Response:
        return file(request, resources.FILM, "video/mp4", file_name="film.mp4")

    async def unintegrated(request: Request) -> Response:
        return whole_file(str(resources.FILM), "video/mp4")

    async def stream(request: Request) -> Response:
        async def chunks() -> Any:
            async for chunk in resources.chunks():
                yield chunk

        content = StreamedContent(b"video/mp4", chunks, resources.STREAM_SIZE)
        return Response(200, [(b"etag", resources.STREAM_TAG.encode())], content)

    async def small(request: Request) -> Response:
        content = Content(b"text/plain", resources.SMALL)
        return Response(200, [(b"etag", resources.SMALL_TAG.encode())], content)

    async def script(request: Request) -> Response:
        content = Content(b"application/javascript", resources.SCRIPT)
        return Response(200, [(b"etag", resources.SCRIPT_TAG.encode())], content)

    for path, handler in {
        "/file": serve_file,
        "/unintegrated": unintegrated,
        "/stream": stream,
        "/small": small,
        "/script.js": script,
    }.items():
        router.add_get(path, handler)
        router.add_head(path, handler)
    return app


async def function_style(request: Request, handler: Any) -> Response:
    response: Response = await handler(request)
    response.add_header(b"x-function", b"seen")
    return response


plain, bare, gzip, cors, function = make(), make(integrated=False), make(), make(), make()
use_gzip_compression(gzip)
cors.use_cors(allow_methods="GET", allow_origins=resources.ORIGIN, expose_headers=resources.EXPOSED)
function.middlewares.append(function_style)

app = Site(
    variants(plain, bare=bare, gzip=gzip, cors=cors, function=function),
    lifespans=(plain, bare, gzip, cors, function),
)
