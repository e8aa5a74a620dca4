"""No framework: an ASGI app in a few lines. Its files are handed over."""

from __future__ import annotations

from typing import Any

from frameworks import resources
from frameworks.resources import Site, note, variants

from rangeserve import hand_over
from rangeserve.handover import handover_of


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """Never listens for a disconnect; `send` raises when nobody wants more."""
    path = scope["path"]
    if path == "/file" and handover_of(scope) is not None:
        hand_over(scope, resources.FILM)
        await answer(send, {}, b"")
    elif path == "/file":
        await answer(send, {}, resources.FILM.read_bytes())
    elif path == "/stream":
        try:
            await start(send, resources.STREAM_FIELDS)
            for number in range(resources.CHUNKS):
                note("chunks")
                chunk = resources.chunk(number)
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            note("finally")
    elif path == "/small":
        await answer(send, resources.SMALL_FIELDS, resources.SMALL)
    else:
        await answer(send, resources.SCRIPT_FIELDS, resources.SCRIPT)


async def start(send: Any, fields: dict[str, str]) -> None:
    headers = [(name.encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def answer(send: Any, fields: dict[str, str], body: bytes) -> None:
    fields = {"content-type": "text/plain", **fields}
    await start(send, {**fields, "content-length": str(len(body))})
    await send({"type": "http.response.body", "body": body})


app = Site(variants(bare))
