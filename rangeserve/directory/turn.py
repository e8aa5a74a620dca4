"""`take_turn`: costly work for a client, done in a thread: little at a time, and while it stays."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, TypeVar

from anyio import CapacityLimiter, create_task_group, fail_after
from anyio.lowlevel import RunVar, checkpoint_if_cancelled

from ..sources.threads import in_thread, limiter_of
from ..types import Receive

__all__ = ["Client", "TooBusy", "take_turn"]

T = TypeVar("T")

_MAX_AT_ONCE: Final = 2
_MAX_WAIT_SECONDS: Final = 2.0
# After each batch of items the work rests for a moment. Otherwise the event loop, and with it
# every other client, would wait 5 ms (`sys.getswitchinterval`) each time it has something to do.
_BATCH: Final = 256
_REST_SECONDS: Final = 0.0002
_limiter: RunVar[CapacityLimiter] = RunVar("rangeserve.turns")


class TooBusy(Exception):
    """The work was not begun, because as much as is allowed was under way for 2 seconds."""


class _Left(Exception):
    """The client has left, so its work ends."""


class Client:
    """What the work for a client is told of it: `has_left`."""

    def __init__(self) -> None:
        self.has_left: bool = False

    def while_there(self, items: Iterable[T]) -> Iterator[T]:
        """The `items`, as long as the client is there; the work that takes them ends if not."""
        for number, item in enumerate(items):
            if number % _BATCH == 0:
                if self.has_left:
                    raise _Left
                if number:
                    time.sleep(_REST_SECONDS)
            yield item


async def take_turn(work: Callable[[Client], T], receive: Receive) -> T | None:
    """The result of the blocking `work`, for the client that `receive` tells of.

    At most 2 calls are at work in an event loop; the others wait for 2 seconds, and then get
    `TooBusy`. If the client leaves, `work` is told so by the `Client`, and the result is `None`.
    """
    client = Client()
    result: T | None = None
    failure: Exception | None = None

    async def watch() -> None:
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            client.has_left = True
        group.cancel_scope.cancel()

    async with create_task_group() as group:
        group.start_soon(watch)
        try:
            result = await _in_turn(partial(work, client))
        except _Left:
            pass
        except Exception as error:  # raised below: the task group would wrap it in a group
            failure = error
        group.cancel_scope.cancel()
    await checkpoint_if_cancelled()  # the scope of the caller, meanwhile
    if failure is not None:
        try:
            raise failure
        finally:
            del failure  # its traceback refers to this frame
    return result


async def _in_turn(work: Callable[[], T]) -> T:
    limiter = limiter_of(_limiter, _MAX_AT_ONCE)
    token = object()
    try:
        with fail_after(_MAX_WAIT_SECONDS):
            await limiter.acquire_on_behalf_of(token)
    except TimeoutError:
        raise TooBusy from None
    try:
        return await in_thread(work)
    finally:
        limiter.release_on_behalf_of(token)
