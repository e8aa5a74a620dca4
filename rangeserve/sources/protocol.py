"""What a source is: a body that can be read at an offset (the shape of a representation)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol, runtime_checkable

__all__ = ["Source"]


@runtime_checkable
class Source(Protocol):
    """A representation whose bytes can be read from any offset.

    The attributes describe it: `size` in bytes, `etag` a quoted entity-tag as it goes on
    the wire, `last_modified` (aware, or naive UTC), `content_type`; `None` for what it does
    not know. The app's own fields win over them.
    """

    @property
    def size(self) -> int:
        """The complete length, in bytes."""
        ...

    @property
    def etag(self) -> str | None:
        """The entity-tag, quoted, as it goes on the wire."""
        ...

    @property
    def last_modified(self) -> datetime | None:
        """When the content last changed."""
        ...

    @property
    def content_type(self) -> str | None:
        """The media type of the content."""
        ...

    def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes `[start, stop)`, in chunks: exactly `stop - start` bytes, or an error."""
        ...
