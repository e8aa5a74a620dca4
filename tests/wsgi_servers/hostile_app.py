"""What the hostile requests are sent to, and one fault for each path."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rangeserve.wsgi import RangeMiddleware, hand_over

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.descriptors import open_files

RESOURCE = Path(os.environ["RANGESERVE_HOSTILE_RESOURCE"])
SIZE = RESOURCE.stat().st_size
TYPE = ("Content-Type", "application/octet-stream")
LENGTH = ("Content-Length", str(SIZE))
VALIDATORS = [("ETag", '"hostile-v1"'), ("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")]
PIECE = 65_536


def resource(environ: dict[str, Any], start_response: Any) -> Any:
    """`/file` is seeked, `/stream` comes in pieces, the others fail after ten of them."""
    path = environ["PATH_INFO"]
    if path == "/descriptors":
        gc.collect()  # Werkzeug's server does not close what it was given if the client resets
        text = str(len(open_files(str(RESOURCE)))).encode()
        start_response("200 OK", [TYPE])
        return [text]
    if path == "/none":
        hand_over(environ, RESOURCE.with_name("secret"))
    fields = [TYPE, LENGTH, *(VALIDATORS if path != "/file" else [])]
    start_response("200 OK", fields)
    if path == "/file":
        return environ["wsgi.file_wrapper"](RESOURCE.open("rb"))
    return pieces(path)


def pieces(path: str) -> Iterator[bytes]:
    with RESOURCE.open("rb") as file:
        for place, piece in enumerate(iter(lambda: file.read(PIECE), b"")):
            if path == "/short" and place == 10:
                return
            if path == "/raises" and place == 10:
                raise LookupError("the app's own")
            yield piece


app = RangeMiddleware(resource)
