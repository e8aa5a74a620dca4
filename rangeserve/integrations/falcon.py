"""Falcon (ASGI): a file as `resp.stream`, and static routes, hand over their file.

    app = falcon.asgi.App(middleware=[FileHandOver()])
    app.add_static_route("/static", "/srv/static")
    app = RangeMiddleware(app)

Falcon does not tell which file a static route has opened. To have these files handed over, name
the routes a second time: `FileHandOver(static={"/static": "/srv/static"})`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from os.path import abspath, join
from pathlib import Path
from stat import S_ISREG
from typing import Any, Union, cast

from .._requires import require

require("falcon", "4.0", extra="falcon")

from falcon.asgi import Request, Response

from ..handover import Handover, handover_of
from ..sources.open_file import raw_of
from ._files import path_of

__all__ = ["FileHandOver"]


class FileHandOver:
    """The middleware component. It must be first in the list, so that it sees the response last.

    The stream of a response is handed over if it is a file of `aiofiles` or of `anyio.open_file`
    from which nothing has been read; the Content-Length is set if the responder did not set it.
    `static` maps the prefixes of static routes to their folders.
    """

    def __init__(self, *, static: Mapping[str, Union[str, Path]] | None = None) -> None:
        self._static = {
            prefix.rstrip("/") + "/": abspath(folder) for prefix, folder in (static or {}).items()
        }

    async def process_response(
        self, req: Request, resp: Response, resource: object, req_succeeded: bool
    ) -> None:
        """Hand over the file of `resp`; Falcon calls this after the responder."""
        handover = handover_of(req.scope)
        stream: Any = resp.stream
        if (
            handover is None
            or handover.source is not None
            or stream is None
            or resp.status_code != 200
            or resp.get_header("Content-Encoding")
        ):
            return
        path = _path(stream) or self._static_path(req.path, resp)
        if path is None:
            return
        if resp.get_header("Content-Length") is None:
            resp.content_length = os.stat(path).st_size
        handover.same_as_body(path)
        resp.stream = cast("Any", _Body(stream, handover))

    def _static_path(self, target: str, resp: Response) -> str | None:
        """The path of a static route's file, if its size and time are those in the response."""
        for prefix, folder in self._static.items():
            if target.startswith(prefix):
                path = abspath(join(folder, target[len(prefix) :]))
                try:
                    status = os.stat(path)
                except (OSError, ValueError):
                    continue
                fields = (resp.get_header("Content-Length"), resp.get_header("ETag"))
                tag = f'"{int(status.st_mtime):x}-{status.st_size:x}"'
                size = str(status.st_size)
                if S_ISREG(status.st_mode) and fields in ((size, tag), (size, None)):
                    return path
        return None


def _path(stream: Any) -> str | None:
    """The path of an async file from which nothing has been read, `None` for anything else."""
    raw = raw_of(getattr(stream, "wrapped", None)) or raw_of(getattr(stream, "raw", None))
    if raw is None or raw.closed or raw.tell() != 0:
        return None
    return path_of(raw)


class _Body:
    """A stream that is empty if the middleware serves the file."""

    def __init__(self, stream: Any, handover: Handover) -> None:
        self._stream = stream
        self._handover = handover

    async def read(self, size: int = -1) -> bytes:
        if self._handover.accepted:
            return b""
        chunk: bytes = await self._stream.read(size)
        return chunk

    async def close(self) -> None:
        if hasattr(self._stream, "close"):
            await self._stream.close()
