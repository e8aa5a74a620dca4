"""Falcon (ASGI) with the `FileHandOver` component."""

from __future__ import annotations

from typing import Any

import aiofiles
import anyio
import falcon
import falcon.asgi
from frameworks import resources
from frameworks.resources import Site, note, variants

from rangeserve.integrations.falcon import FileHandOver


class Resource:
    async def on_head(self, req: Any, resp: Any) -> None:
        await self.on_get(req, resp)  # type: ignore[attr-defined]


async def schedule() -> None:
    note("background")


class File(Resource):
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.stream = await aiofiles.open(resources.FILM, "rb")
        resp.content_type = "video/mp4"
        resp.schedule(schedule)


class SizedFile(Resource):
    async def on_get(self, req: Any, resp: Any) -> None:
        stream = await anyio.open_file(resources.FILM, "rb")
        resp.set_stream(_Closing(stream), resources.FILM.stat().st_size)


class _Closing:
    """anyio's files are closed by `aclose`, Falcon calls `close`."""

    def __init__(self, stream: Any) -> None:
        self.wrapped = stream.wrapped
        self.read = stream.read
        self.close = stream.aclose


class Stream(Resource):
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.stream = resources.chunks()
        resp.content_length = resources.STREAM_SIZE
        resp.etag = resources.STREAM_TAG.strip('"')
        resp.schedule(schedule)


class Small(Resource):
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.data = resources.SMALL
        resp.content_type = "text/plain"
        resp.etag = resources.SMALL_TAG.strip('"')
        resp.schedule(schedule)


class Script(Resource):
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.data = resources.SCRIPT
        resp.content_type = "text/javascript"


class Function:
    async def process_response(self, req: Any, resp: Any, resource: Any, ok: bool) -> None:
        resp.set_header("X-Function", "seen")


def make(*middleware: Any) -> Any:
    app = falcon.asgi.App(middleware=[*middleware])
    app.add_route("/file", File())
    app.add_route("/sized-file", SizedFile())
    app.add_route("/stream", Stream())
    app.add_route("/small", Small())
    app.add_route("/script.js", Script())
    app.add_static_route("/static", str(resources.FOLDER.absolute()))
    return app


def ours() -> FileHandOver:
    return FileHandOver(static={"/static": resources.FOLDER})


class Bare:
    async def process_response(self, req: Any, resp: Any, resource: Any, ok: bool) -> None:
        pass


app = Site(
    variants(
        make(ours(), ours()),
        bare=make(Bare()),
        cors=make(
            ours(),
            falcon.CORSMiddleware(
                allow_origins=resources.ORIGIN, expose_headers=list(resources.EXPOSED)
            ),
        ),
        function=make(ours(), Function()),
    )
)
