"""The limit of a server: an app that sends one buffer again and again, and never yields."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

from . import TINY, path_of

__all__ = ["plain"]

_CHUNK = bytes(256 * 1024)
_TINY_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(TINY)),
    ],
}
_TINY_BODY = {"type": "http.response.body", "body": TINY}


@lru_cache
def _size(path: str) -> int:
    return os.stat(path_of(path)).st_size


async def plain(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    if scope["path"] == "/tiny":
        await send(_TINY_START)
        await send(_TINY_BODY)
        return
    size = _size(scope["path"])
    status, start, stop = 200, 0, size
    for name, value in scope["headers"]:
        if name == b"range":
            first, _, last = value[6:].partition(b"-")
            status, start, stop = 206, int(first), int(last) + 1
    remaining = stop - start
    headers = [(b"content-type", b"video/mp4"), (b"content-length", b"%d" % remaining)]
    if status == 206:
        headers.append((b"content-range", b"bytes %d-%d/%d" % (start, stop - 1, size)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    while remaining > len(_CHUNK):
        remaining -= len(_CHUNK)
        await send({"type": "http.response.body", "body": _CHUNK, "more_body": True})
    await send({"type": "http.response.body", "body": _CHUNK[:remaining], "more_body": False})
