"""`ZipSource`: files and other sources as a ZIP archive that is never built."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable, Iterator, Mapping
from contextlib import aclosing, closing
from datetime import datetime
from functools import partial
from os import PathLike, fspath
from os.path import abspath
from typing import Final, cast

from anyio.lowlevel import checkpoint

from ..errors import ResponseError
from .blocking import close_all_blocking, needs_loop
from .composed import close_all, read_exactly
from .crc32 import Progress
from .mounts import device_of
from .planned import PlannedFile, add_to_each
from .protocol import Source
from .threads import HASHES, LOOK_UPS, in_thread
from .unavailable import SourceUnavailable
from .zip_blocking import read_zip_blocking
from .zip_layout import Data
from .zip_plan import ZipMember, ZipPlan

__all__ = ["ZipMember", "ZipSource", "open_zip"]

_CHUNK_BYTES: Final = 64 * 1024  # small pieces are sent together


class ZipSource:
    """A ZIP archive of some `members`, in their order, as a source: stored, not compressed.

    Nothing is built: where each byte is follows from the names and sizes, and a range reads only
    the members in it. The CRC-32 of a member is computed when a range has it for the first time:
    it stands behind the data of the member, and again in the directory at the end, with those of
    all others. It is kept for later responses; that of a file by its device, inode, size and times.

    `size` is that of the archive, in bytes. `etag` is made of the names, sizes, times and
    entity-tags of the members: it is `None` unless each has a strong one. `last_modified` is the
    latest of their times, `None` unless each has one. Both may be set, and so may `content_type`.

    A member that is no longer what it was when the ZipSource was made cuts the response
    (`ResponseError`). `aclose` closes the sources that can be closed. `ValueError` if two members
    have the same name.
    """

    def __init__(self, members: Iterable[ZipMember]) -> None:
        plan = self._plan = ZipPlan(members)
        self.size: int = plan.layout.size
        self.etag: str | None = plan.etag
        self.last_modified: datetime | None = plan.last_modified
        self.content_type: str | None = "application/zip"

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes `[start, stop)` of the archive, in chunks.

        `ResponseError` if a member has changed or cannot be read.
        """
        small: list[bytes] = []
        waiting = 0
        async with aclosing(self._chunks(start, stop)) as chunks:
            async for chunk in chunks:
                small.append(chunk)
                waiting += len(chunk)
                if waiting >= _CHUNK_BYTES:
                    yield b"".join(small)
                    small, waiting = [], 0
        if small:
            yield b"".join(small)

    @property
    def needs_loop(self) -> bool:
        """Whether a member can only be read in an event loop, so that `read_blocking` fails."""
        return any(needs_loop(each.source) for each in self._plan.members if each.source)

    def read_blocking(self, start: int, stop: int) -> Iterator[bytes]:
        """As `read`, in the thread of the caller."""
        return _joined(read_zip_blocking(self._plan, start, stop))

    async def aclose(self) -> None:
        """Close the sources that can be closed, each once."""
        await close_all(self._sources())

    def close(self) -> None:
        """As `aclose`, for sources with a `close`."""
        close_all_blocking(self._sources())

    def _sources(self) -> Iterator[Source]:
        return (each.source for each in self._plan.members if each.source is not None)

    async def _chunks(self, start: int, stop: int) -> AsyncGenerator[bytes]:
        """As `read`, but in chunks that may be tiny."""
        for group in self._plan.groups(start, stop):
            if isinstance(group, Data):
                async with aclosing(self._data(group)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            else:
                while missing := self._plan.missing(group):
                    await self._learn(missing)
                yield self._plan.bytes_of(group)

    async def _data(self, piece: Data) -> AsyncGenerator[bytes]:
        """The bytes of a piece of a member. Those that its CRC-32 lacks are added to it."""
        member, facts = self._plan.members[piece.number], self._plan.facts[piece.number]
        progress = self._plan.progress(piece.number) if member.crc32 is None else None
        assert member.source is not None
        position = piece.start
        reading = read_exactly(member.source, facts, piece.start, piece.stop, repr(member.name))
        async with aclosing(reading) as chunks:
            async for chunk in chunks:
                if progress is not None:
                    progress.add(position, chunk)
                position += len(chunk)
                yield chunk

    async def _learn(self, missing: list[int]) -> None:
        """Compute the CRC-32 of the first of these members, or one turn of the files with it."""
        source = self._plan.members[missing[0]].source
        if isinstance(source, PlannedFile):
            await self._learn_files(missing, source.device)
            return
        async with aclosing(self._data(self._plan.rest_of(missing[0]))) as chunks:
            async for _ in chunks:
                await checkpoint()

    async def _learn_files(self, numbers: Iterable[int], device: int) -> None:
        """Take one turn in computing what is missing of the files on a device."""
        files: list[tuple[PlannedFile, Progress]] = []
        for number in numbers:
            source = self._plan.members[number].source
            if isinstance(source, PlannedFile) and source.device == device:
                files.append((source, self._plan.progress(number)))
        try:
            await in_thread(partial(add_to_each, files), HASHES, device)
        except (OSError, SourceUnavailable) as error:  # too late for a status
            raise ResponseError(f"a member cannot be read: {error}") from error


async def open_zip(members: Mapping[str, Source | str | PathLike[str] | None]) -> ZipSource:
    """A `ZipSource` of files and other sources: by their names in the archive, in this order.

    A path is that of a regular file, which is looked at now and opened when it is read. `None` is
    a folder, whose name ends in a slash. Members whose CRC-32 is known are made with `ZipMember`.

    `OSError` if a file cannot be looked at, `ResponseError` if it is not a regular file,
    `ValueError` for a name that `ZipMember` or `ZipSource` refuses and for a NUL in a path,
    `SourceUnavailable` (503) if the storage does not answer others either.
    """
    paths: dict[int | None, dict[str, str]] = {}
    for name, source in members.items():
        if isinstance(source, (str, PathLike)):
            path: str = abspath(fspath(source))
            paths.setdefault(device_of(path), {})[name] = path
    sources: dict[str, Source | None] = {}
    for device, on_device in paths.items():
        sources.update(await in_thread(partial(_look_at, on_device), LOOK_UPS, device))
    return ZipSource(
        ZipMember(name, sources[name] if name in sources else cast("Source | None", source))
        for name, source in members.items()
    )


def _look_at(paths: Mapping[str, str]) -> dict[str, PlannedFile]:
    """The files at some paths as they are now; blocking."""
    return {name: PlannedFile(path, os.stat(path)) for name, path in paths.items()}


def _joined(chunks: Generator[bytes]) -> Iterator[bytes]:
    """The same bytes, small chunks together."""
    small: list[bytes] = []
    waiting = 0
    with closing(chunks):
        for chunk in chunks:
            small.append(chunk)
            waiting += len(chunk)
            if waiting >= _CHUNK_BYTES:
                yield b"".join(small)
                small, waiting = [], 0
    if small:
        yield b"".join(small)
