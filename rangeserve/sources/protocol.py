"""`Source`: what a body that can be read at any offset must have, and what it may have."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, runtime_checkable

from ..core.ranges import ByteRange

__all__ = ["Closable", "Identified", "ReadsBlocking", "ReadsSideBySide", "Source"]


@runtime_checkable
class Source(Protocol):
    """A representation whose bytes can be read from any offset.

    Its attributes become response fields, except those that the app has given itself. `None`
    stands for what a source does not know.
    """

    @property
    def size(self) -> int:
        """The complete length, in bytes."""
        ...

    @property
    def etag(self) -> str | None:
        """The entity-tag, quoted, as in an ETag field (RFC 9110 8.8.3)."""
        ...

    @property
    def last_modified(self) -> datetime | None:
        """The time at which the content last changed; without a time zone it is taken as UTC."""
        ...

    @property
    def content_type(self) -> str | None:
        """The media type of the content."""
        ...

    def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes `[start, stop)`, in chunks of any size: exactly `stop - start` bytes.

        It is called once for each range that is sent. An exception, or a byte too few or too
        many, cuts the connection. An async generator is closed when the client leaves.
        """
        ...


@runtime_checkable
class Closable(Protocol):
    """A source that has something to close: a descriptor, a connection. Optional.

    The middleware closes a source that was handed over, once, as soon as the response needs it
    no more: also if the source was never read, and if the client has left.
    """

    async def aclose(self) -> None:
        """Close what the source holds."""
        ...


@runtime_checkable
class ReadsBlocking(Protocol):
    """A source that can be read without an event loop, as WSGI has to read it. Optional.

    If it has something to close, it has a `close` without arguments. If `read_blocking` does not
    always work, an attribute `needs_loop` is true when it does not.
    """

    def read_blocking(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes `[start, stop)`, like `read`; the caller waits for each chunk."""
        ...


@runtime_checkable
class ReadsSideBySide(Protocol):
    """A source that can read several ranges at the same time. Optional.

    It is for a source whose reads wait for another machine. Used only for a response with two
    ranges or more.
    """

    def side_by_side(
        self, ranges: Sequence[ByteRange]
    ) -> AbstractAsyncContextManager[Callable[[int, int], AsyncIterator[bytes]]]:
        """A context manager whose value is used like `read`, for `ranges` in their order.

        The context is entered before the first range is read, and left after the last.
        """
        ...


@runtime_checkable
class Identified(Protocol):
    """A source that knows what its bytes are known by in this process. For this package.

    What has been computed of a content is kept for another source with the same identity.
    """

    @property
    def content_identity(self) -> Hashable:
        """A value that differs if the bytes do."""
        ...
