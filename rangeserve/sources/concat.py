"""`ConcatSource`: several sources, one after the other, as one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from datetime import datetime
from itertools import accumulate

from .blocking import close_all_blocking, needs_loop, read_exactly_blocking
from .composed import Facts, close_all, combined_etag, facts_of, latest, read_exactly
from .protocol import Source

__all__ = ["ConcatSource"]


class ConcatSource:
    """A source that is several `sources`, one after the other, without a gap.

    `size` is the sum of their sizes, in bytes. `etag` is made of their entity-tags and sizes: it
    is `None` unless each of them has a strong one. `last_modified` is the latest of theirs,
    `None` unless each has one. Both may be set, and so may `content_type`.

    A source may stand at several places. One that has another size, entity-tag or time than when
    the ConcatSource was made, and one that gives too few or too many bytes, cuts the response
    (`ResponseError`). `aclose` closes the sources that can be closed.
    """

    def __init__(self, sources: Iterable[Source], *, content_type: str | None = None) -> None:
        self._sources = tuple(sources)
        self._facts = tuple(map(facts_of, self._sources))
        # Where each source begins, and where the last one ends.
        self._starts = (0, *accumulate(facts.size for facts in self._facts))
        self.size: int = self._starts[-1]
        self.etag: str | None = combined_etag(
            "concat", ((facts.etag, facts.size) for facts in self._facts)
        )
        self.last_modified: datetime | None = latest(each.last_modified for each in self._facts)
        self.content_type = content_type

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes `[start, stop)`, in the chunks that the sources give."""
        for portion in self._portions(start, stop):
            async with aclosing(read_exactly(*portion)) as chunks:
                async for chunk in chunks:
                    yield chunk

    @property
    def needs_loop(self) -> bool:
        """Whether a source can only be read in an event loop, so that `read_blocking` fails."""
        return any(map(needs_loop, self._sources))

    def read_blocking(self, start: int, stop: int) -> Iterator[bytes]:
        """As `read`, in the thread of the caller."""
        for portion in self._portions(start, stop):
            yield from read_exactly_blocking(*portion)

    async def aclose(self) -> None:
        """Close the sources that can be closed, each once."""
        await close_all(self._sources)

    def close(self) -> None:
        """As `aclose`, for sources with a `close`."""
        close_all_blocking(self._sources)

    def _portions(self, start: int, stop: int) -> Iterator[tuple[Source, Facts, int, int, str]]:
        """What is to be read of which source for the bytes `[start, stop)`: see `read_exactly`."""
        place = bisect_right(self._starts, start) - 1
        while start < stop:
            begin, end = self._starts[place], min(self._starts[place + 1], stop)
            what = f"source {place} of {len(self._sources)}"
            if start < end:
                yield self._sources[place], self._facts[place], start - begin, end - begin, what
            start, place = end, place + 1
