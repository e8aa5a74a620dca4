"""`OpenFileSource`: a binary file object that is already open."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol, cast

from .._checks import check_etag, shown
from ..errors import ResponseError
from .threads import CLOSES, READS, in_thread
from .unavailable import SourceUnavailable

__all__ = ["OpenFileSource", "SeekableFile"]

_CHUNK_BYTES: Final = 256 * 1024


class SeekableFile(Protocol):
    """The methods that a binary, seekable file object must have."""

    def seek(self, offset: int, whence: int = 0, /) -> int: ...

    def read(self, size: int = -1, /) -> bytes | None: ...

    def close(self) -> None: ...


class OpenFileSource:
    """A source that reads a binary, seekable file object: an open file, a `ZipExtFile`, ...

    Each read seeks to its own offset and reads 256 KiB at a time in a worker thread, under a
    lock. So several requests can share the object, but no other code may use it meanwhile. Its
    position afterwards is undefined. For a file that has a name, a path is the faster source.

    `size` is in bytes; unless it is given, it is measured at once by seeking to the end. `etag`
    is a quoted entity-tag (else `ValueError`); a `last_modified` without a time zone is taken as
    UTC. With `close` the object is closed as soon as the response for which it was handed over
    needs it no more. `TypeError` for what is no binary file object.
    """

    def __init__(
        self,
        file: SeekableFile,
        *,
        size: int | None = None,
        etag: str | None = None,
        last_modified: datetime | None = None,
        content_type: str | None = None,
        close: bool = False,
    ) -> None:
        check_etag(etag)
        if isinstance(file, io.TextIOBase):
            raise TypeError("this file is open as text, and bytes are sent: open(path, 'rb')")
        if not (hasattr(file, "seek") and hasattr(file, "read")):
            raise TypeError(f"OpenFileSource takes a binary file that is open, not {shown(file)}")
        self._file = file
        self._lock = threading.Lock()
        self._device = _device_of(file)
        self._close = close
        self.size: int = file.seek(0, os.SEEK_END) if size is None else size
        self.etag = etag
        self.last_modified = last_modified
        self.content_type = content_type

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes `[start, stop)`, in chunks.

        `ResponseError` if the file ends before `stop`, or no thread becomes free.
        """
        while start < stop:
            read = partial(self._read_now, start, stop)
            try:
                chunk = await in_thread(read, READS, self._device)
            except SourceUnavailable as unavailable:  # too late for its status
                raise ResponseError(str(unavailable)) from unavailable
            start += len(chunk)
            yield chunk

    def read_blocking(self, start: int, stop: int) -> Iterator[bytes]:
        """As `read`, in the thread of the caller."""
        while start < stop:
            chunk = self._read_now(start, stop)
            start += len(chunk)
            yield chunk

    def _read_now(self, start: int, stop: int) -> bytes:
        """The first chunk of `[start, stop)`; blocking. `ResponseError` if there is none."""
        with self._lock:
            self._file.seek(start)
            chunk = self._file.read(min(_CHUNK_BYTES, stop - start))
        if not chunk:
            raise ResponseError(f"the file object ends at {start}, {stop} was expected")
        return chunk

    async def aclose(self) -> None:
        """Close the file object, if `close` was true."""
        if self._close:
            await in_thread(self.close, CLOSES, self._device)

    def close(self) -> None:
        """As `aclose`, once a read that was left behind has returned; blocking."""
        if self._close:
            with self._lock:
                self._file.close()


def _device_of(file: SeekableFile) -> int | None:
    """The number of the device that a file object is on, `None` if it has no descriptor."""
    try:
        return os.fstat(cast("Any", file).fileno()).st_dev
    except (AttributeError, OSError, TypeError, ValueError):
        return None
