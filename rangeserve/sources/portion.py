"""`Portion`: checks that a source gives a range exactly, whichever way it is read."""

from __future__ import annotations

from ..core.ranges import ByteRange
from ..errors import ResponseError

__all__ = ["Portion"]


class Portion:
    """One range on its way from a source: a byte too few or too many is a `ResponseError`.

    The last chunk is held back until the source has ended, because until then it may still go
    wrong, and a client that has every byte takes the response for complete.
    """

    __slots__ = ("_held", "_owed", "_what")

    def __init__(self, wanted: ByteRange, what: str = "the source") -> None:
        """`what` is the name of the source in the messages of errors."""
        self._owed = wanted.length
        self._held = b""
        self._what = what

    def take(self, given: bytes) -> bytes | None:
        """What to send now that the source has `given` a chunk; `None` if it is held back."""
        chunk = bytes(given)  # no copy, unless the source gives another type
        self._owed -= len(chunk)
        if self._owed < 0:
            raise ResponseError(f"{self._what} gives {-self._owed} bytes too many")
        if self._owed:
            return chunk
        if chunk:
            self._held = chunk
        return None

    def end(self) -> bytes:
        """The last chunk, now that the source has ended."""
        if self._owed:
            raise ResponseError(f"{self._what} ends {self._owed} bytes too early")
        return self._held
