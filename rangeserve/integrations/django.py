"""Django: a `FileResponse` hands over its file, or its `BytesIO`.

    MIDDLEWARE = ["rangeserve.integrations.django.FileHandOver", ...]     # settings.py
    application = RangeMiddleware(get_asgi_application())                 # asgi.py

It must be first in the list, so that it sees the response last. Under WSGI, and without a
`RangeMiddleware`, it does nothing; of a file under WSGI the log says so once. It works in
synchronous and in asynchronous chains.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from typing import Any, Final, Union, cast

from .._requires import require

require("Django", "5.2", extra="django")

import asgiref.sync
from django.core.files.base import File
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase

from ..handover import Handover, handover_of
from ..sources.file_object import path_of, raw_of
from ..sources.memory import BytesSource
from ..sources.open_file import OpenFileSource
from ..sources.protocol import Source
from ..wsgi.environ import HANDOVER

__all__ = ["FileHandOver"]

GetResponse = Callable[[HttpRequest], Union[HttpResponseBase, Awaitable[HttpResponseBase]]]

_CHUNK_BYTES: Final = 64 * 1024
_WSGI: Final = (
    "this file is sent by WSGI (`manage.py runserver` is WSGI, unless daphne is the first of "
    "INSTALLED_APPS), and no RangeMiddleware is there: run the ASGI application, as in "
    "`uvicorn project.asgi:application`, or wrap that of WSGI in rangeserve.wsgi.RangeMiddleware"
)
_said: Final[set[str]] = set()
_logger: Final = logging.getLogger("rangeserve")


class FileHandOver:
    """The middleware class. If it is listed twice, the second one does nothing."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        # With asgiref, because `inspect` of Python 3.10 and 3.11 cannot mark an object.
        self._asynchronous: bool = cast("Any", asgiref.sync).iscoroutinefunction(get_response)
        if self._asynchronous:
            asgiref.sync.markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """The response of the view; if its body is a file, the file is handed over."""
        if self._asynchronous:
            return self._later(request)
        return _hand_over_file(request, cast("HttpResponseBase", self.get_response(request)))

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        response = await cast("Awaitable[HttpResponseBase]", self.get_response(request))
        return _hand_over_file(request, response)


def _hand_over_file(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    scope = getattr(request, "scope", None)
    environ = getattr(request, "environ", {})  # there it reads what Django gives the server
    nobody_slices = scope is None and HANDOVER not in environ
    if nobody_slices and isinstance(response, FileResponse) and _WSGI not in _said:
        _said.add(_WSGI)
        _logger.warning("%s", _WSGI)
    handover = handover_of(scope or {})
    if (
        handover is None
        or handover.source is not None
        or not isinstance(response, FileResponse)
        or response.status_code != 200
        or response.has_header("Content-Encoding")
    ):
        return response
    file = cast("Any", response.file_to_stream)
    length = response.headers.get("Content-Length", "")
    source = _source(file, int(length)) if length.isdigit() else None
    if source is not None:
        handover.same_as_body(source)
        # The body is async, because Django would first read a synchronous one whole into a list.
        # `response.close()` still closes the file.
        response.streaming_content = _body(file, handover)
    return response


def _source(file: Any, length: int) -> Source | str | None:
    """The source for `file`, `None` if it cannot be read at offsets, or not from its beginning."""
    while _is_plain_wrapper(file):
        file = file.file
    try:
        position: int = file.tell()
        if isinstance(file, BytesIO):
            return BytesSource(memoryview(file.getvalue())[position:])
        if position != 0 or not file.seekable():
            return None
    except (AttributeError, OSError, ValueError):
        return None
    raw = raw_of(file)
    path = path_of(raw) if raw is not None else None
    return path if path is not None else OpenFileSource(file, size=length)


def _is_plain_wrapper(file: object) -> bool:
    """Whether `file` is a Django `File` that gives the bytes of the file in it, unchanged."""
    file_class: Any = type(file)
    return issubclass(file_class, File) and file_class.read is File.read


async def _body(file: Any, handover: Handover) -> AsyncIterator[bytes]:
    """The bytes of the file in chunks; none if the middleware serves it."""
    if handover.accepted:
        return
    read = asgiref.sync.sync_to_async(file.read)
    while chunk := await read(_CHUNK_BYTES):
        yield chunk
