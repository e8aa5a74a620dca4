"""`Opened`: the files of one response, from when they are opened until they are closed."""

from __future__ import annotations

import logging
from typing import Final, cast

from .._asgi.actions import Open, Serve
from ..core.representation import read_representation
from ..handover import Handover
from ..sources.etags import EtagMaker, make_etag_blocking
from ..sources.file import FileSource
from ..sources.protocol import Source
from .files import FileWrapper, HeldFile, OwnFile, PositionedFile, source_of
from .start import Start

__all__ = ["Opened"]

_logger: Final = logging.getLogger("rangeserve")


class Opened:
    """Opens files, gives them validators, and closes them with whatever was handed over.

    `etag` and `last_modified` are those of `RangeMiddleware`.
    """

    def __init__(self, handover: Handover, etag: EtagMaker | None, last_modified: bool) -> None:
        self._handover = handover
        self._etag = etag
        self._last_modified = last_modified
        self._offered: HeldFile | PositionedFile | None = None
        self._file: FileSource | None = None

    def offer(self, wrapped: FileWrapper, start: Start, *, measure: bool) -> None:
        """Hand over the file that the app has `wrapped`, if it can be read at offsets.

        `measure` is that of `source_of`.
        """
        representation = read_representation(start.fields)
        if self._handover.source is not None or representation.length_in_doubt:
            return
        length = representation.content_length
        self._offered = source = source_of(wrapped.file, length, measure=measure)
        if source is not None and length is None:
            self._handover.instead_of_body(cast("Source", source))
        elif source is not None:
            self._handover.same_as_body(cast("Source", source), length)

    def complete(self, start: Start) -> None:
        """Add the validators of an open file that was handed over."""
        held = self._handover.source
        if isinstance(held, HeldFile):
            length = read_representation(start.fields).content_length
            self._add_validators(held, Open(held.path, not start.has_field("etag"), length))

    def open(self, action: Open) -> FileSource:
        """Open the file at a path. Errors are those of `FileSource.open`."""
        file = self._file = OwnFile(action.path)
        file.open()
        self._add_validators(file, action)
        return file

    def _add_validators(self, file: FileSource, action: Open) -> None:
        if self._etag is not None and action.wants_etag(file.size):
            file.etag = make_etag_blocking(self._etag, file)
        if not self._last_modified:
            file.last_modified = None

    def is_whole_of_wrapped(self, serve: Serve) -> bool:
        """Whether what is to be served is the file that the app has wrapped, to its end."""
        source = self._offered
        return (
            source is not None
            and source is serve.source
            and source.reaches_end
            and serve.plan.status == 200
        )

    def close(self) -> None:
        """Close all of them; one that fails is logged. A second call does nothing."""
        for source in (self._file, *self._handover.replaced, self._handover.withdraw()):
            close = getattr(source, "close", None)
            if close is not None:
                try:
                    close()
                except Exception:
                    _logger.exception("a source failed when it was closed")
        self._file, self._handover.replaced = None, ()
