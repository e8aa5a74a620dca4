"""The two events that an observer gets of one response: decided, and finished."""

from __future__ import annotations

import logging
from itertools import count
from time import perf_counter
from typing import Any, Final, TypeVar

from ..events import Event, Observer, Outcome, ResponseFinished, ResponseStarted
from ..types import Message
from .messages import BODY, PATHSEND
from .response import Response

__all__ = ["Observation"]

T = TypeVar("T", ResponseStarted, ResponseFinished)
_numbers: Final = count(1)
_logger: Final = logging.getLogger("rangeserve")


class Observation:
    """Collects what the two events say, and gives each of them to the observer once.

    An observer that raises is logged and harms no response.
    """

    def __init__(self, observer: Observer | None, method: str, path: str) -> None:
        self._bytes_sent = 0
        self._observer = observer
        self._method = method
        self._path = path
        self._began = perf_counter()
        self._facts: dict[str, Any] | None = None

    @staticmethod
    def is_wanted(observer: Observer | None) -> bool:
        """Whether there is an observer, or the log is written at DEBUG."""
        return observer is not None or _logger.isEnabledFor(logging.DEBUG)

    @classmethod
    def of(cls, observer: Observer | None, method: str, path: str) -> Observation | None:
        """The observation of a request, if it is wanted."""
        return cls(observer, method, path) if cls.is_wanted(observer) else None

    def start(self, response: Response) -> None:
        """Give the observer the first event; only the first call counts."""
        if self._facts is not None:
            return
        facts = self._facts = {
            "number": next(_numbers),
            "method": self._method,
            "path": self._path,
            "status": response.status,
            "complete_length": response.complete_length,
            "ranges": response.ranges,
            "reason": response.reason,
        }
        if self._observer is not None:
            self._tell(self._observer, _made(ResponseStarted, facts))

    def count(self, message: Message) -> None:
        """Count the bytes of the body in a message that the server has taken."""
        message_type = message["type"]
        if message_type == BODY:
            self._bytes_sent += len(message.get("body", b""))
        elif message_type == PATHSEND and self._facts is not None:
            self._bytes_sent += self._facts["complete_length"] or 0

    def count_served(self, size: int) -> None:
        """Count `size` bytes of the body that a source has given and the server has taken."""
        self._bytes_sent += size

    def finish(self, outcome: Outcome) -> None:
        """Give the observer the second event, if it has been given the first."""
        facts = self._facts
        if facts is None:
            return
        facts["bytes_sent"] = self._bytes_sent
        facts["seconds"] = perf_counter() - self._began
        facts["outcome"] = outcome
        finished = _made(ResponseFinished, facts)
        if _logger.isEnabledFor(logging.DEBUG):
            _logger.debug("%s", finished)
        if self._observer is not None:
            self._tell(self._observer, finished)

    def _tell(self, observer: Observer, event: Event) -> None:
        try:
            observer(event)
        except Exception:
            _logger.exception("the observer failed")


def _made(kind: type[T], facts: dict[str, Any]) -> T:
    """A frozen event with these fields, without its `__init__`, which takes three times as long."""
    event = object.__new__(kind)
    vars(event).update(facts)
    return event
