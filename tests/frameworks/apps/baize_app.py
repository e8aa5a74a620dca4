"""baize."""

from __future__ import annotations

from typing import Any

from baize.asgi import FileResponse, PlainTextResponse, StreamResponse
from frameworks import resources
from frameworks.resources import Site, variants


class Script(PlainTextResponse):
    media_type = "text/javascript"


async def baize(scope: Any, receive: Any, send: Any) -> None:
    responses: dict[str, Any] = {
        "/file": lambda: FileResponse(str(resources.FILM)),
        "/stream": lambda: StreamResponse(resources.chunks(), headers=resources.STREAM_FIELDS),
        "/small": lambda: PlainTextResponse(resources.SMALL, headers=resources.SMALL_FIELDS),
        "/script.js": lambda: Script(resources.SCRIPT, headers=resources.SCRIPT_FIELDS),
    }
    await responses[scope["path"]]()(scope, receive, send)


app = Site(variants(baize))
