"""Requests to a store: on asyncio with obstore's own futures, elsewhere in worker threads.

Knows what a store's errors mean to a client. Every wait for the store is bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Final, TypeVar

import obstore
from anyio import CapacityLimiter, fail_after, to_thread
from anyio.lowlevel import RunVar
from obstore import BytesStream, GetOptions, GetResult
from obstore.exceptions import BaseError, PermissionDeniedError
from obstore.store import ObjectStore

from ...errors import ResponseError
from ..unavailable import SourceUnavailable

__all__ = ["STORE_ERRORS", "chunks", "get", "unavailable"]

T = TypeVar("T")

# obstore raises builtins for a missing object and for a path that it cannot parse.
STORE_ERRORS: Final = (BaseError, OSError, ValueError)

_THREADS: Final = 32
_limiter: RunVar[CapacityLimiter] = RunVar("rangeserve.objectstore.threads")


async def get(store: ObjectStore, key: str, options: GetOptions, timeout: float) -> GetResult:
    """One GET, or HEAD if the options say so; one of `STORE_ERRORS`, or `TimeoutError`."""
    with fail_after(timeout):
        if _on_asyncio():
            return await obstore.get_async(store, key, options=options)
        return await _in_thread(partial(obstore.get, store, key, options=options))


async def chunks(result: GetResult, size: int, timeout: float) -> AsyncGenerator[bytes]:
    """The body of a GET, in chunks of about `size` bytes, no faster than they are taken.

    `ResponseError` if the store fails, or is silent for more than `timeout` seconds. When
    the iterator is closed the connection to the store is dropped.
    """
    stream = result.stream(min_chunk_size=size)
    del result
    on_asyncio = _on_asyncio()
    while True:
        try:
            with fail_after(timeout):
                if on_asyncio:
                    chunk = await stream.__anext__()
                else:
                    chunk = await _in_thread(partial(_next, stream))
        except (StopAsyncIteration, _End):
            return
        except TimeoutError as error:
            raise ResponseError(f"the store has been silent for {timeout:g} s") from error
        except STORE_ERRORS as error:
            raise ResponseError("the store failed in the middle of a body") from error
        yield bytes(chunk)
        del chunk


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


class _End(Exception):
    """`StopIteration` for the other side of a thread, where that name is taken."""


def _next(stream: BytesStream) -> bytes:
    try:
        return stream.__next__()
    except StopIteration:
        raise _End from None


def _on_asyncio() -> bool:
    """Whether obstore's own futures work here: they need a running asyncio loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _in_thread(work: Callable[[], T]) -> T:
    try:
        limiter = _limiter.get()
    except LookupError:
        limiter = CapacityLimiter(_THREADS)
        _limiter.set(limiter)
    return await to_thread.run_sync(work, abandon_on_cancel=True, limiter=limiter)
