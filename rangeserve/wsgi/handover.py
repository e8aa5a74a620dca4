"""What a view hands over to the middleware, through the environ."""

from __future__ import annotations

import io
from collections.abc import Mapping
from os import PathLike
from typing import Any, Union, cast

from werkzeug.datastructures import Range

from .._checks import shown
from ..handover import Handover
from ..sources.blocking import needs_loop
from ..sources.memory import BytesLike, BytesSource
from ..sources.open_file import SeekableFile
from ..sources.protocol import ReadsBlocking, Source
from .environ import HANDOVER
from .files import HeldFile, source_of

__all__ = ["hand_over", "requested_range"]

BlockingBody = Union[ReadsBlocking, str, "PathLike[str]", BytesLike, SeekableFile]


def hand_over(environ: Mapping[str, Any], source: BlockingBody) -> None:
    """Give the middleware the source of the response body.

    `source`: a path, bytes, an open binary file, which is sent from its position on and is closed
    afterwards, or a source with a `read_blocking` (see `sources.ReadsBlocking`), such as what
    `open_zip` gives.

    To be called before the response starts, from any view; the view then answers 200 with the
    fields it wants and an empty body, which is discarded. A relative path is resolved now.
    `RuntimeError` if no `RangeMiddleware` takes part in this request: it is not installed, skips
    this request, or the method is neither GET nor HEAD. `TypeError` for a source that only an
    event loop can read, and for anything else.
    """
    if not hasattr(environ, "get"):
        raise TypeError(f"hand_over takes the environ (request.environ), not {shown(environ)}")
    handover: Handover | None = environ.get(HANDOVER)
    if handover is None:
        if "type" in environ:
            raise TypeError("this is a scope of ASGI: rangeserve.hand_over takes it")
        raise RuntimeError(
            "no RangeMiddleware takes this source: none is wrapped around the app, it skips "
            f"this request, or the method is {environ.get('REQUEST_METHOD')}"
        )
    handover.instead_of_body(_source(source))


def requested_range(environ: Mapping[str, Any]) -> Range | None:
    """The Range that the client asked for, as `rangeserve.requested_range` has it.

    `None` if nothing was asked for that a `RangeMiddleware` could act on.
    """
    handover: Handover | None = environ.get(HANDOVER)
    return handover.range if handover is not None else None


def _source(given: BlockingBody) -> Source | str | PathLike[str]:
    if isinstance(given, (str, PathLike)):
        return given
    if isinstance(given, (bytes, bytearray, memoryview)):
        return BytesSource(given)
    if isinstance(given, ReadsBlocking):
        if needs_loop(given):
            kind = type(given).__name__
            raise TypeError(f"this {kind} has an async part, which WSGI cannot await")
        return cast("Source", given)
    if isinstance(given, io.TextIOBase):
        raise TypeError("this file is open as text, and bytes are sent: open(path, 'rb')")
    if hasattr(given, "seek"):
        source = source_of(given, None, measure=True)
        if source is None:
            raise TypeError(f"{given!r} cannot be read at offsets")
        if isinstance(source, HeldFile):
            given.close()
        else:
            source.is_owned = True
        return cast("Source", source)
    if hasattr(given, "read"):
        raise TypeError(
            f"{shown(given)} cannot be served under WSGI: it has no read_blocking, "
            "and WSGI has no event loop for an async read"
        )
    raise TypeError(
        "what is handed over is a path, bytes, a file that is open for reading in binary, or a "
        f"source with a read_blocking, not {shown(given)}"
    )
