"""`ZipPlan`: the members of a ZIP archive and where they are; knows no way of reading them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from typing import Final, Union

from .composed import Facts, combined_etag, facts_of, latest
from .crc32 import Progress, progress_of
from .protocol import Identified, Source
from .zip_layout import Data, Layout, Piece, Record
from .zip_names import check_name, check_names
from .zip_records import Entry

__all__ = ["Group", "ZipMember", "ZipPlan"]

_MAX_RECORDS: Final = 512  # whose CRC-32 is looked for together
_FOLDER_TAG: Final = '""'

Group = Union[Data, "list[bytes | Record]"]


class ZipMember:
    """One member of a ZIP archive: the `source` of its bytes, or `None` for a folder.

    `name` is its path in the archive, with slashes; that of a folder ends in one. `crc32` is the
    CRC-32 of the content, if it is known; it is not checked. `modified` is the time of the
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
        self.name: str = name
        self.source: Source | None = source
        self.crc32: int | None = crc32
        self.modified: datetime | None = (
            source.last_modified if modified is None and source else modified
        )


class ZipPlan:
    """The plan of an archive: its `members`, the `facts` of their sources, `entries` and `layout`.

    It keeps what is known of the CRC-32 of each. `ValueError` if two members have the same name.
    """

    def __init__(self, members: Iterable[ZipMember]) -> None:
        self.members: tuple[ZipMember, ...] = tuple(members)
        check_names(member.name for member in self.members)
        self.facts: tuple[Facts, ...] = tuple(map(_facts_of, self.members))
        self.entries: tuple[Entry, ...] = tuple(map(_entry_of, self.members, self.facts))
        self.layout: Layout = Layout(self.entries)
        self._own_progress: dict[int, Progress] = {}

    @property
    def etag(self) -> str | None:
        """The strong entity-tag of the archive, quoted; `None` unless each member has one."""
        return combined_etag("zip", map(_tag_of, self.members, self.entries))

    @property
    def last_modified(self) -> datetime | None:
        """The latest time of a member, `None` unless each has one."""
        return latest(each.modified for each in self.members)

    def groups(self, start: int, stop: int) -> Iterator[Group]:
        """What the bytes `[start, stop)` are, in order: data alone, what lies between in lists."""
        return _grouped(self.layout.pieces(start, stop))

    def bytes_of(self, group: list[bytes | Record]) -> bytes:
        """The bytes of headers and records; nothing is `missing` of them any more."""
        return b"".join(map(self._bytes_of, group))

    def missing(self, group: list[bytes | Record]) -> list[int]:
        """The numbers of the members whose CRC-32 is needed for a group, and not known yet."""
        numbers = {each.number for each in group if isinstance(each, Record)}
        return sorted(number for number in numbers if self._crc(number) is None)

    def progress(self, number: int) -> Progress:
        """The CRC-32 of a member, as far as it has been computed."""
        progress = self._own_progress.get(number)
        if progress is None:
            source = self.members[number].source
            if isinstance(source, Identified):
                progress = progress_of(source.content_identity)
            else:
                progress = Progress()
            self._own_progress[number] = progress
        return progress

    def rest_of(self, number: int) -> Data:
        """What the CRC-32 of a member lacks."""
        return Data(number, self.progress(number).position, self.entries[number].size)

    def _bytes_of(self, piece: bytes | Record) -> bytes:
        if isinstance(piece, bytes):
            return piece
        crc = self._crc(piece.number)
        assert crc is not None
        return self.layout.record(piece, crc)

    def _crc(self, number: int) -> int | None:
        entry = self.entries[number]
        return self.progress(number).result(entry.size) if entry.crc is None else entry.crc


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


def _grouped(pieces: Iterator[Piece]) -> Iterator[Group]:
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
