"""Worker threads for blocking work: the package uses at most 32 of them in an event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

__all__ = ["in_thread", "limiter_of"]

T = TypeVar("T")

_MAX_THREADS: Final = 32
_limiter: RunVar[CapacityLimiter] = RunVar("rangeserve.threads")


async def in_thread(work: Callable[[], T], *, abandon_on_cancel: bool = False) -> T:
    """The result of the blocking `work`, done in a worker thread as soon as one is free.

    A caller that is cancelled waits until `work` returns, unless `abandon_on_cancel`.
    """
    limiter = limiter_of(_limiter, _MAX_THREADS)
    return await to_thread.run_sync(work, abandon_on_cancel=abandon_on_cancel, limiter=limiter)


def limiter_of(variable: RunVar[CapacityLimiter], tokens: int) -> CapacityLimiter:
    """The limiter that `variable` holds for this event loop; the first call makes it."""
    try:
        return variable.get()
    except LookupError:
        limiter = CapacityLimiter(tokens)
        variable.set(limiter)
        return limiter
