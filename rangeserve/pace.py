"""How large the next chunk is, and when other requests must have their turn.

Small chunks keep many slow clients cheap, large ones reach the server's limit; and against
a fast client `send` may never suspend, so somebody has to yield.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Pace"]

_SMALL: Final = 64 * 1024
_MEDIUM: Final = 256 * 1024
_LARGE: Final = 1024 * 1024
# What the socket buffers of both ends swallow of a client that reads slowly (on Linux often
# 4 MiB and some): until more has flowed nothing is known of it.
_PROVEN: Final = 8 * 1024 * 1024
# So short a body fits into those buffers, whoever reads it.
_SHORT: Final = 1024 * 1024
# A send of longer than so many seconds, and of fewer bytes a second than this, met a client
# that cannot keep up; a faster one was only interrupted.
_SLOW: Final = 0.02
_SLOW_RATE: Final = 20 * 1024 * 1024
# One that took this long has waited for the client, who may have left meanwhile.
_WAITED: Final = 0.001
_TURN: Final = 1024 * 1024
# What a message costs beside its bytes, so that a million tiny ones yield too.
_MESSAGE: Final = 4096


class Pace:
    """The chunk size of one response, in bytes: 64 KiB at first, 1 MiB while it flows."""

    __slots__ = ("_flowed", "_is_short", "_turn", "size")

    def __init__(self) -> None:
        self.size: int = _SMALL
        self._flowed = 0
        self._is_short = False
        self._turn = 0

    def expect(self, count: int) -> None:
        """The body will be of `count` bytes."""
        self._is_short = count <= _SHORT

    def sent(self, count: int, seconds: float) -> None:
        """A chunk of `count` bytes has been sent and the send took so many `seconds`."""
        if seconds > _WAITED:
            self._turn = _TURN  # whoever watches for the disconnect is to hear of it now
        if seconds > _SLOW and count < seconds * _SLOW_RATE:
            self._flowed = 0
            self.size = _SMALL
            return
        self._flowed += count
        if self._flowed >= _PROVEN:
            self.size = _LARGE
        elif self._is_short:
            self.size = _MEDIUM

    def due(self, count: int) -> bool:
        """Whether, after handling `count` more bytes, it is time to yield to other tasks."""
        self._turn += count + _MESSAGE
        if self._turn < _TURN:
            return False
        self._turn = 0
        return True
