"""What a source is: a body that can be read at an offset (the shape of a representation)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, runtime_checkable

from ..core.ranges import ByteRange

__all__ = ["Closable", "ReadsSideBySide", "Source"]


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


@runtime_checkable
class Closable(Protocol):
    """A source that holds something of its own: a descriptor, a connection.

    Optional. Whoever it was handed over to closes it, once, as soon as the response needs
    it no more: also if it was never read, and when the client has left.
    """

    async def aclose(self) -> None:
        """Let go of what is held."""
        ...


@runtime_checkable
class ReadsSideBySide(Protocol):
    """A source whose reads wait for somebody else, so that several are better begun at once.

    Optional. Asked only for a response with two ranges or more.
    """

    def side_by_side(
        self, ranges: Sequence[ByteRange]
    ) -> AbstractAsyncContextManager[Callable[[int, int], AsyncIterator[bytes]]]:
        """While the response is sent: a `read` for these ranges, to be used in this order."""
        ...
