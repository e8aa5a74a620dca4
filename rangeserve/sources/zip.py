"""`ZipSource`: files and other sources as a ZIP archive that is never built."""

from __future__ import annotations

import math
import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping
from contextlib import aclosing
from datetime import datetime, timezone
from functools import partial
from os import PathLike, fspath
from os.path import abspath
from typing import Final, cast

from anyio.lowlevel import checkpoint

from ..errors import ResponseError
from .composed import Facts, close_all, combined_etag, facts_of, latest, read_exactly
from .crc32 import Progress, progress_of
from .mounts import device_of
from .planned import PlannedFile, add_to_each
from .protocol import Identified, Source
from .threads import HASHES, LOOK_UPS, in_thread
from .unavailable import SourceUnavailable
from .zip_layout import Data, Layout, Piece, Record
from .zip_names import check_name, check_names
from .zip_records import Entry

__all__ = ["ZipMember", "ZipSource", "open_zip"]

_CHUNK_BYTES: Final = 64 * 1024  # small pieces are sent together
_MAX_RECORDS: Final = 512  # whose CRC-32 is looked for together
_FOLDER_TAG: Final = '""'


class ZipMember:
    """One member of a ZIP archive: the `source` of its bytes, or `None` for a folder.

    `name` is its path in the archive, with slashes; that of a folder ends in one. `crc32` is the
    CRC-32 of the content, if it is known: it is taken at its word. `modified` is the time of the
    member, without a time zone in UTC; `None` for that of the source.

    `ValueError` for a name that is not safe, for a name and a source that do not agree on whether
    the member is a folder, and for a `crc32` that is none.
    """

    __slots__ = ("crc32", "modified", "name", "source")

    def __init__(
        self,
        name: str,
        source: Source | None = None,
        *,
        crc32: int | None = None,
        modified: datetime | None = None,
    ) -> None:
        check_name(name)
        if name.endswith("/") != (source is None):
            raise ValueError(f"a folder ends in a slash and has no source: {name!r}")
        if crc32 is not None and not 0 <= crc32 < 1 << 32:
            raise ValueError(f"not a CRC-32: {crc32!r}")
        self.name = name
        self.source = source
        self.crc32 = crc32
        self.modified = source.last_modified if modified is None and source else modified


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
        self._members = tuple(members)
        check_names(member.name for member in self._members)
        self._facts = tuple(map(_facts_of, self._members))
        self._entries = tuple(map(_entry_of, self._members, self._facts))
        self._layout = Layout(self._entries)
        self._own_progress: dict[int, Progress] = {}
        self.size: int = self._layout.size
        self.etag: str | None = combined_etag("zip", map(_tag_of, self._members, self._entries))
        self.last_modified: datetime | None = latest(each.modified for each in self._members)
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

    async def aclose(self) -> None:
        """Close the sources that can be closed, each once."""
        await close_all(each.source for each in self._members if each.source is not None)

    async def _chunks(self, start: int, stop: int) -> AsyncGenerator[bytes]:
        """As `read`, but in chunks that may be tiny."""
        for group in _grouped(self._layout.pieces(start, stop)):
            if isinstance(group, Data):
                async with aclosing(self._data(group)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            else:
                await self._learn({each.number for each in group if isinstance(each, Record)})
                yield b"".join(map(self._bytes_of, group))

    async def _data(self, piece: Data) -> AsyncGenerator[bytes]:
        """The bytes of a piece of a member. Those that its CRC-32 lacks are added to it."""
        member, facts = self._members[piece.number], self._facts[piece.number]
        progress = self._progress(piece.number) if member.crc32 is None else None
        assert member.source is not None
        position = piece.start
        reading = read_exactly(member.source, facts, piece.start, piece.stop, repr(member.name))
        async with aclosing(reading) as chunks:
            async for chunk in chunks:
                if progress is not None:
                    progress.add(position, chunk)
                position += len(chunk)
                yield chunk

    def _bytes_of(self, piece: bytes | Record) -> bytes:
        """The bytes of a header or record; the CRC-32 in it has been learnt."""
        if isinstance(piece, bytes):
            return piece
        crc = self._crc(piece.number)
        assert crc is not None
        return self._layout.record(piece, crc)

    def _crc(self, number: int) -> int | None:
        """The CRC-32 of a member, `None` if it has not been computed yet."""
        entry = self._entries[number]
        return self._progress(number).result(entry.size) if entry.crc is None else entry.crc

    def _progress(self, number: int) -> Progress:
        progress = self._own_progress.get(number)
        if progress is None:
            source = self._members[number].source
            if isinstance(source, Identified):
                progress = progress_of(source.content_identity)
            else:
                progress = Progress()
            self._own_progress[number] = progress
        return progress

    async def _learn(self, numbers: Iterable[int]) -> None:
        """Compute the CRC-32 of each member with one of these numbers, if it is not known."""
        while missing := sorted(number for number in numbers if self._crc(number) is None):
            source = self._members[missing[0]].source
            if isinstance(source, PlannedFile):
                await self._learn_files(missing, source.device)
            else:
                await self._read_through(missing[0])

    async def _learn_files(self, numbers: Iterable[int], device: int) -> None:
        """Take one turn in computing what is missing of the files on a device."""
        files: list[tuple[PlannedFile, Progress]] = []
        for number in numbers:
            source = self._members[number].source
            if isinstance(source, PlannedFile) and source.device == device:
                files.append((source, self._progress(number)))
        try:
            await in_thread(partial(add_to_each, files), HASHES, device)
        except (OSError, SourceUnavailable) as error:  # too late for a status
            raise ResponseError(f"a member cannot be read: {error}") from error

    async def _read_through(self, number: int) -> None:
        """Read what the CRC-32 of a member lacks, from a source that is no file."""
        size = self._entries[number].size
        data = Data(number, self._progress(number).position, size)
        async with aclosing(self._data(data)) as chunks:
            async for _ in chunks:
                await checkpoint()


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


def _facts_of(member: ZipMember) -> Facts:
    return facts_of(member.source) if member.source is not None else Facts(0, None, None)


def _entry_of(member: ZipMember, facts: Facts) -> Entry:
    """What the headers say of a member; the CRC-32 of nothing is 0."""
    modified = member.modified
    if modified is not None and modified.tzinfo is None:
        modified = modified.replace(tzinfo=timezone.utc)
    return Entry(
        member.name.encode(),
        facts.size,
        None if modified is None else math.floor(modified.timestamp()),
        member.crc32 if facts.size else 0,
    )


def _tag_of(member: ZipMember, entry: Entry) -> tuple[str | None, object]:
    """The entity-tag of a member, and what else decides about the bytes of the archive."""
    etag = member.source.etag if member.source is not None else _FOLDER_TAG
    return etag, (entry.name, entry.size, entry.modified, entry.crc)


def _grouped(pieces: Iterator[Piece]) -> Iterator[Data | list[bytes | Record]]:
    """The pieces in their order: data alone, and all that lies between in lists."""
    group: list[bytes | Record] = []
    for piece in pieces:
        if not isinstance(piece, Data):
            group.append(piece)
        if group and (isinstance(piece, Data) or len(group) == _MAX_RECORDS):
            yield group
            group = []
        if isinstance(piece, Data):
            yield piece
    if group:
        yield group
