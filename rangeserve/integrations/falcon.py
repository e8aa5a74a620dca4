"""Falcon (ASGI): a file as `resp.stream`, and static routes, hand over their file.

    app = falcon.asgi.App(middleware=[FileHandOver()])
    app.add_static_route("/static", "/srv/static")
    app = RangeMiddleware(app)

Falcon does not tell which file a static route has opened. To have these files handed over, name
the routes a second time: `FileHandOver(static={"/static": "/srv/static"})`.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from functools import partial
from os.path import abspath, join
from pathlib import Path
from stat import S_ISREG
from typing import Any, Union, cast

from .._requires import require

require("falcon", "4.0", extra="falcon")

from falcon.asgi import Request, Response

from ..handover import Handover, handover_of
from ..sources.file_object import path_of, raw_of
from ..sources.mounts import device_of
from ..sources.threads import LOOK_UPS, in_thread
from ..sources.unavailable import SourceUnavailable

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
        found = await self._found(stream, req.path, resp)
        if found is None:
            return
        path, size = found
        if resp.get_header("Content-Length") is None:
            resp.content_length = size
        handover.same_as_body(path)
        resp.stream = cast("Any", _Body(stream, handover))

    async def _found(self, stream: Any, target: str, resp: Response) -> tuple[str, int] | None:
        """The path and the size, in bytes, of the file that is sent; `None` if it is not known.

        It is asked for in a thread, because the storage may not answer.
        """
        raw = raw_of(getattr(stream, "wrapped", None)) or raw_of(getattr(stream, "raw", None))
        if raw is not None:
            opened = partial(_opened, raw)
            found = await _in_thread(opened, None if isinstance(raw.name, int) else raw.name)
            if found is not None:
                return found
        for prefix, folder in self._static.items():
            if target.startswith(prefix):
                path = abspath(join(folder, target[len(prefix) :]))
                fields = (resp.get_header("Content-Length"), resp.get_header("ETag"))
                found = await _in_thread(partial(_static, path, fields), path)
                if found is not None:
                    return found
        return None


async def _in_thread(
    look: Callable[[], tuple[str, int] | None], name: str | bytes | None
) -> tuple[str, int] | None:
    """What `look` finds of the file called `name`; `None` if no thread is free for it."""
    device = None if name is None else device_of(os.fsdecode(name))
    try:
        return await in_thread(look, LOOK_UPS, device)
    except SourceUnavailable:
        return None


def _opened(raw: io.FileIO) -> tuple[str, int] | None:
    """Path and size of an open file from which nothing has been read; blocking."""
    if raw.closed or raw.tell() != 0:
        return None
    path = path_of(raw)
    return None if path is None else (path, os.fstat(raw.fileno()).st_size)


def _static(path: str, fields: tuple[str | None, str | None]) -> tuple[str, int] | None:
    """Path and size of a static file, if they and its time are those in the response; blocking.

    `fields`: its Content-Length and its ETag.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    tag = f'"{int(status.st_mtime):x}-{status.st_size:x}"'
    size = str(status.st_size)
    is_it = S_ISREG(status.st_mode) and fields in ((size, tag), (size, None))
    return (path, status.st_size) if is_it else None


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
