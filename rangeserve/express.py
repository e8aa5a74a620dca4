"""The express lane: a small plain 200, answered in one message, needs no state machine.

Most requests ask for no range and nothing about validators, and most of their answers come
in one piece. Those are recognised here; for whatever else happens, an `Exchange` is made
that first sees what has passed here, so there is one place that decides what is unusual.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from .actions import Message
from .exchange import Exchange
from .handover import Offer
from .plan import ACCEPT_RANGES
from .representation import Field

__all__ = ["Express"]

_CONTENT_LENGTH: Final = b"content-length"
_UNUSUAL: Final = frozenset({b"accept-ranges", b"content-encoding", b"content-range"})
_SIZES: Final = frozenset(map(len, (_CONTENT_LENGTH, *_UNUSUAL)))
_MAX_DIGITS: Final = 18


class Express:
    """The response to one plain GET: neither Range nor preconditions, and no observer.

    `seen` are the app's messages so far; `ended` turns true when the answer is complete.
    """

    __slots__ = ("_length", "_offer", "ended", "seen")

    def __init__(self, offer: Offer) -> None:
        self.ended: bool = False
        self.seen: list[Message] = []
        self._offer = offer
        self._length: int | None = None

    def feed(self, message: Message) -> Sequence[Message] | None:
        """What to send for the next message of the app; `None` if it is an unusual one."""
        if self.ended or self._offer.source is not None:
            return None
        if not self.seen:
            if message["type"] != "http.response.start" or message["status"] != 200:
                return None
            self._length = _length_of(message.get("headers", ()))
            if self._length is None:
                return None
            self.seen.append(message)
            return ()
        if message["type"] != "http.response.body" or message.get("more_body", False):
            return None
        if len(message.get("body", b"")) != self._length:
            return None
        (start,) = self.seen
        self.seen.append(message)
        self.ended = True
        return ({**start, "headers": [*start["headers"], ACCEPT_RANGES]}, message)

    def leave(self, exchange: Exchange) -> None:
        """Tell `exchange` what has passed here, when nothing had been handed over yet."""
        source, self._offer.source = self._offer.source, None
        for message in self.seen:
            exchange.feed(message)  # what comes of it has been done, or is holding it
        self._offer.source = source


def _length_of(fields: Iterable[Field]) -> int | None:
    """The one Content-Length of a response that can be sliced; `None` if it is not so plain."""
    if not isinstance(fields, (list, tuple)):  # it may be readable only once
        return None
    length: int | None = None
    for name, value in fields:
        if len(name) in _SIZES:
            lowered = name.lower()
            if lowered == _CONTENT_LENGTH:
                if length is not None or len(value) > _MAX_DIGITS or not value.isdigit():
                    return None
                length = int(value)
            elif lowered in _UNUSUAL:
                return None
    return length
