"""What an `Exchange` has the `Call` do for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from ..core.plan import Plan
from ..sources.protocol import Source
from ..types import Message

__all__ = ["Action", "Open", "Serve"]


@dataclass(slots=True)
class Open:
    """Open the regular file at `path`, and tell the exchange that it is `opened`.

    `needs_etag`: the app gave no ETag, so one is to be made of the file; it is also if the
    file's size is not the app's `content_length` (bytes), when that has been given.
    """

    path: str
    needs_etag: bool
    content_length: int | None = None

    def wants_etag(self, size: int) -> bool:
        """Whether an entity-tag is to be made of the file, now that it has `size` bytes."""
        return self.needs_etag or self.content_length not in (None, size)


@dataclass(slots=True)
class Serve:
    """Send the segments of `plan`, reading its ranges from `source`."""

    plan: Plan
    source: Source


Action = Union[Message, Open, Serve]
"""A message is to be sent to the server."""
