"""What a source that is made of other sources needs: their facts, their tags, their exact bytes."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from datetime import datetime, timezone
from typing import Final, NamedTuple

from anyio import move_on_after

from ..core.validators import parse_entity_tag
from ..errors import ResponseError
from .memory import DIGEST_BYTES
from .protocol import Closable, Source

__all__ = ["Facts", "close_all", "combined_etag", "facts_of", "latest", "read_exactly"]

# The time that a source may take to let go of what it holds.
_CLOSE_SECONDS: Final = 5.0


class Facts(NamedTuple):
    """What a source has said of itself: if it says something else later, it has changed."""

    size: int
    etag: str | None
    last_modified: datetime | None


def facts_of(source: Source) -> Facts:
    """The present facts of a source."""
    return Facts(source.size, source.etag, source.last_modified)


def combined_etag(kind: str, parts: Iterable[tuple[str | None, object]]) -> str | None:
    """The strong entity-tag, quoted, of a body of this `kind` that is made of `parts`.

    Each part is the entity-tag of a source and whatever else decides about the bytes, which has
    a `repr` that says so. `None` if one of the tags is missing or weak.
    """
    digest = hashlib.blake2b(kind.encode(), digest_size=DIGEST_BYTES)
    for etag, rest in parts:
        tag = parse_entity_tag(etag) if etag is not None else None
        if tag is None or tag.weak:
            return None
        digest.update(repr((etag, rest)).encode("utf-8", "surrogateescape"))
    return f'"{kind}-{digest.hexdigest()}"'


def latest(times: Iterable[datetime | None]) -> datetime | None:
    """The latest of some times, one without a time zone taken as UTC; `None` if one is `None`."""
    known: list[datetime] = []
    for time in times:
        if time is None:
            return None
        known.append(time if time.tzinfo is not None else time.replace(tzinfo=timezone.utc))
    return max(known, default=None)


async def read_exactly(
    source: Source, facts: Facts, start: int, stop: int, what: str
) -> AsyncGenerator[bytes]:
    """The bytes `[start, stop)` of a source, in chunks, none of them empty.

    One byte too few would move all that follows, so the source is held to its word:
    `ResponseError` if it, called `what` in the message, has other `facts` by now, or gives too
    few or too many bytes. The last chunk is given when the source has ended.
    """
    if facts_of(source) != facts:
        raise ResponseError(f"{what} has changed since its size was taken")
    owed = stop - start
    held = b""
    chunks = source.read(start, stop)
    try:
        async for given in chunks:
            chunk = bytes(given)
            owed -= len(chunk)
            if owed < 0:
                raise ResponseError(f"{what} gives {-owed} bytes too many")
            if owed and chunk:
                yield chunk
            elif chunk:
                held = chunk
    finally:
        aclose: Callable[[], Awaitable[object]] | None = getattr(chunks, "aclose", None)
        if aclose is not None:
            with move_on_after(_CLOSE_SECONDS, shield=True):
                await aclose()
    if owed:
        raise ResponseError(f"{what} ends {owed} bytes too early")
    if held:
        yield held


async def close_all(sources: Iterable[Source]) -> None:
    """Close those of the sources that can be closed, each once; the first error is raised last."""
    failure: Exception | None = None
    for source in {id(each): each for each in sources}.values():
        if isinstance(source, Closable):
            try:
                await source.aclose()
            except Exception as error:
                failure = failure or error
    if failure is not None:
        raise failure
