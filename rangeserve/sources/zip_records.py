"""The records of a ZIP archive as bytes. Pure: reads nothing, and knows no offsets.

The format is PKWARE's APPNOTE 6.3.10; the numbers of its sections are cited. Every member is
stored (method 0), so that its bytes in the archive are those of its source.

A member whose CRC-32 is known beforehand has it in its local header, and is then read by every
ZIP reader, also from a pipe. Otherwise the CRC-32 follows the data in a data descriptor (4.3.9),
so that a range that begins in the middle of a member needs no CRC-32 at all. Its local header
has the sizes nevertheless, though 4.4.4 says 0: readers that go from header to header, without
the central directory, then know where the data ends.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

__all__ = [
    "Entry",
    "central_header",
    "central_header_size",
    "descriptor",
    "descriptor_size",
    "end_records",
    "local_header",
    "local_header_size",
]

_MAX_16: Final = 0xFFFF  # in a field of 16 bits: see the ZIP64 field (4.4.1.4)
_MAX_32: Final = 0xFFFFFFFF

_LOCAL: Final = struct.Struct("<IHHHHHIIIHH")  # 4.3.7
_CENTRAL: Final = struct.Struct("<IHHHHHHIIIHHHHHII")  # 4.3.12
_DESCRIPTOR: Final = struct.Struct("<IIII")  # 4.3.9, with its signature
_DESCRIPTOR_64: Final = struct.Struct("<IIQQ")
_END_64: Final = struct.Struct("<IQHHIIQQQQ")  # 4.3.14
_LOCATOR_64: Final = struct.Struct("<IIQI")  # 4.3.15
_END: Final = struct.Struct("<IHHHHIIH")  # 4.3.16
_TIME: Final = struct.Struct("<HHBI")  # Info-ZIP's extended timestamp: the time in UTC

_UTF_8: Final = 1 << 11  # 4.4.4
_HAS_DESCRIPTOR: Final = 1 << 3
_VERSION: Final = 20  # 4.4.3: folders
_VERSION_64: Final = 45
_MADE_ON_UNIX: Final = 3 << 8  # 4.4.2: so the upper half of the attributes is a Unix mode
_FILE_MODE: Final = 0o100644 << 16
_FOLDER_MODE: Final = 0o40755 << 16 | 0x10  # and MS-DOS's mark of a folder
_FIRST_YEAR: Final = 1980  # of MS-DOS's times
_FIRST_TIME: Final = 315_532_800  # its first second; seconds since the epoch
_LAST_TIME: Final = 4_354_819_199  # the last second of 2107


@dataclass(frozen=True)
class Entry:
    """What the headers say of one member.

    `name` is UTF-8, and ends in a slash if the member is a folder. `size` is in bytes, and
    `modified` in seconds since the epoch, `None` if unknown. `crc` is the CRC-32 if it is known
    before the data is read; else a data descriptor follows the data.
    """

    __slots__ = ("crc", "modified", "name", "size")

    name: bytes
    size: int
    modified: int | None
    crc: int | None

    @property
    def is_64(self) -> bool:
        """Whether the size needs 64 bits."""
        return self.size >= _MAX_32


def local_header(entry: Entry) -> bytes:
    """The local file header: what comes before the data of a member."""
    size, extra = entry.size, _time_field(entry)
    if entry.is_64:  # 4.5.3: both sizes, always
        extra = struct.pack("<HHQQ", 1, 16, size, size) + extra
        size = _MAX_32
    return (
        _LOCAL.pack(
            0x04034B50,
            _version(is_64=entry.is_64),
            _flags(entry),
            0,
            *_dos_time(entry.modified),
            entry.crc or 0,
            size,
            size,
            len(entry.name),
            len(extra),
        )
        + entry.name
        + extra
    )


def local_header_size(entry: Entry) -> int:
    """The size of the local file header, in bytes."""
    return _LOCAL.size + len(entry.name) + (20 if entry.is_64 else 0) + _time_size(entry)


def descriptor(entry: Entry, crc: int) -> bytes:
    """The data descriptor, with the CRC-32 of a member that has it behind its data."""
    form = _DESCRIPTOR_64 if entry.is_64 else _DESCRIPTOR
    return form.pack(0x08074B50, crc, entry.size, entry.size)


def descriptor_size(entry: Entry) -> int:
    """The size of the data descriptor, in bytes; 0 if the member has none."""
    if entry.crc is not None:
        return 0
    return (_DESCRIPTOR_64 if entry.is_64 else _DESCRIPTOR).size


def central_header(entry: Entry, offset: int, crc: int) -> bytes:
    """The header in the central directory of a member whose local header is at `offset`."""
    size, extra, large = entry.size, _time_field(entry), b""
    if entry.is_64:  # 4.5.3: only those that do not fit, in this order
        large += struct.pack("<QQ", size, size)
        size = _MAX_32
    if offset >= _MAX_32:
        large += struct.pack("<Q", offset)
        offset = _MAX_32
    if large:
        extra = struct.pack("<HH", 1, len(large)) + large + extra
    version = _version(is_64=bool(large))
    return (
        _CENTRAL.pack(
            0x02014B50,
            _MADE_ON_UNIX | version,
            version,
            _flags(entry),
            0,
            *_dos_time(entry.modified),
            crc,
            size,
            size,
            len(entry.name),
            len(extra),
            0,
            0,
            0,
            _FOLDER_MODE if entry.name.endswith(b"/") else _FILE_MODE,
            offset,
        )
        + entry.name
        + extra
    )


def central_header_size(entry: Entry, offset: int) -> int:
    """The size of the header in the central directory, in bytes."""
    large = (16 if entry.is_64 else 0) + (8 if offset >= _MAX_32 else 0)
    return _CENTRAL.size + len(entry.name) + (4 + large if large else 0) + _time_size(entry)


def end_records(count: int, size: int, offset: int) -> bytes:
    """The end of an archive with `count` members.

    Its central directory has `size` bytes and begins at `offset`.
    """
    end = b""
    if count >= _MAX_16 or size >= _MAX_32 or offset >= _MAX_32:
        end = _END_64.pack(
            0x06064B50, _END_64.size - 12, _MADE_ON_UNIX | _VERSION_64, _VERSION_64, 0, 0,
            count, count, size, offset,
        ) + _LOCATOR_64.pack(0x07064B50, 0, offset + size, 1)  # fmt: skip
    count = min(count, _MAX_16)
    return end + _END.pack(
        0x06054B50, 0, 0, count, count, min(size, _MAX_32), min(offset, _MAX_32), 0
    )


def _version(*, is_64: bool) -> int:
    return _VERSION_64 if is_64 else _VERSION


def _flags(entry: Entry) -> int:
    return _UTF_8 if entry.crc is not None else _UTF_8 | _HAS_DESCRIPTOR


def _dos_time(modified: int | None) -> tuple[int, int]:
    """A time as MS-DOS has it (4.4.6), to 2 s and here in UTC: the time and the date."""
    if modified is None or modified < _FIRST_TIME:
        return 0, 1 << 5 | 1
    moment = datetime.fromtimestamp(min(modified, _LAST_TIME), timezone.utc)
    time = moment.hour << 11 | moment.minute << 5 | moment.second // 2
    return time, moment.year - _FIRST_YEAR << 9 | moment.month << 5 | moment.day


def _has_time_field(entry: Entry) -> bool:
    return entry.modified is not None and 0 <= entry.modified < 1 << 31


def _time_field(entry: Entry) -> bytes:
    """The extra field with the time in UTC, for times that it can hold."""
    return _TIME.pack(0x5455, 5, 1, entry.modified) if _has_time_field(entry) else b""


def _time_size(entry: Entry) -> int:
    return _TIME.size if _has_time_field(entry) else 0
