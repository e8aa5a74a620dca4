"""A film behind a gate as AWS Lambda has it: real Mangum, and no response over 6 MB.

`plain` is the app without a cap; `app` has one. `/passed` tells what went through.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
from typing import Any

from mangum import Mangum
from platforms.events import event
from starlette.applications import Starlette
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from rangeserve import Limits, RangeMiddleware

MOST = 6_291_556  # bytes of JSON
FILM = os.environ["PLATFORMS_FILM"]
PAGE = "<!doctype html><video src=/film.mp4 muted preload=auto></video>"


async def film(request: Any) -> FileResponse:
    return FileResponse(FILM)


async def page(request: Any) -> HTMLResponse:
    return HTMLResponse(PAGE)


async def nothing(request: Any) -> Response:
    return Response(status_code=204)


site = Starlette(
    routes=[Route("/", page), Route("/film.mp4", film), Route("/favicon.ico", nothing)]
)


class Gate:
    """Calls a handler with an event for each request, and refuses a response that is too large."""

    def __init__(self, app: Any) -> None:
        self._handler = Mangum(app, lifespan="off")
        self._passed: list[dict[str, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        if scope["path"] == "/passed":
            answer = {"statusCode": 200, "headers": {}, "body": json.dumps(self._passed)}
        else:
            fields = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
            asked = event(scope["path"], fields, scope["method"])
            answer = await asyncio.to_thread(self._call, asked)
            size = len(json.dumps(answer))
            self._passed.append(
                {
                    "path": scope["path"],
                    "range": fields.get("range"),
                    "status": answer["statusCode"],
                    "content_range": answer["headers"].get("content-range"),
                    "size": size,
                }
            )
            if size > MOST:
                answer = {"statusCode": 502, "headers": {}, "body": "too large"}
        body = answer["body"]
        content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
        headers = [(name.encode(), value.encode()) for name, value in answer["headers"].items()]
        if "content-length" not in answer["headers"]:
            headers.append((b"content-length", b"%d" % len(content)))
        await send(
            {"type": "http.response.start", "status": answer["statusCode"], "headers": headers}
        )
        await send({"type": "http.response.body", "body": content})

    def _call(self, asked: dict[str, Any]) -> dict[str, Any]:
        """In a thread: Mangum runs an event loop of its own."""
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            return self._handler(asked, None)
        finally:
            asyncio.set_event_loop(None)
            loop.close()


app = Gate(RangeMiddleware(site, limits=Limits(max_body_size=4_500_000)))
plain = Gate(RangeMiddleware(site))
