"""`CallableSource`: content of known length that a function generates or decrypts."""

from __future__ import annotations

import inspect
import threading
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
)
from datetime import datetime
from functools import partial
from typing import TypeVar, Union, cast

from .._checks import check_etag, check_size, generates_async, is_async, shown
from ..errors import ResponseError
from .threads import CLOSES, READS, in_thread
from .unavailable import SourceUnavailable

__all__ = ["CallableSource", "Reader"]

T = TypeVar("T")

Reader = Callable[[int, int], Union[AsyncIterator[bytes], Iterable[bytes], bytes, Awaitable[bytes]]]


class CallableSource:
    """A source of `size` bytes, whose bytes `[start, stop)` a call of `read(start, stop)` gives.

    `read` is usually an async generator function. It may also be a generator function, which is
    run in a worker thread, or return the bytes at once, async or, in a worker thread, not. It is
    called once for each range that is sent, and its iterator is closed when the client leaves.
    It must give exactly `stop - start` bytes: more or fewer, or an exception, cut the connection.

    `etag` is a quoted entity-tag (else `ValueError`); a `last_modified` without a time zone is
    taken as UTC. If the content can change, give one of them: without a validator no client can
    resume safely. `TypeError` for a `read` or a `size` of another type, `ValueError` for a `size`
    below 0.
    """

    def __init__(
        self,
        read: Reader,
        size: int,
        *,
        etag: str | None = None,
        last_modified: datetime | None = None,
        content_type: str | None = None,
    ) -> None:
        if not callable(read):
            raise TypeError(f"read is a function of start and stop, not {shown(read)}")
        check_size(size)
        check_etag(etag)
        self._read = read
        self._is_async = is_async(read)
        self._generates = generates_async(read)
        self.size = size
        self.etag = etag
        self.last_modified = last_modified
        self.content_type = content_type

    def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes `[start, stop)`, as the callable gives them."""
        if self._generates:
            return cast("AsyncIterator[bytes]", self._read(start, stop))
        return self._chunks(start, stop)

    @property
    def needs_loop(self) -> bool:
        """Whether the callable is async, so that `read_blocking` fails."""
        return self._generates or self._is_async

    def read_blocking(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes `[start, stop)`, as the callable gives them."""
        given = cast("object", self._read(start, stop))
        if isinstance(given, (bytes, bytearray, memoryview)):
            return iter((bytes(cast("bytes", given)),))
        return cast("Iterator[bytes]", given)

    async def _chunks(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The chunks of what `read` returns; unless it is async, it runs in a worker thread."""
        work = partial(self._read, start, stop)
        given = cast("object", work() if self._is_async else await _in_thread(work))
        if inspect.isawaitable(given):
            given = cast("object", await given)
        if isinstance(given, (bytes, bytearray, memoryview)):
            yield bytes(cast("bytes", given))
            return
        if isinstance(given, AsyncIterator):
            chunks = cast("AsyncIterator[bytes]", given)
        elif isinstance(given, Iterable) and not isinstance(given, str):
            chunks = _in_threads(iter(cast("Iterable[bytes]", given)))
        else:
            raise TypeError(f"read gives bytes, in chunks or at once, not {shown(given)}")
        try:
            async for chunk in chunks:
                yield chunk
        finally:
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()


async def _in_threads(chunks: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The chunks of a blocking iterator, each of them made in a worker thread."""
    lock = threading.Lock()  # a step may still be under way in its thread when it is closed

    def step() -> bytes | None:
        with lock:
            return next(chunks, None)

    def close() -> None:
        with lock:
            cast("Generator[bytes]", chunks).close()

    try:
        while (chunk := await _in_thread(step)) is not None:
            yield chunk
    finally:
        if isinstance(chunks, Generator):
            await in_thread(close, CLOSES, None)


async def _in_thread(work: Callable[[], T]) -> T:
    """The result of the blocking `work`; `ResponseError` if no thread becomes free."""
    try:
        return await in_thread(work, READS, None)
    except SourceUnavailable as unavailable:  # too late for its status
        raise ResponseError(str(unavailable)) from unavailable
