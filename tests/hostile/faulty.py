"""An app with one fault for each path, for real servers."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from rangeserve import RangeMiddleware

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.descriptors import open_files

FOLDER = Path(os.environ["RANGESERVE_FAULTY_FOLDER"])
SIZE = 3_000_000
PIECE = bytes(60_000)


async def faulty(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    path = scope["path"]
    if path == "/descriptors":
        text = str(len(open_files(str(FOLDER)))).encode()
        fields = [(b"content-length", b"%d" % len(text))]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": text})
        return
    fields = [(b"content-length", b"%d" % SIZE)]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    if path.startswith("/path/"):
        name = path.removeprefix("/path/")
        await send({"type": "http.response.pathsend", "path": str(FOLDER / name)})
        return
    for _ in range(10):
        await send({"type": "http.response.body", "body": PIECE, "more_body": True})
    if path == "/raises":
        raise LookupError("the app's own")
    if path == "/short":
        await send({"type": "http.response.body"})


app = RangeMiddleware(faulty)
