"""Several ranges fetched side by side and read one after another, with a bound."""

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
    """One range on its way: a chunk at a time, no faster than it is taken."""

    def __init__(self, wanted: ByteRange) -> None:
        self.wanted = wanted
        self.failure: Exception | None = None
        self.inlet: MemoryObjectSendStream[bytes]
        self.outlet: MemoryObjectReceiveStream[bytes]
        self.inlet, self.outlet = create_memory_object_stream[bytes](0)

    async def run(self, read: Read, turn: Semaphore) -> None:
        """Fetch; a failure is kept until it is this range's turn to be read."""
        try:
            async with self.inlet, aclosing(read(*self.wanted)) as chunks:
                async for chunk in chunks:
                    await self.inlet.send(chunk)
                    del chunk
        except Exception as error:
            self.failure = error
        finally:
            turn.release()

    def close(self) -> None:
        self.inlet.close()
        self.outlet.close()


@asynccontextmanager
async def side_by_side(
    read: Read, ranges: Sequence[ByteRange], *, at_once: int
) -> AsyncGenerator[Callable[[int, int], AsyncIterator[bytes]]]:
    """Read `ranges` in their order while up to `at_once` of them are being fetched.

    Gives a function to be used as `read` is, for these ranges in this order. Each fetch
    holds one chunk of its own beside what the store's client holds. What is still under way
    at the end is cancelled.
    """
    fetches = [_Fetch(wanted) for wanted in ranges]
    pending = iter(fetches)
    turn = Semaphore(at_once)

    async def start_each() -> None:
        for fetch in fetches:
            await turn.acquire()
            group.start_soon(fetch.run, read, turn)

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
            except Exception as error:  # kept out of the group, which would wrap it
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
