"""`demo_film.py`: its index is read by another reader, and leads to the samples of the clip."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator
from itertools import pairwise
from types import ModuleType
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.demo import CLIP, load

from rangeserve import Source

CLIP_BYTES = CLIP.read_bytes()
SECONDS = 60
TIMES = 3


class Sample(NamedTuple):
    """A sample of a track: when it is decoded and shown, in ticks, and what it holds."""

    decoded: int
    shown: int
    key: bool
    content: bytes


class Track(NamedTuple):
    timescale: int
    duration: int
    samples: list[Sample]


@pytest.fixture(scope="module")
def module() -> ModuleType:
    return load("demo_film")


def content(source: Source, start: int = 0, stop: int | None = None) -> bytes:
    async def read() -> bytes:
        end = source.size if stop is None else stop
        return b"".join([chunk async for chunk in source.read(start, end)])

    return asyncio.run(read())


def tracks(data: bytes) -> list[Track]:
    """The tracks of an MP4 file; an own reading, sample by sample."""
    return [track(data, *place) for place in all_places(data, b"moov", b"trak")]


def track(data: bytes, start: int, stop: int) -> Track:
    def body(*path: bytes) -> bytes:
        (place,) = all_places(data, *path, within=(start, stop))
        return data[slice(*place)]

    def table(name: bytes, columns: int, skip: int = 8) -> list[tuple[int, ...]]:
        found = body(b"mdia", b"minf", b"stbl", name)
        assert struct.unpack_from(">I", found, skip - 4)[0] == (len(found) - skip) / 4 / columns
        return list(struct.iter_unpack(f">{columns}I", found[skip:]))

    stbl = next(all_places(data, b"mdia", b"minf", b"stbl", within=(start, stop)))
    names = {name for name, _, _ in each_box(data, *stbl)}
    sizes = [size for (size,) in table(b"stsz", 1, skip=12)]
    lasting = [delta for count, delta in table(b"stts", 2) for _ in range(count)]
    shift = [0] * len(sizes)
    if b"ctts" in names:
        shift = [by for count, by in table(b"ctts", 2) for _ in range(count)]
    keys = {key for (key,) in table(b"stss", 1)} if b"stss" in names else None
    assert len(sizes) == len(lasting) == len(shift)
    chunks = [offset for (offset,) in table(b"stco", 1)]
    changes = [*table(b"stsc", 3), (len(chunks) + 1, 0, 0)]
    held = [one[1] for one, following in pairwise(changes) for _ in range(following[0] - one[0])]
    samples: list[Sample] = []
    time = 0
    for offset, count in zip(chunks, held, strict=True):
        for _ in range(count):
            number = len(samples)
            key = keys is None or number + 1 in keys
            at, offset = offset, offset + sizes[number]
            samples.append(Sample(time, time + shift[number], key, data[at:offset]))
            time += lasting[number]
    assert len(samples) == len(sizes)
    timescale, duration = struct.unpack_from(">II", body(b"mdia", b"mdhd"), 12)
    assert time == duration
    return Track(timescale, duration, samples)


def all_places(
    data: bytes, *path: bytes, within: tuple[int, int] | None = None
) -> Iterator[tuple[int, int]]:
    start, stop = within or (0, len(data))
    for name, first, last in each_box(data, start, stop):
        if name == path[0]:
            if path[1:]:
                yield from all_places(data, *path[1:], within=(first, last))
            else:
                yield first, last


def each_box(data: bytes, start: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    while start < stop:
        size, name = struct.unpack_from(">I4s", data, start)
        yield name, start + 8, start + size
        start += size
    assert start == stop, "a box is cut off"


@pytest.fixture(scope="module")
def made(module: ModuleType) -> bytes:
    """A short film, as it is read."""
    return content(module.Film(CLIP_BYTES, TIMES))


class TestIndex:
    def test_each_sample_is_that_of_the_clip(self, made: bytes) -> None:
        for was, now in zip(tracks(CLIP_BYTES), tracks(made), strict=True):
            minute = SECONDS * was.timescale
            count = sum(sample.decoded < minute for sample in was.samples)
            assert count >= len(was.samples) - 1
            assert now.samples == [
                Sample(number * minute + decoded, number * minute + shown, key, body)
                for number in range(TIMES)
                for decoded, shown, key, body in was.samples[:count]
            ]

    def test_picture_and_sound_are_equally_long(self, made: bytes) -> None:
        lengths = {track.duration / track.timescale for track in tracks(made)}
        assert lengths == {TIMES * SECONDS}

    @pytest.mark.parametrize(
        ("path", "offset"),
        [
            pytest.param([b"moov", b"mvhd"], 16, id="the film's"),
            pytest.param([b"moov", b"trak", b"tkhd"], 20, id="a track's"),
            pytest.param([b"moov", b"trak", b"edts", b"elst"], 8, id="an edit's"),
        ],
    )
    def test_durations(self, made: bytes, path: list[bytes], offset: int) -> None:
        for start, _ in all_places(made, *path):
            assert struct.unpack_from(">I", made, start + offset) == (TIMES * SECONDS * 1000,)

    def test_what_is_no_mp4_file_is_refused(self, module: ModuleType) -> None:
        with pytest.raises((KeyError, struct.error)):
            module.Film(b"no video at all", TIMES)


class TestReading:
    @given(st.data())
    def test_a_range_is_a_slice(self, module: ModuleType, data: st.DataObject) -> None:
        source, whole = reference(module)
        start = data.draw(st.integers(0, len(whole)))
        stop = data.draw(st.integers(start, len(whole)))
        assert content(source, start, stop) == whole[start:stop]

    def test_it_is_a_source(self, module: ModuleType) -> None:
        source, whole = reference(module)
        assert isinstance(source, Source)
        assert source.size == len(whole)
        other = module.Film(CLIP_BYTES, TIMES + 1)
        assert source.etag != other.etag
        assert source.etag.strip('"').isalnum()


_made: list[tuple[Source, bytes]] = []


def reference(module: ModuleType) -> tuple[Source, bytes]:
    """A film, and its bytes as they are put together from the clip's; made once."""
    if not _made:
        source = module.Film(CLIP_BYTES, TIMES)
        ((start, stop),) = all_places(CLIP_BYTES, b"mdat")
        front = content(source, 0, source.size - TIMES * (stop - start))
        _made.append((source, front + TIMES * CLIP_BYTES[start:stop]))
    return _made[0]
