"""A bare application that hands over a path (`http.response.pathsend`) and nothing else."""

from __future__ import annotations

import os
from typing import Any

from rangeserve import RangeMiddleware

from . import path_of
from .memory import plain as memory

__all__ = ["app", "ranged"]


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http" or scope["path"] == "/tiny":
        await memory(scope, receive, send)
        return
    path = path_of(scope["path"])
    length = b"%d" % os.stat(path).st_size
    headers = [(b"content-type", b"video/mp4"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.pathsend", "path": path})


ranged = RangeMiddleware(app, pathsend=True)
