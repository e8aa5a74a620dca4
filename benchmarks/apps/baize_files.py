"""baize's `FileResponse`."""

from __future__ import annotations

from typing import Any

from baize.asgi import FileResponse

from . import path_of
from .memory import plain as memory

__all__ = ["plain"]


async def plain(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http" or scope["path"] == "/tiny":
        await memory(scope, receive, send)
        return
    response = FileResponse(path_of(scope["path"]), content_type="video/mp4")
    await response(scope, receive, send)
