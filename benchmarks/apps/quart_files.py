"""Quart's `send_file(conditional=True)`, and the same view with the extension."""

from __future__ import annotations

from quart import Quart, Response, send_file

from rangeserve.integrations.quart import RangeServe

from . import TINY, path_of

__all__ = ["plain", "ranged"]


def _make() -> Quart:
    app = Quart(__name__)

    @app.get("/files/<name>")
    async def file(name: str) -> Response:
        return await send_file(path_of(name), mimetype="video/mp4", conditional=True)

    @app.get("/tiny")
    async def tiny() -> Response:
        return Response(TINY, content_type="application/json")

    return app


plain = _make()
ranged = _make()
RangeServe(ranged)
