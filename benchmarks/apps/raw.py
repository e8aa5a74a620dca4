"""The least that a server can do for a file: an application that opens, reads and sends.

Without thought of validators, of the client that leaves, or of a disk that lets it wait.
"""

from __future__ import annotations

import os
from typing import Any

from . import path_of
from .memory import plain as memory

__all__ = ["plain"]

_CHUNK_BYTES = 256 * 1024


async def plain(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http" or scope["path"] == "/tiny":
        await memory(scope, receive, send)
        return
    fd = os.open(path_of(scope["path"]), os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(fd).st_size
        status, start, stop = 200, 0, size
        for name, value in scope["headers"]:
            if name == b"range":
                first, _, last = value[6:].partition(b"-")
                status, start, stop = 206, int(first), int(last) + 1
        headers = [(b"content-type", b"video/mp4"), (b"content-length", b"%d" % (stop - start))]
        if status == 206:
            headers.append((b"content-range", b"bytes %d-%d/%d" % (start, stop - 1, size)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        while start < stop:
            chunk = os.pread(fd, min(_CHUNK_BYTES, stop - start), start)
            start += len(chunk)
            await send({"type": "http.response.body", "body": chunk, "more_body": start < stop})
    finally:
        os.close(fd)
