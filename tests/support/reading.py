"""Reading a source outside of a response."""

from __future__ import annotations

import io
from contextlib import aclosing
from typing import Any

import anyio

__all__ = ["SeekableSource", "read_of"]


async def read_of(source: Any, start: int = 0, stop: int | None = None) -> bytes:
    """The bytes `[start, stop)` of a source, all of them unless something else is said."""
    async with aclosing(source.read(start, source.size if stop is None else stop)) as chunks:
        return b"".join([chunk async for chunk in chunks])


class SeekableSource(io.RawIOBase):
    """A source as a binary file, for code that is not async; `bytes_read` counts what it gave."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._position = 0
        self.bytes_read = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}
        self._position = begin[whence] + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        stop = min(self._position + len(buffer), self._source.size)
        if stop <= self._position:
            return 0
        found = anyio.run(read_of, self._source, self._position, stop)
        buffer[: len(found)] = found
        self._position += len(found)
        self.bytes_read += len(found)
        return len(found)
