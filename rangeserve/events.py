"""What an observer is told: two events for each GET or HEAD that takes part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Union

from .core.ranges import ByteRange
from .core.selection import Reason

__all__ = ["Event", "Observer", "Outcome", "ResponseFinished", "ResponseStarted"]


class Outcome(Enum):
    """How a response ended."""

    COMPLETE = "complete"
    CLIENT_GONE = "client gone"
    FAILED = "failed"


@dataclass(frozen=True)
class ResponseStarted:
    """The decision is made; nothing has been sent yet.

    `number` is the same in the `ResponseFinished` of this response, and unique in the
    process. `path` is the scope's. `status` is what the client gets. `complete_length` is
    that of the representation, in bytes, `None` if unknown. `ranges` are the ranges of it
    that the body holds, half-open; empty unless bytes of known position are sent. `reason`
    says why a Range was not honoured; `None` if it was, or if there was none.
    """

    number: int
    method: str
    path: str
    status: int
    complete_length: int | None
    ranges: tuple[ByteRange, ...]
    reason: Reason | None


@dataclass(frozen=True)
class ResponseFinished:
    """The response is over, well or not.

    The fields of `ResponseStarted`, and `bytes_sent` (bytes of the body handed to the
    server), `seconds` since the request came, and the `outcome`.
    """

    number: int
    method: str
    path: str
    status: int
    complete_length: int | None
    ranges: tuple[ByteRange, ...]
    reason: Reason | None
    bytes_sent: int
    seconds: float
    outcome: Outcome

    @property
    def finished(self) -> bool:
        """Whether the whole answer was handed to the server."""
        return self.outcome is Outcome.COMPLETE

    @property
    def client_gone(self) -> bool:
        """Whether the client left before the end."""
        return self.outcome is Outcome.CLIENT_GONE


Event = Union[ResponseStarted, ResponseFinished]
Observer = Callable[[Event], object]
