"""What the tests of files read, and how."""

from __future__ import annotations

from rangeserve.sources.file import FileSource
from support.content import numbered

DATA = numbered(700_000)


async def read(source: FileSource, start: int, stop: int) -> bytes:
    """The bytes `[start, stop)` of `source`."""
    return b"".join([chunk async for chunk in source.read(start, stop)])
