"""Worker threads for what blocks: at most 32 of them in one event loop, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

__all__ = ["in_thread"]

T = TypeVar("T")

_THREADS: Final = 32
_limiter: RunVar[CapacityLimiter] = RunVar("rangeserve.threads")


async def in_thread(work: Callable[[], T], *, abandon_on_cancel: bool = False) -> T:
    """Do blocking `work` in a worker thread, when one is free.

    A cancelled caller waits for its end, unless `abandon_on_cancel`.
    """
    try:
        limiter = _limiter.get()
    except LookupError:
        limiter = CapacityLimiter(_THREADS)
        _limiter.set(limiter)
    return await to_thread.run_sync(work, abandon_on_cancel=abandon_on_cancel, limiter=limiter)
