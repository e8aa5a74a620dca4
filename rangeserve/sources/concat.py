"""`ConcatSource`: several sources, one after the other, as one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from datetime import datetime
from itertools import accumulate

from .composed import close_all, combined_etag, facts_of, latest, read_exactly
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
        place = bisect_right(self._starts, start) - 1
        while start < stop:
            begin, end = self._starts[place], min(self._starts[place + 1], stop)
            what = f"source {place} of {len(self._sources)}"
            source, facts = self._sources[place], self._facts[place]
            if start < end:
                reading = read_exactly(source, facts, start - begin, end - begin, what)
                async with aclosing(reading) as chunks:
                    async for chunk in chunks:
                        yield chunk
            start, place = end, place + 1

    async def aclose(self) -> None:
        """Close the sources that can be closed, each once."""
        await close_all(self._sources)
