"""A clip as a stream, under `RangeMiddleware`: what a database or another server would give.

The app knows nothing of ranges and cannot seek. `STREAM_FILE` names the clip.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import anyio

from rangeserve import RangeMiddleware
from rangeserve._command.access import AccessLog

CLIP = Path(os.environ["STREAM_FILE"])
PAGE = b"<!doctype html><video id=v src=/stream.mp4 muted preload=metadata></video>"


async def stream(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    if scope["path"] != "/stream.mp4":
        fields = [(b"content-type", b"text/html"), (b"content-length", b"%d" % len(PAGE))]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": PAGE})
        return
    fields = [
        (b"content-type", b"video/mp4"),
        (b"content-length", str(CLIP.stat().st_size).encode()),
        (b"etag", b'"clip"'),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    async with await anyio.open_file(CLIP, "rb") as file:
        while chunk := await file.read(64 * 1024):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


log = AccessLog(lambda line: print(line, file=sys.stderr, flush=True))
app = log.around(RangeMiddleware(stream, observer=log.observe))
