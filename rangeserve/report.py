"""One response as an observer sees it: told when it starts and when it ends."""

from __future__ import annotations

import logging
from itertools import count
from time import perf_counter
from typing import Final

from .actions import Message
from .events import Event, Observer, Outcome, ResponseFinished, ResponseStarted
from .exchange import Exchange

__all__ = ["Report"]

_numbers: Final = count(1)
_logger: Final = logging.getLogger("rangeserve")


class Report:
    """Collects what the two events say, and tells them once each.

    `bytes_sent` counts the bytes of the body handed to the server. An observer that raises
    is logged and harms no response.
    """

    def __init__(self, observer: Observer | None, method: str, path: str) -> None:
        self.bytes_sent: int = 0
        self._observer = observer
        self._method = method
        self._path = path
        self._began = perf_counter()
        self._started: ResponseStarted | None = None

    @staticmethod
    def wanted(observer: Observer | None) -> bool:
        """Whether anybody is there to be told."""
        return observer is not None or _logger.isEnabledFor(logging.DEBUG)

    def start(self, exchange: Exchange) -> None:
        """Tell what was decided; only the first call counts."""
        if self._started is None:
            self._started = ResponseStarted(
                number=next(_numbers),
                method=self._method,
                path=self._path,
                status=exchange.status,
                complete_length=exchange.complete_length,
                ranges=exchange.ranges,
                reason=exchange.reason,
            )
            self._tell(self._started)

    def sent(self, message: Message) -> None:
        """Count what a message that has been sent holds of the body."""
        if message["type"] == "http.response.body":
            self.bytes_sent += len(message.get("body", b""))
        elif message["type"] == "http.response.pathsend" and self._started is not None:
            self.bytes_sent += self._started.complete_length or 0

    def finish(self, outcome: Outcome) -> None:
        """Tell how it ended; nothing if it never started."""
        started = self._started
        if started is not None:
            finished = ResponseFinished(
                **vars(started),
                bytes_sent=self.bytes_sent,
                seconds=perf_counter() - self._began,
                outcome=outcome,
            )
            _logger.debug("%s", finished)
            self._tell(finished)

    def _tell(self, event: Event) -> None:
        if self._observer is not None:
            try:
                self._observer(event)
            except Exception:
                _logger.exception("the observer failed")
