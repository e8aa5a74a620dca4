"""`side_by_side`: fetches several ranges at the same time, to be read one after another."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager

from anyio import Semaphore, create_memory_object_stream, create_task_group
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from ..core.ranges import ByteRange
from ..errors import ResponseError

__all__ = ["side_by_side"]

Read = Callable[[int, int], AsyncGenerator[bytes]]


class _Fetch:
    """One range that is being fetched, a chunk at a time, each when the one before was taken."""

    def __init__(self, wanted: ByteRange) -> None:
        self.wanted = wanted
        self.failure: Exception | None = None
        self.inlet: MemoryObjectSendStream[bytes]
        self.outlet: MemoryObjectReceiveStream[bytes]
        self.inlet, self.outlet = create_memory_object_stream[bytes](0)

    async def run(self, read: Read, permits: Semaphore) -> None:
        """Fetch the range, and release one of `permits`; a failure is kept in `failure`."""
        try:
            async with self.inlet, aclosing(read(*self.wanted)) as chunks:
                async for chunk in chunks:
                    await self.inlet.send(chunk)
                    del chunk
        except Exception as error:
            self.failure = error
        finally:
            permits.release()

    def close(self) -> None:
        self.inlet.close()
        self.outlet.close()


@asynccontextmanager
async def side_by_side(
    read: Read, ranges: Sequence[ByteRange], *, at_once: int
) -> AsyncGenerator[Callable[[int, int], AsyncIterator[bytes]]]:
    """Fetch up to `at_once` of `ranges` at the same time, by calls of `read(start, stop)`.

    The value of the context is a function like `read`, for `ranges` in their order:
    `ResponseError` for any other range. A failure of a fetch is raised where its range is read.
    Each fetch holds one chunk, beside what the store's client holds. Leaving the context
    cancels the fetches that still run.
    """
    fetches = [_Fetch(wanted) for wanted in ranges]
    pending = iter(fetches)
    permits = Semaphore(at_once)

    async def start_each() -> None:
        for fetch in fetches:
            await permits.acquire()
            group.start_soon(fetch.run, read, permits)

    async def take(start: int, stop: int) -> AsyncGenerator[bytes]:
        fetch = next(pending)
        if fetch.wanted != (start, stop):
            raise ResponseError(f"{fetch.wanted} was to be read next, not {(start, stop)}")
        async for chunk in fetch.outlet:
            yield chunk
            del chunk
        if fetch.failure is not None:
            raise fetch.failure

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
