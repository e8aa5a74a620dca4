"""What a process holds open, to see that nothing is left behind."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

from support.waiting import eventually


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
    """Fails if more files below `under` stay open than were before.

    A worker thread whose request has been cancelled may still have to close one.
    """
    before = open_files(str(under))
    yield
    gc.collect()
    assert eventually(lambda: open_files(str(under)) == before), open_files(str(under))
