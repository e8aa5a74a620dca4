"""Which sources can tell what they have at hand: files, and bytes in memory."""

from __future__ import annotations

from typing import Final, Union

from .file import FileSource
from .memory import BytesSource

__all__ = ["AtHand", "has_at_hand"]

AtHand = Union[FileSource, BytesSource]
"""A source with `read_at_once`, which gives what need not be waited for."""

# A class derived from these may read otherwise.
_READS: Final[tuple[object, ...]] = (FileSource.read, BytesSource.read)


def has_at_hand(source: object) -> AtHand | None:
    """The `source`, if what its `read` gives can be had at once by `read_at_once`."""
    if isinstance(source, (FileSource, BytesSource)) and type(source).read in _READS:
        return source
    return None
