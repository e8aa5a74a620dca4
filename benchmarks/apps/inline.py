"""A file that is read on the event loop, 256 KiB at a time: shows what a cold disk costs it."""

from __future__ import annotations

import os
from typing import Any

from . import path_of
from .memory import plain as memory

__all__ = ["plain"]


async def plain(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http" or scope["path"] == "/tiny":
        await memory(scope, receive, send)
        return
    fd = os.open(path_of(scope["path"]), os.O_RDONLY)
    try:
        remaining = os.fstat(fd).st_size
        headers = [(b"content-type", b"video/mp4"), (b"content-length", b"%d" % remaining)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while remaining:
            chunk = os.read(fd, 256 * 1024)
            remaining -= len(chunk)
            await send({"type": "http.response.body", "body": chunk, "more_body": remaining > 0})
    finally:
        os.close(fd)
