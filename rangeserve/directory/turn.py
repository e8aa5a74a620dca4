"""`take_turn`: costly work for a client, done in a thread: little at a time, and while it stays."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, TypeVar

from anyio import create_task_group
from anyio.lowlevel import checkpoint_if_cancelled

from ..sources.threads import Kind, in_thread
from ..types import Receive

__all__ = ["Client", "take_turn"]

T = TypeVar("T")

_TURNS: Final = Kind("turns", threads=2, patience=2.0)
# What a folder of usual size takes is done in one go; after that, the work rests for a moment after
# each batch. Otherwise the event loop would wait for it (up to 5 ms, `sys.getswitchinterval`) after
# each call of the system, of which the response to another client makes a dozen.
_FIRST: Final = 256
_BATCH: Final = 32
_REST_SECONDS: Final = 0.0002


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
                if number >= _FIRST:
                    time.sleep(_REST_SECONDS)
            yield item


async def take_turn(work: Callable[[Client], T], device: int | None, receive: Receive) -> T | None:
    """The result of the blocking `work` on a `device`, for the client that `receive` tells of.

    At most 2 calls are at work on a device; the others wait for 2 seconds, and then get
    `SourceUnavailable`. If the client leaves, `work` is told so by the `Client`, and the result
    is `None`.
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
            result = await in_thread(partial(work, client), _TURNS, device)
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
