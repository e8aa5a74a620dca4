"""multipart/byteranges framing, read back by the standard library."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.parts import read_parts

from rangeserve.core.multipart import Segment, content_range, fit, frame, new_boundary
from rangeserve.core.ranges import ByteRange, coalesce


def filled(segments: tuple[Segment, ...], data: bytes) -> bytes:
    return b"".join(s if isinstance(s, bytes) else data[s.start : s.stop] for s in segments)


def test_the_bytes_of_a_body() -> None:
    """As in RFC 9110 14.6: CR LF everywhere, no preamble."""
    data = bytes(range(48, 58))
    segments = frame([ByteRange(0, 2), ByteRange(7, 10)], 10, "text/plain", "B")
    assert filled(segments, data) == (
        b"--B\r\n"
        b"Content-Type: text/plain\r\n"
        b"Content-Range: bytes 0-1/10\r\n"
        b"\r\n"
        b"01\r\n"
        b"--B\r\n"
        b"Content-Type: text/plain\r\n"
        b"Content-Range: bytes 7-9/10\r\n"
        b"\r\n"
        b"789\r\n"
        b"--B--\r\n"
    )


def test_without_a_content_type() -> None:
    assert frame([ByteRange(0, 1)], 1, None, "B")[0] == (
        b"--B\r\nContent-Range: bytes 0-0/1\r\n\r\n"
    )


def test_a_content_type_keeps_its_octets() -> None:
    assert b"Content-Type: x/\xe9\r\n" in frame([ByteRange(0, 1)], 1, "x/\xe9", "B")[0]


@pytest.mark.parametrize(
    ("part", "length", "value"),
    [
        pytest.param(ByteRange(0, 1), 1, b"bytes 0-0/1", id="one byte"),
        pytest.param(ByteRange(500, 1000), 1234, b"bytes 500-999/1234", id="inclusive"),
        pytest.param(
            ByteRange(2**63, 2**63 + 2), 2**64,
            b"bytes 9223372036854775808-9223372036854775809/18446744073709551616", id="large",
        ),
    ],
)  # fmt: skip
def test_content_range(part: ByteRange, length: int, value: bytes) -> None:
    assert content_range(part, length) == value


def test_boundaries_are_fresh_and_fit() -> None:
    boundaries = {new_boundary() for _ in range(1000)}
    assert len(boundaries) == 1000
    # RFC 2046 5.1.1: at most 70 characters; these need no quotes. 96 bits or more.
    assert all(re.fullmatch("[0-9a-f]{24,70}", boundary) for boundary in boundaries)


def test_boundaries_come_from_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def token_hex(size: int) -> str:
        asked.append(size)
        return "beef"

    monkeypatch.setattr("secrets.token_hex", token_hex)
    assert new_boundary() == "beef"
    assert asked == [16]  # bytes


contents = st.one_of(
    st.binary(min_size=1, max_size=200),
    st.text(st.sampled_from("\r\n-Bx"), min_size=1, max_size=200).map(str.encode),
    st.just(b"\r\n--B--\r\n--BB\r\n\r\n" * 9),
)


@given(contents, st.data())
def test_email_reads_every_part_back(content: bytes, draw: st.DataObject) -> None:
    length = len(content)
    starts = st.integers(0, length - 1)
    pairs = draw.draw(st.lists(st.tuples(starts, starts), min_size=1, max_size=5))
    ranges = coalesce([ByteRange(min(pair), max(pair) + 1) for pair in pairs])
    boundary = new_boundary()
    body = filled(frame(ranges, length, "video/mp4", boundary), content)
    parts = read_parts(f"multipart/byteranges; boundary={boundary}", body)
    assert [part.body for part in parts] == [content[start:stop] for start, stop in ranges]
    assert [part.headers for part in parts] == [
        {"content-type": "video/mp4", "content-range": f"bytes {start}-{stop - 1}/{length}"}
        for start, stop in ranges
    ]


RANGES = st.lists(st.tuples(st.integers(0, 999), st.integers(1, 400)), min_size=1, max_size=12).map(
    lambda pairs: coalesce([ByteRange(at, min(at + size, 1000)) for at, size in pairs])
)


@given(RANGES, st.sampled_from([None, "", "text/plain", "x" * 90]), st.integers(1, 4000))
def test_what_fits_is_a_beginning_that_has_room(
    parts: tuple[ByteRange, ...], content_type: str | None, most: int
) -> None:
    fitting = fit(parts, 1000, content_type, most)
    if len(fitting) == 1:
        size = fitting[0].length
    else:
        body = frame(fitting, 1000, content_type, "0" * 70)
        size = len(filled(body, bytes(1000)))
    assert 0 < size <= most
    for asked, given_ in zip(parts, fitting, strict=False):
        assert given_.start == asked.start < given_.stop <= asked.stop
    # All but the last are whole, and nothing is left out as long as there is room.
    assert fitting[:-1] == parts[: len(fitting) - 1]
    whole = frame(parts, 1000, content_type, "0" * 70)
    if len(parts) > 1 and len(filled(whole, bytes(1000))) <= most:
        assert fitting == parts


@pytest.mark.parametrize(
    ("most", "fitting"),
    [
        pytest.param(10**6, [(0, 400), (500, 1000)], id="room for all"),
        pytest.param(600, [(0, 400)], id="no room for a second head"),
        pytest.param(399, [(0, 399)], id="no room for the first"),
        pytest.param(1, [(0, 1)], id="one byte"),
    ],
)
def test_fit(most: int, fitting: list[tuple[int, int]]) -> None:
    parts = (ByteRange(0, 400), ByteRange(500, 1000))
    assert [tuple(part) for part in fit(parts, 1000, None, most)] == fitting


def test_the_last_part_that_fits_is_cut() -> None:
    parts = (ByteRange(0, 400), ByteRange(500, 1000), ByteRange(1200, 1300))
    one, two = fit(parts, 2000, "text/plain", 900)
    assert one == parts[0]
    assert two.start == 500
    assert 500 < two.stop < 1000


def test_what_fits_has_room_for_the_last_delimiter() -> None:
    parts = (ByteRange(0, 100), ByteRange(500, 600))
    whole = sum(map(_length, frame(parts, 1000, "text/plain", "0" * 70)))
    for most in range(1, whole + 1):
        fitting = fit(parts, 1000, "text/plain", most)
        if len(fitting) > 1:
            assert sum(map(_length, frame(fitting, 1000, "text/plain", "0" * 70))) <= most
    assert fit(parts, 1000, "text/plain", whole) == parts
    assert fit(parts, 1000, "text/plain", whole - 1) == (parts[0], ByteRange(500, 599))


def _length(segment: Segment) -> int:
    return len(segment) if isinstance(segment, bytes) else segment.length
