"""The app whose clients do not read: a file and a stream, bare and wrapped; `/taken` tells."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

from rangeserve import RangeMiddleware, hand_over

FOLDER = Path(os.environ.get("RANGESERVE_TEST_FOLDER", "."))
CHUNK = bytes(range(256)) * 256
SIZE = 192 * 1024 * 1024

if os.environ.get("RANGESERVE_TEST_LIMITED"):
    from rangeserve.integrations.hypercorn import limit_http2_buffers

    limit_http2_buffers()

taken: Counter[str] = Counter()  # bytes that the server has taken, and what has ended


async def responses(scope: Any, receive: Any, send: Any) -> None:
    fields = [(b"content-type", b"video/mp4"), (b"content-length", b"%d" % SIZE)]
    start = {"type": "http.response.start", "status": 200, "headers": fields}
    if scope["path"] == "/file":
        hand_over(scope, FOLDER / "file")
        await send(start)
        await send({"type": "http.response.body"})
        return
    await send(start)
    for at in range(0, SIZE, len(CHUNK)):
        more = at + len(CHUNK) < SIZE
        await send({"type": "http.response.body", "body": CHUNK, "more_body": more})


ranged = RangeMiddleware(responses)


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/taken":
        told = f"{taken['bytes']} {taken['ended']}".encode()
        fields = [(b"content-length", b"%d" % len(told))]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": told})
        return

    async def counted(message: Any) -> None:
        await send(message)
        taken["bytes"] += len(message.get("body", b""))

    try:
        wanted = responses if scope["path"] == "/bare" else ranged
        await wanted(scope, receive, counted)
    finally:
        taken["ended"] += 1
