"""Waiting for a condition itself: generous, so that no verdict hangs on how fast a machine is."""

from __future__ import annotations

import time
from collections.abc import Callable

import anyio

SECONDS = 30.0  # after which what was waited for will not come about any more


def eventually(condition: Callable[[], bool], seconds: float = SECONDS) -> bool:
    """Whether `condition` comes true; for what another thread or process still has to do."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


async def until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Let other tasks run until `condition` is true; fails if it does not come true."""
    with anyio.fail_after(seconds):
        while not condition():  # noqa: ASYNC110
            await anyio.sleep(0.001)
