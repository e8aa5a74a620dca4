"""Requests to a store: with obstore's own futures on asyncio, and in worker threads on trio.

Knows which status stands for which error of a store. Each wait for the store has a timeout.
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
from ..sources.threads import READS, in_thread
from ..sources.unavailable import SourceUnavailable

if TYPE_CHECKING:  # obstore has these for type checkers only
    from obstore import BytesStream, GetOptions, GetResult

__all__ = ["STORE_ERRORS", "chunks", "get", "unavailable"]

T = TypeVar("T")

# What obstore raises; a builtin for a missing object, and for a key that it cannot parse.
STORE_ERRORS: Final = (BaseError, OSError, ValueError)


async def get(store: ObjectStore, key: str, options: GetOptions, timeout: float) -> GetResult:
    """The result of one GET for `key`, or of a HEAD if the `options` say so.

    One of `STORE_ERRORS` if the store fails, `TimeoutError` if it does not answer within
    `timeout` seconds.
    """
    with fail_after(timeout):
        if _on_asyncio():
            return await obstore.get_async(store, key, options=options)
        return await in_thread(partial(obstore.get, store, key, options=options), READS, None)


async def chunks(result: GetResult, size: int, timeout: float) -> AsyncGenerator[bytes]:
    """The body of a GET, in chunks of about `size` bytes.

    A chunk is requested only when the one before it was taken. `ResponseError` if the store
    fails, or is silent for more than `timeout` seconds. Closing the iterator closes the
    connection to the store.
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
        # This closes the connection now. Without it a traceback could keep it open, through the
        # frames to which it refers.
        body.clear()


def unavailable(error: Exception) -> SourceUnavailable:
    """The status for the client if the store fails before the response has started.

    404 if the object is missing or its key is not valid; 403 if the store refuses the object (S3
    does so for a missing object too, unless the bucket may be listed); 504 if the store does not
    answer in time; 502 for any other error.
    """
    if isinstance(error, TimeoutError):
        status = 504
    elif isinstance(error, (FileNotFoundError, ValueError)):
        status = 404
    elif isinstance(error, (PermissionDeniedError, PermissionError)):
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
    return await in_thread(partial(next, body[0], None), READS, None)


def _on_asyncio() -> bool:
    """Whether an asyncio event loop is running, which obstore's own futures need."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
