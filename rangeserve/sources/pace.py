"""How large the next chunk is, and when other requests must have their turn.

Small chunks keep many slow clients cheap, large ones reach the speed of the server. Against
a fast client `send` may never suspend, so the sender has to yield to other tasks by itself.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Pace"]

_SMALL_BYTES: Final = 64 * 1024
_MEDIUM_BYTES: Final = 256 * 1024
_LARGE_BYTES: Final = 1024 * 1024
# The socket buffers of both ends take this much from a server whose client reads slowly (on
# Linux often 4 MiB and more): until more has been sent nothing is known of the client.
_PROVEN_BYTES: Final = 8 * 1024 * 1024
# So short a body fits into those buffers, whoever reads it.
_SHORT_BYTES: Final = 1024 * 1024
# A send of more than _SLOW_SECONDS at less than _SLOW_BYTES_PER_SECOND met a client that
# cannot keep up; a faster one was only interrupted.
_SLOW_SECONDS: Final = 0.02
_SLOW_BYTES_PER_SECOND: Final = 20 * 1024 * 1024
# A send that took this long has waited for the client, who may have left meanwhile.
_WAITED_SECONDS: Final = 0.001
_TURN_BYTES: Final = 1024 * 1024
# What a message costs beside its bytes, so that a million tiny ones yield too.
_MESSAGE_BYTES: Final = 4096


class Pace:
    """The chunk size of one response, in bytes: 64 KiB at first, 1 MiB while it flows."""

    __slots__ = ("_flowed", "_is_short", "_turn", "size")

    def __init__(self) -> None:
        self.size: int = _SMALL_BYTES
        self._flowed = 0
        self._is_short = False
        self._turn = 0

    def expect(self, count: int) -> None:
        """The body will have `count` bytes."""
        self._is_short = count <= _SHORT_BYTES

    def sent(self, count: int, seconds: float) -> None:
        """A chunk of `count` bytes has been sent; the send took `seconds`."""
        if seconds > _WAITED_SECONDS:
            self._turn = _TURN_BYTES  # let the watch for the disconnect run now
        if seconds > _SLOW_SECONDS and count < seconds * _SLOW_BYTES_PER_SECOND:
            self._flowed = 0
            self.size = _SMALL_BYTES
            return
        self._flowed += count
        if self._flowed >= _PROVEN_BYTES:
            self.size = _LARGE_BYTES
        elif self._is_short:
            self.size = _MEDIUM_BYTES

    def due(self, count: int) -> bool:
        """Whether it is time to yield to other tasks, now that `count` more bytes were handled."""
        self._turn += count + _MESSAGE_BYTES
        if self._turn < _TURN_BYTES:
            return False
        self._turn = 0
        return True
