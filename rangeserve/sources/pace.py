"""`Pace`: how large the next chunk of a response is, and when its sender yields to other tasks.

Small chunks keep many slow clients cheap, and large ones reach the speed of the server. With a
fast client `send` may never suspend, so a sender has to yield to other tasks by itself.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Pace"]

_SMALL_BYTES: Final = 64 * 1024
_MEDIUM_BYTES: Final = 256 * 1024
_LARGE_BYTES: Final = 1024 * 1024
# The socket buffers of server and client hold up to this much (on Linux often 4 MiB and more).
# Until more has been sent, nothing is known about the speed of the client.
_PROVEN_BYTES: Final = 8 * 1024 * 1024
# A body up to this size fits into the socket buffers, even if the client is slow.
_SHORT_BYTES: Final = 1024 * 1024
# A client is slow if a send took more than _SLOW_SECONDS, at less than _SLOW_BYTES_PER_SECOND.
# (A send that took as long at a higher speed was only interrupted.)
_SLOW_SECONDS: Final = 0.02
_SLOW_BYTES_PER_SECOND: Final = 20 * 1024 * 1024
# A send that took longer than this has waited for the client, which may have left meanwhile.
_WAITED_SECONDS: Final = 0.001
_YIELD_AFTER_BYTES: Final = 1024 * 1024
# A client that has left is heard of in the next turn of the loop. After the send that fails,
# asyncio drops four in silence, and logs a line for each one more; the response start is one.
_YIELD_AFTER_SENDS: Final = 4
# Each message counts for this many bytes more, so that a million tiny messages yield too.
_MESSAGE_BYTES: Final = 4096


class Pace:
    """The pace of one response. `size` is that of its next chunk, in bytes: 64 KiB to 1 MiB."""

    __slots__ = (
        "_bytes_since_slow",
        "_bytes_since_yield",
        "_is_short",
        "_sends_since_yield",
        "size",
    )

    def __init__(self) -> None:
        self.size: int = _SMALL_BYTES
        self._bytes_since_slow = 0
        self._is_short = False
        self._bytes_since_yield = 0
        self._sends_since_yield = 0

    def expect(self, count: int) -> None:
        """Note that the body will have `count` bytes, before the first of them is sent."""
        if count <= _SHORT_BYTES:
            self._is_short = True
            self.size = _MEDIUM_BYTES

    def sent(self, count: int, seconds: float) -> None:
        """Note that a chunk of `count` bytes was sent, which took `seconds`, and adapt `size`."""
        self._sends_since_yield += 1
        if seconds > _WAITED_SECONDS:
            self._bytes_since_yield = _YIELD_AFTER_BYTES  # let the watch for the disconnect run
        if seconds > _SLOW_SECONDS and count < seconds * _SLOW_BYTES_PER_SECOND:
            self._bytes_since_slow = 0
            self.size = _SMALL_BYTES
            return
        self._bytes_since_slow += count
        if self._bytes_since_slow >= _PROVEN_BYTES:
            self.size = _LARGE_BYTES
        elif self._is_short:
            self.size = _MEDIUM_BYTES

    def due(self, count: int) -> bool:
        """Whether the sender must yield to other tasks, after `count` more bytes of a message."""
        self._bytes_since_yield += count + _MESSAGE_BYTES
        if (
            self._bytes_since_yield < _YIELD_AFTER_BYTES
            and self._sends_since_yield < _YIELD_AFTER_SENDS
        ):
            return False
        self._bytes_since_yield = self._sends_since_yield = 0
        return True
