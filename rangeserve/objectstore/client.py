"""Requests to a store: on asyncio with obstore's own futures, elsewhere in worker threads.

Knows what a store's errors mean to a client. Every wait for the store is bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import obstore
from anyio import fail_after
from obstore.exceptions import BaseError, PermissionDeniedError
from obstore.store import ObjectStore

from ..errors import ResponseError
from ..sources.threads import in_thread
from ..sources.unavailable import SourceUnavailable

if TYPE_CHECKING:  # obstore has these for type checkers only
    from obstore import BytesStream, GetOptions, GetResult

__all__ = ["STORE_ERRORS", "chunks", "get", "unavailable"]

T = TypeVar("T")

# obstore raises builtins for a missing object and for a path that it cannot parse.
STORE_ERRORS: Final = (BaseError, OSError, ValueError)


async def get(store: ObjectStore, key: str, options: GetOptions, timeout: float) -> GetResult:
    """One GET, or HEAD if the options say so; one of `STORE_ERRORS`, or `TimeoutError`."""
    with fail_after(timeout):
        if _on_asyncio():
            return await obstore.get_async(store, key, options=options)
        return await in_thread(
            partial(obstore.get, store, key, options=options), abandon_on_cancel=True
        )


async def chunks(result: GetResult, size: int, timeout: float) -> AsyncGenerator[bytes]:
    """The body of a GET, in chunks of about `size` bytes, no faster than they are taken.

    `ResponseError` if the store fails, or is silent for more than `timeout` seconds. When
    the iterator is closed the connection to the store is dropped.
    """
    body = [result.stream(min_chunk_size=size)]
    del result
    step = _step_async if _on_asyncio() else _step_in_thread
    try:
        while True:
            try:
                with fail_after(timeout):
                    chunk = await step(body)
            except TimeoutError as error:
                raise ResponseError(f"the store has been silent for {timeout:g} s") from error
            except STORE_ERRORS as error:
                raise ResponseError("the store failed in the middle of a body") from error
            if chunk is None:
                return
            yield bytes(chunk)
            del chunk
    finally:
        # Now, and not when the last traceback that holds one of these frames is collected.
        body.clear()


def unavailable(error: Exception) -> SourceUnavailable:
    """What the client is told of an error before the response has begun: a status, no more.

    404 for an object that is missing, or a key that cannot be; 403 if the store refuses the
    object (S3 says so of a missing one too, to those who may not list the bucket); 504 if
    the store gives no answer in time; 502 for the rest.
    """
    if isinstance(error, TimeoutError):
        status = 504
    elif isinstance(error, (FileNotFoundError, ValueError)):
        status = 404
    elif isinstance(error, PermissionDeniedError):
        status = 403
    else:
        status = 502
    return SourceUnavailable(status)


async def _step_async(body: list[BytesStream]) -> bytes | None:
    try:
        return await body[0].__anext__()
    except StopAsyncIteration:
        return None


async def _step_in_thread(body: list[BytesStream]) -> bytes | None:
    return await in_thread(partial(next, body[0], None), abandon_on_cancel=True)


def _on_asyncio() -> bool:
    """Whether obstore's own futures work here: they need a running asyncio loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
