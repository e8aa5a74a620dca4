"""What the hostile requests are sent to: one resource, from a file and from a stream."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from rangeserve import RangeMiddleware

RESOURCE = Path(os.environ["RANGESERVE_HOSTILE_RESOURCE"])
DATA = RESOURCE.read_bytes()
_LENGTH = (b"content-length", b"%d" % len(DATA))
_TYPE = (b"content-type", b"application/octet-stream")


async def resource(scope: Any, receive: Any, send: Any) -> None:
    """`/file` is a path, which is seeked; anything else comes in pieces."""
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    if scope["path"] == "/file":
        await send({"type": "http.response.start", "status": 200, "headers": [_LENGTH, _TYPE]})
        if "http.response.pathsend" in scope["extensions"]:
            await send({"type": "http.response.pathsend", "path": str(RESOURCE)})
            return
    else:
        validators = [
            (b"etag", b'"hostile-v1"'),
            (b"last-modified", b"Wed, 21 Oct 2015 07:28:00 GMT"),
        ]
        fields = [_LENGTH, _TYPE, *validators]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
    for at in range(0, len(DATA), 65_536):
        piece = DATA[at : at + 65_536]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body"})


app = RangeMiddleware(resource, pathsend=True)
