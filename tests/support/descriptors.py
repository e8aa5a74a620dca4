"""What a process holds open, to see that nothing is left behind."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def open_files(under: str = "/") -> list[str]:
    """The paths below `under` that this process holds open, one for each descriptor."""
    paths: list[str] = []
    for name in os.listdir("/proc/self/fd"):
        try:
            path = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:  # the one that listed the folder
            continue
        if path.startswith(under):
            paths.append(path)
    return sorted(paths)


@contextmanager
def nothing_left_open(under: object) -> Iterator[None]:
    """Fails if more files below `under` are open afterwards than before."""
    before = open_files(str(under))
    yield
    gc.collect()
    assert open_files(str(under)) == before


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether `condition` comes true; for what a worker thread still has to do."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True
