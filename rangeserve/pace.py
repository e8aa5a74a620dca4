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
# What a client that reads slowly swallows at first: the socket buffers of both ends.
_PROVEN: Final = 8 * 1024 * 1024
# A send that took longer than this many seconds met a client that cannot keep up.
_SLOW: Final = 0.02
# One that took this long has waited for the client, who may have left meanwhile.
_WAITED: Final = 0.001
_TURN: Final = 1024 * 1024
# What a message costs beside its bytes, so that a million tiny ones yield too.
_MESSAGE: Final = 4096


class Pace:
    """The chunk size of one response, in bytes: 64 KiB at first, up to 1 MiB while it flows."""

    __slots__ = ("_flowed", "_turn", "size")

    def __init__(self) -> None:
        self.size: int = _SMALL
        self._flowed = 0
        self._turn = 0

    def sent(self, count: int, seconds: float) -> None:
        """A chunk of `count` bytes has been sent and the send took so many `seconds`."""
        if seconds > _WAITED:
            self._turn = _TURN  # whoever watches for the disconnect is to hear of it now
        if seconds > _SLOW:
            self._flowed = 0
            self.size = _SMALL
            return
        self._flowed += count
        if self._flowed >= _PROVEN:
            self.size = _LARGE
        elif self._flowed >= _MEDIUM:
            self.size = _MEDIUM

    def due(self, count: int) -> bool:
        """Whether, after handling `count` more bytes, it is time to yield to other tasks."""
        self._turn += count + _MESSAGE
        if self._turn < _TURN:
            return False
        self._turn = 0
        return True
