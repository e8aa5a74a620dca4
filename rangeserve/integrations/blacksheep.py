"""BlackSheep: `file` in a handler, and `serve_files`, hand over their files.
app = Application()
FileHandOver(app)                       # before `app.serve_files(...)`
app.serve_files("static")

@get("/film")
async def film(request: Request) -> Response:
    return file(request, "film.mp4", "video/mp4")

app = RangeMiddleware(app)
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from os import PathLike, fspath
from os.path import abspath
from typing import Any, Final, cast

from .._requires import require

require("blacksheep", "2.6.1", extra="blacksheep")

from blacksheep import Application, Content, Request, Response, StreamedContent
from blacksheep.common.files.asyncfs import FilesHandler
from blacksheep.server.responses import ContentDispositionType
from blacksheep.server.responses import file as file_response

from ..handover import Handover, handover_of

__all__ = ["FileHandOver", "file"]

_handover: Final[ContextVar[Handover | None]] = ContextVar("rangeserve.blacksheep", default=None)


def file(
    request: Request,
    path: str | PathLike[str],
    content_type: str,
    *,
    file_name: str | None = None,
    content_disposition: ContentDispositionType = ContentDispositionType.ATTACHMENT,
) -> Response:
    """The response of `blacksheep.file` for a path, with a Content-Length; it hands over the file.

    Without a `RangeMiddleware` the response streams the file itself. `OSError` if the file
    does not exist.
    """
    path = abspath(fspath(path))
    size = os.stat(path).st_size
    response = file_response(
        path, content_type, file_name=file_name, content_disposition=content_disposition
    )
    handover = handover_of(request.scope or {})
    if handover is not None and handover.source is None:
        handover.same_as_body(path)
    response.content = _streamed(response.content, handover, size)
    return response


def _streamed(content: Content | None, handover: Handover | None, size: int) -> StreamedContent:
    """The content with its `size` in bytes; empty if the middleware serves the file."""
    assert isinstance(content, StreamedContent)
    whole = cast("Callable[[], AsyncIterator[bytes]]", content.generator)

    async def body() -> AsyncIterator[bytes]:
        if handover is None or not handover.accepted:
            async for chunk in whole():
                yield chunk

    return StreamedContent(content.type, body, size)


class FileHandOver:
    """Makes `app.serve_files` hand over its files, for calls that come later.

    Applying it to an app a second time does nothing.
    """

    def __init__(self, app: Application) -> None:
        if not isinstance(app.files_handler, _Files):
            app.files_handler = _Files()
            app.middlewares.append(_note_handover)


async def _note_handover(request: Request, handler: Callable[[Request], Awaitable[Any]]) -> Any:
    _handover.set(handover_of(request.scope or {}))
    return await handler(request)


class _Files(FilesHandler):
    """The file reader of `serve_files`: only its `chunks` tells which file is to be sent."""

    async def chunks(self, file_path: str, chunk_size: int = 64 * 1024) -> AsyncIterator[Any]:
        """The file in chunks of `chunk_size` bytes; one chunk if the middleware serves it."""
        handover = _handover.get()
        if handover is not None and handover.source is None:
            handover.same_as_body(abspath(file_path))
        whole = cast("AsyncIterator[Any]", super().chunks(file_path, chunk_size))
        async for chunk in whole:
            yield chunk
            if handover is not None and handover.accepted:
                return
