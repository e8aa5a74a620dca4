"""A binary file object that is already open, as a source."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import Final, Protocol

from ..errors import ResponseError
from .threads import in_thread

__all__ = ["OpenFileSource"]

_CHUNK: Final = 256 * 1024


class SeekableFile(Protocol):
    """What is needed of a file object: binary, seekable."""

    def seek(self, offset: int, whence: int = 0, /) -> int: ...

    def read(self, size: int = -1, /) -> bytes | None: ...

    def close(self) -> None: ...


class OpenFileSource:
    """A binary, seekable file object: an open file, a `ZipExtFile`, a `GzipFile`, ...

    Each read seeks to its own offset and reads 256 KiB at a time in a worker thread, under
    one lock: requests can share the object, nobody else may use it meanwhile. Its position
    afterwards is undefined. For a file that has a name, a path is the faster source.

    `size` (bytes) is measured by seeking to the end, now, unless it is given. With `close`
    the object is closed when the response that it was handed over for is done with it.
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
        self._file = file
        self._lock = threading.Lock()
        self._close = close
        self.size: int = file.seek(0, os.SEEK_END) if size is None else size
        self.etag = etag
        self.last_modified = last_modified
        self.content_type = content_type

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes `[start, stop)`; `ResponseError` if the file ends before `stop`."""
        while start < stop:
            chunk = await in_thread(partial(self._read_at, start, min(_CHUNK, stop - start)))
            if not chunk:
                raise ResponseError(f"the file object ends at {start}, {stop} was expected")
            start += len(chunk)
            yield chunk

    def _read_at(self, start: int, count: int) -> bytes | None:
        with self._lock:
            self._file.seek(start)
            return self._file.read(count)

    async def aclose(self) -> None:
        """Close the file object if that was asked for."""
        if self._close:
            await in_thread(self._file.close)
