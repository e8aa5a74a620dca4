"""Slicing a stream: however it is chopped, the bytes are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rangeserve.core.multipart import Segment
from rangeserve.core.ranges import ByteRange, coalesce
from rangeserve.core.slicer import Slicer

DATA = bytes(range(10))
ONE = (ByteRange(3, 6),)
TWO = (b"<", ByteRange(1, 3), b"|", ByteRange(6, 8), b">")

ROWS = [
    pytest.param(ONE, [10], [[3, 4, 5]], id="one chunk"),
    pytest.param(ONE, [3, 3, 4], [[], [3, 4, 5]], id="chunks that fit"),
    pytest.param(ONE, [4, 1, 5], [[3], [4], [5]], id="chunks across"),
    pytest.param(ONE, [6], [[3, 4, 5]], id="to the last byte wanted"),
    pytest.param((ByteRange(0, 10),), [10], [list(DATA)], id="all"),
    pytest.param((ByteRange(9, 10),), [9, 1], [[], [9]], id="last byte"),
    pytest.param(TWO, [10], [[*b"<", 1, 2, *b"|", 6, 7, *b">"]], id="two parts, one chunk"),
    pytest.param(
        TWO, [1, 1, 4, 1, 1], [[*b"<"], [1], [2, *b"|"], [6], [7, *b">"]], id="two parts, chopped"
    ),
]


@pytest.mark.parametrize(("segments", "sizes", "outputs"), ROWS)
def test_chunks(segments: tuple[Segment, ...], sizes: list[int], outputs: list[list[int]]) -> None:
    slicer = Slicer(segments)
    position = 0
    for size, output in zip(sizes, outputs, strict=False):
        assert not slicer.complete
        assert list(b"".join(slicer.feed(DATA[position : position + size]))) == output
        position += size
    assert slicer.complete


def test_nothing_is_given_out_after_the_end() -> None:
    slicer = Slicer(ONE)
    slicer.feed(DATA)
    assert slicer.complete
    assert slicer.feed(DATA) == []


def test_without_segments_it_is_complete() -> None:
    assert Slicer(()).complete


def test_it_is_not_complete_a_byte_before_the_end() -> None:
    slicer = Slicer(ONE)
    slicer.feed(DATA[:5])
    assert not slicer.complete


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_chunks_come_out_as_bytes(kind: type) -> None:
    out = Slicer(ONE).feed(kind(DATA))
    assert out == [DATA[3:6]]
    assert type(out[0]) is bytes


@given(st.binary(min_size=1, max_size=120), st.data())
def test_however_it_is_chopped(content: bytes, draw: st.DataObject) -> None:
    starts = st.integers(0, len(content) - 1)
    pairs = draw.draw(st.lists(st.tuples(starts, starts), min_size=1, max_size=5))
    ranges = sorted(coalesce([ByteRange(min(pair), max(pair) + 1) for pair in pairs]))
    segments: list[Segment] = []
    for byte_range in ranges:
        segments += [draw.draw(st.binary(max_size=3)), byte_range]
    segments.append(draw.draw(st.binary(max_size=3)))
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(content)), max_size=12)))

    slicer = Slicer(segments)
    out: list[bytes] = []
    for start, stop in zip([0, *cuts], [*cuts, len(content)], strict=True):
        out += slicer.feed(content[start:stop])
    assert slicer.complete
    assert b"".join(out) == b"".join(
        s if isinstance(s, bytes) else content[s.start : s.stop] for s in segments
    )
