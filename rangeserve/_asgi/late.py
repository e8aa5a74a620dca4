"""What is done about an app that goes on sending when its response is complete."""

from __future__ import annotations

from typing import Final

from ..types import Message
from .messages import BODY, PATHSEND, START, TRAILERS
from .response import Response

__all__ = ["Late"]

# The number of messages that an app which listens for the disconnect may still send, and
# that of an app which has little left.
_MAX_MESSAGES: Final = 16


class Late:
    """The messages that came late: they are dropped, or the app is stopped by an exception."""

    __slots__ = ("_max_bytes", "_messages")

    def __init__(self, max_bytes: int | None) -> None:
        """`max_bytes` is `Limits.max_late_bytes`."""
        self._max_bytes = max_bytes
        self._messages = 0

    def stops(self, message: Message, response: Response, *, app_listens: bool) -> bool:
        """Whether the app is to be stopped by raising, now that it sends `message`.

        Not for its first message, nor for a final one; if the app listens for the disconnect,
        or has been given it, not for the first few; and not if little is left by its
        Content-Length: monitoring takes an exception for a failure. A start is that of an
        error page, so the app has been stopped.
        """
        self._messages += 1
        message_type = message["type"]
        is_final = (
            (message_type == BODY and not message.get("more_body", False))
            or (message_type == TRAILERS and not message.get("more_trailers", False))
            or message_type in (PATHSEND, START)
        )
        patience = _MAX_MESSAGES if app_listens else 1
        is_little = self._is_little_left(response, len(message.get("body", b"")))
        return not is_final and not is_little and self._messages > patience

    def _is_little_left(self, response: Response, size: int) -> bool:
        """Whether the app, with `size` more bytes, has little left by its Content-Length.

        That is at most the limit, in a few messages of this size.
        """
        if response.owed is None:
            return False
        left = response.owed
        response.owed -= size
        if self._max_bytes is None:
            return left >= size
        return size <= left <= min(self._max_bytes, size * (_MAX_MESSAGES + 1 - self._messages))
