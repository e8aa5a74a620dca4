"""`Layout`: where everything is in a ZIP archive that nobody has written. Pure: reads nothing.

All offsets follow from the names and the sizes of the members. What is at an offset is made when
it is asked for: the header of a member at once; the rest as a piece that says what is needed.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Union

from .zip_records import (
    Entry,
    central_header,
    central_header_size,
    descriptor,
    descriptor_size,
    end_records,
    local_header,
    local_header_size,
)

__all__ = ["Data", "Layout", "Piece", "Record"]


class Data(NamedTuple):
    """The bytes `[start, stop)` of the source of a member, which has this `number`."""

    number: int
    start: int
    stop: int


class Record(NamedTuple):
    """The bytes `[start, stop)` of a record with the CRC-32 of the member with this `number`.

    `in_directory`: whether it is the header in the central directory, or the data descriptor.
    """

    number: int
    in_directory: bool
    start: int
    stop: int


Piece = Union[bytes, Data, Record]


class Layout:
    """The ZIP archive of some `entries`, in their order. `size` is that of the archive, in bytes.

    It keeps 16 bytes for each entry, beside the entry.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self._offsets = array("Q")  # of the local headers
        self._central_offsets = array("Q")
        position = 0
        for entry in entries:
            self._offsets.append(position)
            position += local_header_size(entry) + entry.size + descriptor_size(entry)
        self._directory = position
        for entry, offset in zip(entries, self._offsets, strict=True):
            self._central_offsets.append(position)
            position += central_header_size(entry, offset)
        self._end = position
        self._last = end_records(len(entries), position - self._directory, self._directory)
        self.size: int = position + len(self._last)

    def pieces(self, start: int, stop: int) -> Iterator[Piece]:
        """What the bytes `[start, stop)` of the archive are, in order and without a gap."""
        yield from self._members(start, min(stop, self._directory))
        yield from self._headers(max(start, self._directory), min(stop, self._end))
        if max(start, self._end) < stop:
            yield self._last[max(start - self._end, 0) : stop - self._end]

    def record(self, piece: Record, crc: int) -> bytes:
        """The bytes of a piece that needs the CRC-32 of its member."""
        entry = self._entries[piece.number]
        if piece.in_directory:
            whole = central_header(entry, self._offsets[piece.number], crc)
        else:
            whole = descriptor(entry, crc)
        return whole[piece.start : piece.stop]

    def _members(self, start: int, stop: int) -> Iterator[Piece]:
        """What lies before the central directory: headers, data and descriptors."""
        number = bisect_right(self._offsets, start) - 1
        while start < stop:
            entry, offset = self._entries[number], self._offsets[number]
            data = offset + local_header_size(entry)
            after = data + entry.size
            end = after + descriptor_size(entry)
            if start < data:
                yield local_header(entry)[start - offset : stop - offset]
            if start < after and stop > data and entry.size:
                yield Data(number, max(start, data) - data, min(stop, after) - data)
            if start < end and stop > after and end > after:
                yield Record(number, False, max(start, after) - after, min(stop, end) - after)
            start, number = end, number + 1

    def _headers(self, start: int, stop: int) -> Iterator[Piece]:
        """What lies in the central directory."""
        number = bisect_right(self._central_offsets, start) - 1
        while start < stop:
            entry, offset = self._entries[number], self._central_offsets[number]
            end = offset + central_header_size(entry, self._offsets[number])
            yield Record(number, True, start - offset, min(stop, end) - offset)
            start, number = end, number + 1
