"""A long film made of a short clip: what the demo plays. It takes no room on the disk.

An MP4 file is an index (`moov`), which says where each sample of picture and sound lies, and the
samples themselves (`mdat`). `Film` makes an index in which the samples of the clip come many
times over, and reads the samples from the clip, again and again. It is a source: it has the
attributes and the `read` of `rangeserve.Source`.

The names of the boxes are those of ISO/IEC 14496-12. Their integers are big-endian.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, groupby

CHUNK_BYTES = 64 * 1024
CONTAINERS = {b"trak", b"mdia", b"minf", b"edts"}
# Where the duration stands in the content of a box of version 0, in bytes.
DURATIONS = {b"mvhd": 16, b"tkhd": 20, b"mdhd": 16, b"elst": 8}

Rows = list[tuple[int, ...]]


class Film:
    """The video of `clip`, the bytes of an MP4 file, `times` over, as a source.

    `KeyError` or `struct.error` if the clip is made in another way than the one that is shipped.
    """

    content_type = "video/mp4"
    last_modified = None

    def __init__(self, clip: bytes, times: int) -> None:
        top = dict(boxes(clip))
        self._samples = top[b"mdat"]
        kind = box(b"ftyp", top[b"ftyp"])
        length = times * len(self._samples)
        # The index says where the samples lie, which depends on how long the index is.
        before = len(kind) + len(index(top[b"moov"], Repeated(times, 0, 0))) + 8
        moved = before - clip.index(self._samples)
        front = kind + index(top[b"moov"], Repeated(times, moved, len(self._samples)))
        self._front = front + struct.pack(">I4s", 8 + length, b"mdat")
        self.size = len(self._front) + length
        self.etag = f'"{hashlib.sha256(self._front + clip).hexdigest()[:16]}"'

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes `[start, stop)` of the film."""
        while start < stop:
            piece = self._piece(start, min(stop, start + CHUNK_BYTES))
            start += len(piece)
            yield piece

    def _piece(self, start: int, stop: int) -> bytes:
        """The bytes from `start` to `stop`, or to where the clip begins again."""
        if start < len(self._front):
            return self._front[start:stop]
        first = (start - len(self._front)) % len(self._samples)
        return self._samples[first : first + stop - start]


@dataclass(frozen=True)
class Repeated:
    """Samples that come `times` over.

    Those of the first time lie `moved` bytes further on than in the clip, and those of every
    other time `period` bytes after the time before.
    """

    times: int
    moved: int
    period: int

    def offsets(self, offsets: Sequence[int]) -> list[int]:
        """Where the chunks lie that lie at `offsets` in the clip."""
        return self.shifted([offset + self.moved for offset in offsets], self.period)

    def shifted(self, values: Sequence[int], by: int) -> list[int]:
        """The values as often as the samples come, each time `by` more."""
        return [value + number * by for number in range(self.times) for value in values]


# The index


def index(moov: bytes, repeated: Repeated) -> bytes:
    """The `moov` of the film, made of the content of the clip's."""
    timescale, duration = struct.unpack_from(">II", dict(boxes(moov))[b"mvhd"], 12)

    def longer(name: bytes, content: bytes, ticks: int = 0) -> bytes:
        if name == b"mdia":
            (own,) = struct.unpack_from(">I", dict(boxes(content))[b"mdhd"], 12)
            ticks = duration * own // timescale
        if name == b"stbl":
            content = tables(dict(boxes(content)), ticks, repeated)
        elif name in CONTAINERS:
            content = b"".join(longer(*child, ticks) for child in boxes(content))
        elif name in DURATIONS:
            lasts = (ticks if name == b"mdhd" else duration) * repeated.times
            offset = DURATIONS[name]
            content = content[:offset] + struct.pack(">I", lasts) + content[offset + 4 :]
        return box(name, content)

    return box(b"moov", *(longer(*child) for child in boxes(moov)))


def tables(stbl: dict[bytes, bytes], ticks: int, repeated: Repeated) -> bytes:
    """The sample tables of a track, for those of its samples that begin before `ticks`.

    So picture and sound begin again together: the clip's sound is a little longer than its
    picture.
    """
    times = repeated.times
    durations = cut(expand(rows(stbl[b"stts"], 2)), ticks)
    count = len(durations)
    chunks = list(chunked(rows(stbl[b"stco"], 1), rows(stbl[b"stsc"], 3), count))
    changes = dict(chunk_runs([held for _, held in chunks]))
    firsts = repeated.shifted(list(changes), len(chunks))
    helds = [*changes.values()] * times
    parts = [
        box(b"stsd", stbl[b"stsd"]),
        table(b"stts", runs(durations) * times),
        table(b"stsc", [(first, held, 1) for first, held in zip(firsts, helds, strict=True)]),
        table(b"stsz", rows(stbl[b"stsz"], 1, skip=12)[:count] * times, before=bytes(8)),
        table(b"stco", [(at,) for at in repeated.offsets([offset for offset, _ in chunks])]),
    ]
    if b"ctts" in stbl:  # frames that are shown in another order than they are decoded
        parts.append(table(b"ctts", runs(expand(rows(stbl[b"ctts"], 2))[:count]) * times))
    if b"stss" in stbl:  # the frames that a player can begin with
        keys = [key for (key,) in rows(stbl[b"stss"], 1) if key <= count]
        parts.append(table(b"stss", [(key,) for key in repeated.shifted(keys, count)]))
    return b"".join(parts)


def cut(durations: list[int], ticks: int) -> list[int]:
    """The durations of the samples that begin before `ticks`, of which the last ends there."""
    begins = [0, *accumulate(durations)]
    count = sum(begin < ticks for begin in begins[:-1])
    return [*durations[: count - 1], ticks - begins[count - 1]]


def chunked(offsets: Rows, samples: Rows, count: int) -> Iterator[tuple[int, int]]:
    """Where each chunk of the first `count` samples lies, and how many of them it has."""
    changes = {first: held for first, held, _ in samples}
    held = 0
    for number, (offset,) in enumerate(offsets, 1):
        held = min(changes.get(number, held), count)
        count -= held
        if held:
            yield offset, held


def chunk_runs(held: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The numbers of the chunks that have more samples, or fewer, than the one before; how many."""
    for samples, chunks in groupby(enumerate(held, 1), key=lambda chunk: chunk[1]):
        yield next(chunks)[0], samples


# Tables of 32-bit numbers


def rows(content: bytes, columns: int, skip: int = 8) -> Rows:
    """The rows of a table that begins after `skip` bytes of a box."""
    return list(struct.iter_unpack(f">{columns}I", content[skip:]))


def table(name: bytes, filled: Rows, before: bytes = bytes(4)) -> bytes:
    """A box with a table: some bytes `before`, the number of the rows, and the rows."""
    numbers = list(chain.from_iterable(filled))
    body = struct.pack(f">{len(numbers)}I", *numbers)
    return box(name, before, struct.pack(">I", len(filled)), body)


def expand(counted: Rows) -> list[int]:
    """The value of each sample, of rows that say for how many samples a value holds."""
    return [value for count, value in counted for _ in range(count)]


def runs(values: list[int]) -> Rows:
    """The rows that `expand` makes these values of."""
    return [(len(list(same)), value) for value, same in groupby(values)]


# Boxes


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The name and the content of each box in `data`."""
    while data:
        size, name = struct.unpack_from(">I4s", data)
        yield name, data[8:size]
        data = data[size:] if size else b""


def box(name: bytes, *content: bytes) -> bytes:
    """A box with this content."""
    return struct.pack(">I4s", 8 + sum(map(len, content)), name) + b"".join(content)
