"""Which sources can give bytes without waiting: files, and bytes in memory."""

from __future__ import annotations

from typing import Union

from .file import FileSource
from .memory import BytesSource

__all__ = ["AtHand", "has_at_hand"]

AtHand = Union[FileSource, BytesSource]
"""A source with `read_at_once`, which gives what need not be waited for."""


def has_at_hand(source: object) -> AtHand | None:
    """`source`, if `read_at_once` gives what its `read` would; else `None`.

    A class has to have `read_at_once` itself: one that is derived from it may read otherwise.
    """
    if isinstance(source, (FileSource, BytesSource)) and "read_at_once" in vars(type(source)):
        return source
    return None
