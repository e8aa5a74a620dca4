"""Sanic as an ASGI app; its handlers hand over files themselves."""

from __future__ import annotations

import logging
from typing import Any

from frameworks import resources
from frameworks.resources import Site, note, variants
from sanic import Sanic
from sanic.response import file_stream, raw

from rangeserve import hand_over
from rangeserve.handover import handover_of

# Its banner at every start is no record of a request.
logging.getLogger("sanic.root").setLevel(logging.WARNING)
Sanic.test_mode = True


def make(name: str) -> Any:
    app = Sanic(name, configure_logging=False)

    @app.route("/file", methods=["GET", "HEAD"])
    async def file(request: Any) -> Any:
        if handover_of(request.scope) is not None:
            hand_over(request.scope, resources.FILM)
            return raw(b"", content_type="video/mp4")
        return await file_stream(resources.FILM)

    @app.get("/unintegrated")
    async def unintegrated(request: Any) -> Any:
        return await file_stream(resources.FILM)

    @app.route("/stream", methods=["GET", "HEAD"])
    async def stream(request: Any) -> Any:
        response = await request.respond(headers=resources.STREAM_FIELDS)
        try:
            for number in range(resources.CHUNKS):
                note("chunks")
                await response.send(resources.chunk(number))
            await response.eof()
        finally:
            note("finally")

    @app.route("/small", methods=["GET", "HEAD"])
    async def small(request: Any) -> Any:
        fields = {**resources.SMALL_FIELDS, "content-length": str(len(resources.SMALL))}
        return raw(resources.SMALL, headers=fields, content_type="text/plain")

    @app.get("/script.js")
    async def script(request: Any) -> Any:
        fields = resources.SCRIPT_FIELDS
        return raw(resources.SCRIPT, headers=fields, content_type="text/javascript")

    return app


plain, function = make("plain"), make("function")


@function.on_response
async def seen(request: Any, response: Any) -> None:
    response.headers["x-function"] = "seen"


app = Site(variants(plain, function=function), lifespans=(plain, function))
