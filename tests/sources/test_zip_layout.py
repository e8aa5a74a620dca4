"""Where everything is in a ZIP archive, and what its records say: read back by `zipfile`."""

from __future__ import annotations

import io
import zipfile
import zlib
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rangeserve.sources.zip_layout import Data, Layout, Record
from rangeserve.sources.zip_records import Entry

GIB = 1 << 30


def seconds(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=timezone.utc).timestamp())  # type: ignore[misc, arg-type]


def written(entries: list[Entry], contents: list[bytes], start: int = 0, stop: int = 0) -> bytes:
    layout = Layout(entries)
    out = b""
    for piece in layout.pieces(start, stop or layout.size):
        if isinstance(piece, Data):
            assert piece.start < piece.stop
            out += contents[piece.number][piece.start : piece.stop]
        elif isinstance(piece, Record):
            out += layout.record(piece, zlib.crc32(contents[piece.number]))
        else:
            out += piece
    return out


contents_of_members = st.lists(st.tuples(st.booleans(), st.binary(max_size=12)), max_size=5)


@given(contents_of_members, st.data())
def test_any_window_is_that_of_the_whole(members: list[tuple[bool, bytes]], data: Any) -> None:
    contents = [content for _, content in members]
    entries = [
        Entry(b"%d.bin" % number, len(content), None, zlib.crc32(content) if known else None)
        for number, (known, content) in enumerate(members)
    ]
    whole = written(entries, contents)
    assert len(whole) == Layout(entries).size
    start = data.draw(st.integers(0, len(whole) - 1))
    stop = data.draw(st.integers(start + 1, len(whole)))
    assert written(entries, contents, start, stop) == whole[start:stop]
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert [archive.read(name) for name in archive.namelist()] == contents


@pytest.mark.parametrize(
    ("modified", "dos", "extra"),
    [
        pytest.param(None, (1980, 1, 1, 0, 0, 0), b"", id="unknown"),
        pytest.param(seconds(1975, 1, 1), (1980, 1, 1, 0, 0, 0), None, id="before MS-DOS"),
        pytest.param(seconds(1960, 1, 1), (1980, 1, 1, 0, 0, 0), b"", id="before the epoch"),
        pytest.param(seconds(2024, 2, 29, 23, 59, 59), (2024, 2, 29, 23, 59, 58), None, id="odd"),
        pytest.param(seconds(2100, 12, 31), (2100, 12, 31, 0, 0, 0), b"", id="over 31 bits"),
        pytest.param(seconds(2204, 2, 29), (2107, 12, 31, 23, 59, 58), b"", id="after MS-DOS"),
        pytest.param(10**12, (2107, 12, 31, 23, 59, 58), b"", id="after the year 9999"),
        pytest.param(-(10**12), (1980, 1, 1, 0, 0, 0), b"", id="before the year 1"),
    ],
)
def test_times(modified: int | None, dos: tuple[int, ...], extra: bytes | None) -> None:
    whole = written([Entry(b"a", 1, modified, None)], [b"x"])
    if extra is None:
        assert modified is not None
        extra = b"UT\x05\x00\x01" + modified.to_bytes(4, "little")
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        (info,) = archive.infolist()
        assert (info.date_time, info.extra) == (dos, extra)


def test_attributes_and_flags() -> None:
    entries = [Entry("ü/".encode(), 0, None, 0), Entry(b"b", 1, None, None)]
    whole = written(entries, [b"", b"x"])
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        folder, file = archive.infolist()
    assert (folder.filename, folder.is_dir(), folder.flag_bits) == ("ü/", True, 1 << 11)
    assert (folder.external_attr, file.external_attr) == (0o40755 << 16 | 16, 0o100644 << 16)
    assert (file.flag_bits, file.extract_version, file.create_system) == (1 << 11 | 1 << 3, 20, 3)


class Sparse(io.RawIOBase):
    """An archive whose data is nothing but zeros, and is not kept."""

    def __init__(self, layout: Layout, crc: int) -> None:
        self.layout, self.crc, self.at = layout, crc, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = offset + (0, self.at, self.layout.size)[whence]
        return self.at

    def readinto(self, buffer: Any) -> int:
        stop = min(self.at + len(buffer), self.layout.size)
        found = b""
        for piece in self.layout.pieces(self.at, stop) if self.at < stop else ():
            if isinstance(piece, Data):
                found += bytes(piece.stop - piece.start)
            elif isinstance(piece, Record):
                found += self.layout.record(piece, self.crc)
            else:
                found += piece
        buffer[: len(found)] = found
        self.at += len(found)
        return len(found)


SIZES = {
    "just no ZIP64": [(1 << 32) - 2],
    "a large member": [(1 << 32) - 1],
    "a very large member": [9999, 5 * GIB],
    "an offset beyond 4 GiB": [3 * GIB, 3 * GIB, 9999],
    "everything": [5 * GIB, 5 * GIB, 9999],
}


@pytest.mark.parametrize("known", [True, False], ids=["CRC known", "CRC behind"])
@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_zip64_of_members_and_offsets(sizes: list[int], known: bool) -> None:
    entries = [
        Entry(b"%d" % number, size, 0, 5 if known else None) for number, size in enumerate(sizes)
    ]
    layout = Layout(entries)
    assert layout.size > sum(sizes)
    with zipfile.ZipFile(Sparse(layout, 5)) as archive:  # type: ignore[arg-type]
        infos = archive.infolist()
        assert [info.file_size for info in infos] == sizes
        assert [info.compress_size for info in infos] == sizes
        for info in infos:
            assert info.extract_version == (
                45 if max(info.file_size, info.header_offset) >= (1 << 32) - 1 else 20
            )
            with archive.open(info) as member:  # the local header is found, and what follows it
                assert member.read(3) == bytes(3)


@pytest.mark.parametrize("count", [65_534, 65_535, 70_000])
def test_zip64_of_many_members(count: int) -> None:
    layout = Layout([Entry(b"%d" % number, 0, None, 0) for number in range(count)])
    with zipfile.ZipFile(Sparse(layout, 0)) as archive:  # type: ignore[arg-type]
        assert len(archive.infolist()) == count
        assert archive.infolist()[-1].filename == str(count - 1)
        assert archive.read(str(count - 1)) == b""
    # 22 bytes are the end of every archive, 76 those that ZIP64 has before it.
    ends = layout.size - sum(
        30 + len(str(number)) + 46 + len(str(number)) for number in range(count)
    )
    assert ends == (22 if count < 65_535 else 98)


@pytest.mark.parametrize(("size", "length"), [(1, 16), ((1 << 32) - 2, 16), ((1 << 32) - 1, 24)])
def test_sizes_in_a_descriptor_have_64_bits_only_if_those_of_the_member_need_them(
    size: int, length: int
) -> None:
    layout = Layout([Entry(b"a", size, None, None)])
    (record,) = [
        piece
        for piece in layout.pieces(0, layout.size)
        if isinstance(piece, Record) and not piece.in_directory
    ]
    found = layout.record(record, 0x12345678)
    assert len(found) == length
    assert found[:8] == b"PK\x07\x08\x78\x56\x34\x12"
    half = (length - 8) // 2
    assert found[8:] == size.to_bytes(half, "little") * 2


def test_nothing_is_between_the_pieces() -> None:
    """A window of no bytes has no pieces."""
    layout = Layout([Entry(b"a", 3, None, None), Entry(b"b", 0, None, 0)])
    for place in range(layout.size + 1):
        assert list(layout.pieces(place, place)) == []
