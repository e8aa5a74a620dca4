"""`side_by_side`: fetches several ranges at the same time, to be read one after another."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager

from anyio import Semaphore, create_memory_object_stream, create_task_group
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from ..core.ranges import ByteRange
from ..errors import ResponseError
from .bundles import Bundle, make_bundles

__all__ = ["side_by_side"]

Read = Callable[[int, int], AsyncGenerator[bytes]]


class _Fetch:
    """One bundle that is being fetched, a chunk at a time, each when the one before was taken."""

    def __init__(self, bundle: Bundle) -> None:
        self.span = bundle.span
        self.ranges_left = bundle.ranges
        self.kept: bytes | None = None
        self.failure: Exception | None = None
        self.inlet: MemoryObjectSendStream[bytes]
        self.outlet: MemoryObjectReceiveStream[bytes]
        self.inlet, self.outlet = create_memory_object_stream[bytes](0)

    async def run(self, read: Read, permits: Semaphore) -> None:
        """Fetch the span, and release one of `permits`; a failure is kept in `failure`."""
        try:
            async with self.inlet, aclosing(read(*self.span)) as chunks:
                async for chunk in chunks:
                    await self.inlet.send(chunk)
                    del chunk
        except Exception as error:
            self.failure = error
        finally:
            permits.release()

    async def take(self, wanted: ByteRange) -> AsyncGenerator[bytes]:
        """The bytes of one range of the bundle; of several, all are fetched for the first."""
        self.ranges_left -= 1
        if self.kept is None and self.ranges_left == 0:
            async for chunk in self.outlet:
                yield chunk
                del chunk
            self._check()
            return
        if self.kept is None:
            self.kept = b"".join([chunk async for chunk in self.outlet])
            self._check()
        part = self.kept[wanted.start - self.span.start : wanted.stop - self.span.start]
        if self.ranges_left == 0:
            self.kept = b""
        yield part

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure

    def close(self) -> None:
        self.inlet.close()
        self.outlet.close()


@asynccontextmanager
async def side_by_side(
    read: Read, ranges: Sequence[ByteRange], *, at_once: int
) -> AsyncGenerator[Callable[[int, int], AsyncIterator[bytes]]]:
    """Fetch `ranges`, by calls of `read(start, stop)`, up to `at_once` at the same time.

    Small ranges that are near each other are fetched with one call. The value of the context is
    a function like `read`, for `ranges` in their order: `ResponseError` for any other range. A
    failure of a fetch is raised where its range is read. Each fetch holds one chunk, beside
    what the client of the storage holds. Leaving the context cancels the fetches that still run.
    """
    bundles = make_bundles(ranges)
    fetch_of = {bundle: _Fetch(bundle) for bundle in dict.fromkeys(bundles)}
    fetches = list(fetch_of.values())  # in the order in which they are first read
    pending = iter(zip(ranges, bundles, strict=True))
    permits = Semaphore(at_once)

    async def start_each() -> None:
        for fetch in fetches:
            await permits.acquire()
            group.start_soon(fetch.run, read, permits)

    async def take(start: int, stop: int) -> AsyncGenerator[bytes]:
        wanted, bundle = next(pending)
        if wanted != (start, stop):
            raise ResponseError(f"{wanted} was to be read next, not {(start, stop)}")
        async with aclosing(fetch_of[bundle].take(wanted)) as chunks:
            async for chunk in chunks:
                yield chunk
                del chunk

    failure: BaseException | None = None
    try:
        async with create_task_group() as group:
            group.start_soon(start_each)
            try:
                yield take
            except Exception as error:  # raised below: the task group would wrap it in a group
                failure = error
            group.cancel_scope.cancel()
    finally:
        for fetch in fetches:
            fetch.close()
    if failure is not None:
        try:
            raise failure
        finally:
            del failure
