"""`CallableSource`: content of known length that a function generates or decrypts."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from typing import cast

__all__ = ["CallableSource"]


class CallableSource:
    """A source of `size` bytes, whose bytes `[start, stop)` a call of `read(start, stop)` gives.

    `read` is an async generator function, or, for WSGI, a generator function. It is called once
    for each range that is sent, and its iterator is closed when the client leaves. It must give
    exactly `stop - start` bytes: more or fewer, or an exception, cut the connection.

    `etag` is a quoted entity-tag; a `last_modified` without a time zone is taken as UTC. If
    the content can change, give one of them: without a validator no client can resume safely.
    """

    def __init__(
        self,
        read: Callable[[int, int], AsyncIterator[bytes] | Iterator[bytes]],
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
        """The bytes `[start, stop)`, as the callable gives them."""
        return cast("AsyncIterator[bytes]", self._read(start, stop))

    @property
    def needs_loop(self) -> bool:
        """Whether the callable is an async generator function, so that `read_blocking` fails."""
        return inspect.isasyncgenfunction(self._read)

    def read_blocking(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes `[start, stop)`, as the callable gives them."""
        return cast("Iterator[bytes]", self._read(start, stop))
