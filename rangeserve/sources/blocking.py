"""What a source that is made of other sources needs to be read without an event loop."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import cast

from ..core.ranges import ByteRange
from ..errors import ResponseError
from .composed import Facts, facts_of
from .portion import Portion
from .protocol import ReadsBlocking, Source

__all__ = ["close_all_blocking", "needs_loop", "read_exactly_blocking"]


def needs_loop(source: object) -> bool:
    """Whether a source can only be read in an event loop.

    A source whose `read_blocking` does not always work says so in its own `needs_loop`.
    """
    return not isinstance(source, ReadsBlocking) or bool(getattr(source, "needs_loop", False))


def read_exactly_blocking(
    source: Source, facts: Facts, start: int, stop: int, what: str
) -> Generator[bytes]:
    """As `read_exactly`, in the thread of the caller; the range is not empty."""
    if facts_of(source) != facts:
        raise ResponseError(f"{what} has changed since its size was taken")
    portion = Portion(ByteRange(start, stop), what)
    given = cast("ReadsBlocking", source).read_blocking(start, stop)
    try:
        for each in given:
            chunk = portion.take(each)
            if chunk:
                yield chunk
    finally:
        close: Callable[[], object] | None = getattr(given, "close", None)
        if close is not None:
            close()
    yield portion.end()


def close_all_blocking(sources: Iterable[Source]) -> None:
    """Close those of the sources that have a `close`, each once; the first error is raised last."""
    failure: Exception | None = None
    for source in {id(each): each for each in sources}.values():
        close: Callable[[], object] | None = getattr(source, "close", None)
        if close is not None:
            try:
                close()
            except Exception as error:
                failure = failure or error
    if failure is not None:
        raise failure
