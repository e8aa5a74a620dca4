"""File objects as bodies: which of them can be read at offsets, and from where.

A file that comes through `wsgi.file_wrapper` is sent from its present position to its end, or to
the Content-Length (PEP 3333, "Optional Platform-Specific File Handling"). That is the
representation here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from ..errors import ResponseError
from ..sources.file import FileSource
from ..sources.file_object import raw_of

__all__ = ["FileWrapper", "HeldFile", "OwnFile", "PositionedFile", "source_of"]

_BLOCK_BYTES: Final = 64 * 1024
_CHUNK_BYTES: Final = 256 * 1024


class FileWrapper:
    """The `wsgi.file_wrapper` of the app: an iterator over a file, which can be recognised.

    `file` has a `read`, and perhaps a `close`; `block_size` is in bytes.
    """

    def __init__(self, file: Any, block_size: int = _BLOCK_BYTES) -> None:
        self.file = file
        self.block_size = block_size

    def __iter__(self) -> FileWrapper:
        return self

    def __next__(self) -> bytes:
        block: bytes = self.file.read(self.block_size)
        if block:
            return block
        raise StopIteration

    def close(self) -> None:
        """Close the file, if it can be closed."""
        close = getattr(self.file, "close", None)
        if close is not None:
            close()


class OwnFile(FileSource):
    """A file that closes itself, since there are servers that forget to close what they are given.

    Werkzeug's does after the client has reset the connection, and asgiref's adapter always.
    """

    def __del__(self) -> None:
        self.close()


class HeldFile(OwnFile):
    """A whole regular file that is open as a file object, read by a descriptor of its own.

    So the position of the file object stays where it is, and the object need not stay open.
    """

    reaches_end: bool = True

    def __init__(self, path: str, fd: int) -> None:
        super().__init__(path)
        self.adopt(os.dup(fd))


class PositionedFile:
    """The `size` bytes of a seekable file object from the offset `origin` on, as a source.

    It has no validators: what the bytes depend on is not known. If it `is_owned`, the file object
    is closed with the source. `reaches_end`: the file is known to end with these bytes.
    """

    etag: str | None = None
    last_modified: datetime | None = None
    content_type: str | None = None

    def __init__(self, file: Any, origin: int, size: int, *, reaches_end: bool) -> None:
        self.size = size
        self.reaches_end = reaches_end
        self.is_owned: bool = False
        self._file = file
        self._origin = origin

    def read_blocking(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes `[start, stop)`; fewer if the file ends before."""
        self._file.seek(self._origin + start)
        while start < stop:
            chunk: bytes = self._file.read(min(_CHUNK_BYTES, stop - start))
            if not chunk:
                return
            start += len(chunk)
            yield chunk

    def close(self) -> None:
        """Close the file object, if it `is_owned`."""
        if self.is_owned:
            self._file.close()


def source_of(
    file: Any, content_length: int | None, *, measure: bool
) -> HeldFile | PositionedFile | None:
    """The source for an open `file`, which is sent from its present position on.

    A plain file that is shorter than the `content_length` (bytes) counts as it is now. `None` for
    any other that is, and for one that cannot be read at offsets. Without a `content_length` an
    object that is no plain file is measured by seeking to its end, which may be slow (a
    `GzipFile`): only if `measure`.
    """
    try:
        if not file.seekable():
            return None
        origin: int = file.tell()
        raw = raw_of(file)
        if raw is None:
            if content_length is not None:
                return PositionedFile(file, origin, content_length, reaches_end=False)
            return _measured(file, origin) if measure else None
        held = HeldFile(str(raw.name), raw.fileno())
    except (AttributeError, OSError, ValueError, ResponseError):
        return None
    rest = held.size - origin
    if origin == 0 and (content_length is None or content_length >= rest):
        return held
    held.close()
    size = rest if content_length is None else content_length
    if not 0 <= size <= rest:
        return None
    return PositionedFile(file, origin, size, reaches_end=size == rest)


def _measured(file: Any, origin: int) -> PositionedFile:
    """What follows in a file object from `origin` on; its position stays there."""
    end: int = file.seek(0, os.SEEK_END)
    file.seek(origin)
    return PositionedFile(file, origin, max(end - origin, 0), reaches_end=True)
