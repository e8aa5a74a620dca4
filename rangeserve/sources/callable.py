"""A callable as a source: content of known length that is generated or decrypted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime

__all__ = ["CallableSource"]


class CallableSource:
    """`read(start, stop)` gives the bytes `[start, stop)` of `size` bytes in all.

    `read` is usually an async generator function; it is called once for each range that is
    sent, and its iterator closed when the client leaves. Exactly `stop - start` bytes are
    expected: more or fewer, or an exception, cut the connection. Without an `etag` (quoted)
    or `last_modified` no client can resume safely: give one if the content can change.
    """

    def __init__(
        self,
        read: Callable[[int, int], AsyncIterator[bytes]],
        size: int,
        *,
        etag: str | None = None,
        last_modified: datetime | None = None,
        content_type: str | None = None,
    ) -> None:
        self._read = read
        self.size = size
        self.etag = etag
        self.last_modified = last_modified
        self.content_type = content_type

    def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """What the callable gives for `[start, stop)`."""
        return self._read(start, stop)
