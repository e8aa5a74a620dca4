"""`OpenFileSource`: a binary file object that is already open."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol, cast

from .._checks import check_etag, shown
from ..errors import ResponseError
from .threads import CLOSES, READS, in_thread
from .unavailable import SourceUnavailable

__all__ = ["OpenFileSource", "SeekableFile", "raw_of"]

_CHUNK_BYTES: Final = 256 * 1024
_BUFFERED: Final = (io.BufferedReader, io.BufferedRandom)


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
            size = min(_CHUNK_BYTES, stop - start)
            try:
                chunk = await in_thread(partial(self._read_now, size, start), READS, self._device)
            except SourceUnavailable as unavailable:  # too late for its status
                raise ResponseError(str(unavailable)) from unavailable
            if not chunk:
                raise ResponseError(f"the file object ends at {start}, {stop} was expected")
            start += len(chunk)
            yield chunk

    def _read_now(self, size: int, start: int) -> bytes | None:
        """At most `size` bytes from `start` on; blocking."""
        with self._lock:
            self._file.seek(start)
            return self._file.read(size)

    async def aclose(self) -> None:
        """Close the file object, if `close` was true."""
        if self._close:
            await in_thread(self._close_now, CLOSES, self._device)

    def _close_now(self) -> None:
        """Close the file object, once a read that was left behind has returned; blocking."""
        with self._lock:
            self._file.close()


def raw_of(file: Any) -> io.FileIO | None:
    """The unbuffered file under `file`, if `file` adds nothing but a buffer; otherwise `None`.

    An object of any other class, such as a `GzipFile`, may have a name and a descriptor, and
    still give other bytes than the file with that name has.
    """
    raw = file.raw if type(file) in _BUFFERED else file
    return raw if type(raw) is io.FileIO else None


def _device_of(file: SeekableFile) -> int | None:
    """The number of the device that a file object is on, `None` if it has no descriptor."""
    try:
        return os.fstat(cast("Any", file).fileno()).st_dev
    except (AttributeError, OSError, TypeError, ValueError):
        return None
