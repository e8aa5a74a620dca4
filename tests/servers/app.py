"""The app behind each server: a file, a stream, and what goes wrong; on asyncio and trio."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel

from rangeserve import RangeMiddleware, ResponseFinished, hand_over

FOLDER = Path(os.environ.get("RANGESERVE_TEST_FOLDER", "."))
PATHSEND = "http.response.pathsend"
CHUNK = 64 * 1024
CHUNKS = 64
TAG = '"one"'

seen: Counter[str] = Counter()
finished: list[dict[str, Any]] = []


def chunk(number: int) -> bytes:
    return (b"%07d " % number) * (CHUNK // 8)


def observe(event: object) -> None:
    if isinstance(event, ResponseFinished):
        finished.append(
            {
                "path": event.path,
                "sent": event.bytes_sent,
                "outcome": event.outcome.value,
                "status": event.status,
            }
        )


async def plain(scope: Any, receive: Any, send: Any) -> None:
    path = scope["path"]
    if path == "/file":
        hand_over(scope, FOLDER / "file")
        await start(send, None)
        await send({"type": "http.response.body"})
    elif path == "/path":
        await start(send, (FOLDER / "file").stat().st_size)
        if PATHSEND in (scope.get("extensions") or {}):
            await send({"type": PATHSEND, "path": str(FOLDER / "file")})
        else:
            await send({"type": "http.response.body", "body": (FOLDER / "file").read_bytes()})
    elif path == "/fifo":
        await start(send, None)
        await send({"type": "http.response.pathsend", "path": str(FOLDER / "fifo")})
    elif path == "/stream":
        await stream(send)
    elif path == "/short":
        await start(send, CHUNK * 2)
        await send({"type": "http.response.body", "body": chunk(0), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def start(send: Any, length: int | None) -> None:
    headers = [(b"content-type", b"video/mp4"), (b"etag", TAG.encode())]
    if length is not None:
        headers.append((b"content-length", b"%d" % length))
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def stream(send: Any) -> None:
    try:
        await start(send, CHUNK * CHUNKS)
        for number in range(CHUNKS):
            seen["chunks"] += 1
            body = {"type": "http.response.body", "body": chunk(number), "more_body": True}
            await send(body)
            await anyio.lowlevel.checkpoint()
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        seen["finally"] += 1


ranged = RangeMiddleware(plain, observer=observe)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Notes the types of the messages that reach the server; `/seen` tells of them."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/seen":
        told = json.dumps({"seen": seen, "finished": finished}).encode()
        seen.clear()
        finished.clear()
        headers = [(b"content-length", b"%d" % len(told))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": told})
        return

    async def noted(message: Any) -> None:
        seen[message["type"]] += 1
        await send(message)

    await ranged(scope, receive, noted)
