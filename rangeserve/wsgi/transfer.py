"""Read the segments of a plan from a source, one chunk after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

from ..core.plan import Plan
from ..sources.portion import Portion
from ..sources.protocol import ReadsBlocking, Source

__all__ = ["chunks_of"]


def chunks_of(plan: Plan, source: Source, last_send: Callable[[], None]) -> Iterator[bytes]:
    """The body of a response. `last_send` is called right before its last chunk is given.

    `ResponseError` if the source gives too few or too many bytes. An iterator of the source that
    can be closed is closed, wherever this one stops.
    """
    read = cast("ReadsBlocking", source).read_blocking
    final = len(plan.segments) - 1
    for place, segment in enumerate(plan.segments):
        if isinstance(segment, bytes):
            chunk = segment
        else:
            portion = Portion(segment)
            given = read(segment.start, segment.stop)
            try:
                for each in given:
                    taken = portion.take(each)
                    if taken is not None:
                        yield taken
            finally:
                close = getattr(given, "close", None)
                if close is not None:
                    close()
            chunk = portion.end()
        if place == final:
            last_send()
        yield chunk
