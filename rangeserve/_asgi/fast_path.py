"""The fast path of a small plain 200 that comes in one piece: no decision is needed for it.

Most requests ask for no range and nothing about validators, and most of their answers come
in one piece. The fast path recognises these and nothing else; for whatever else happens, an
`Exchange` begins where the fast path has come to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ..core.plan import ACCEPT_RANGES
from ..core.representation import MAX_LENGTH_DIGITS, Field
from ..handover import Handover
from ..types import Message
from .messages import BODY, START

__all__ = ["FastPath"]

_CONTENT_LENGTH: Final = b"content-length"
_UNUSUAL: Final = frozenset({b"accept-ranges", b"content-encoding", b"content-range"})
_SIZES: Final = frozenset(map(len, (_CONTENT_LENGTH, *_UNUSUAL)))
_PAIRS: Final = frozenset({tuple, list})


class FastPath:
    """The response to one GET that has neither Range nor preconditions, and no observer.

    `held` is the app's start, once it has come and proved to be a plain one; `complete`
    turns true when the answer is given out.
    """

    __slots__ = ("_content_length", "_handover", "complete", "held")

    def __init__(self, handover: Handover) -> None:
        self.complete: bool = False
        self.held: Message | None = None
        self._handover = handover
        self._content_length: int | None = None

    def feed(self, message: Message) -> Sequence[Message] | None:
        """What to send for the next message of the app; `None` leaves it to the exchange."""
        if self.complete or self._handover.source is not None:
            return None
        start = self.held
        if start is None:
            if message["type"] != START or message["status"] != 200:
                return None
            self._content_length = _plain_length(message.get("headers", ()))
            if self._content_length is None:
                return None
            self.held = message
            return ()
        if message["type"] != BODY or message.get("more_body", False):
            return None
        if len(message.get("body", b"")) != self._content_length:
            return None
        self.complete = True
        return ({**start, "headers": [*start["headers"], ACCEPT_RANGES]}, message)


def _plain_length(fields: Iterable[Field]) -> int | None:
    """The one Content-Length, in bytes, of a response that can be sliced; else `None`."""
    if not isinstance(fields, (list, tuple)):  # it may be readable only once
        return None
    length: int | None = None
    for field in fields:
        if type(field) not in _PAIRS:  # so may a pair
            return None
        name, value = field
        if len(name) in _SIZES:
            lowered = name.lower()
            if lowered == _CONTENT_LENGTH:
                if length is not None or len(value) > MAX_LENGTH_DIGITS or not value.isdigit():
                    return None
                length = int(value)
            elif lowered in _UNUSUAL:
                return None
    return length
