"""`Progress`: a CRC-32 as far as it has been computed, kept from one response to the next.

Whoever reads bytes that come next, adds them: the thread that reads a file for its CRC-32, and the
response that sends it anyhow. So a download from the first byte to the last reads nothing twice,
and one that is resumed goes on where the one before stopped.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final
from zlib import crc32

__all__ = ["Progress", "forget", "progress_of"]

_MAX_REMEMBERED: Final = 65_536

# What the content is known by -> its progress; the last used comes last.
_progress: OrderedDict[Hashable, Progress] = OrderedDict()
_lock: Final = threading.Lock()


class Progress:
    """The CRC-32 of the first `position` bytes of some content. Several threads may add to it."""

    __slots__ = ("_state",)

    def __init__(self) -> None:
        self._state = (0, 0)  # position and CRC-32: one value, so that they always belong together

    @property
    def position(self) -> int:
        """The number of bytes that have been added."""
        return self._state[0]

    def add(self, start: int, chunk: bytes) -> None:
        """Add what is new in `chunk`, which begins at the offset `start`, if anything is."""
        position, crc = self._state
        stop = start + len(chunk)
        if start <= position < stop:
            crc = crc32(memoryview(chunk)[position - start :], crc)
            if stop > self._state[0]:  # another thread may be further by now
                self._state = (stop, crc)

    def result(self, size: int) -> int | None:
        """The CRC-32 of all `size` bytes; `None` while some are missing."""
        position, crc = self._state
        return crc if position == size else None


def progress_of(key: Hashable) -> Progress:
    """The progress for the content that is known by `key`; the last 65,536 are remembered."""
    with _lock:
        progress = _progress.get(key)
        if progress is None:
            progress = _progress[key] = Progress()
            if len(_progress) > _MAX_REMEMBERED:
                _progress.popitem(last=False)
        else:
            _progress.move_to_end(key)
        return progress


def forget(key: Hashable) -> None:
    """Begin again with the content that is known by `key`: it was not what it seemed to be."""
    with _lock:
        _progress.pop(key, None)
