"""Quart, with the extension and quart-cors."""

from __future__ import annotations

from typing import Any

from frameworks import resources
from frameworks.resources import Site, note, variants
from quart import Quart, Response, send_file
from quart_cors import cors as quart_cors

from rangeserve.integrations.quart import RangeServe


def make(kind: type[Quart] = Quart, pause: Any = resources.pause) -> Quart:
    app = kind(__name__)

    @app.get("/file")
    async def file() -> Response:
        return await send_file(resources.FILM)

    @app.get("/stream")
    async def stream() -> Response:
        return Response(resources.chunks(pause), headers=resources.STREAM_FIELDS)

    @app.get("/small")
    async def small() -> Response:
        return Response(resources.SMALL, headers=resources.SMALL_FIELDS, mimetype="text/plain")

    @app.get("/script.js")
    async def script() -> Response:
        fields = resources.SCRIPT_FIELDS
        return Response(resources.SCRIPT, headers=fields, mimetype="text/javascript")

    @app.teardown_request
    async def teardown(error: BaseException | None) -> None:
        note("teardown")

    return app


def make_function(kind: type[Quart] = Quart, pause: Any = resources.pause) -> Quart:
    app = make(kind, pause)

    @app.after_request
    async def seen(response: Response) -> Response:
        response.headers["x-function"] = "seen"
        return response

    return app


def extended(app: Quart) -> Quart:
    RangeServe(app)
    RangeServe(app)
    return app


app = Site(
    variants(
        extended(make()),
        bare=make(),
        cors=quart_cors(
            extended(make()), allow_origin=resources.ORIGIN, expose_headers=resources.EXPOSED
        ),
        function=extended(make_function()),
    )
)
