"""The events of an observer: two for each GET or HEAD in which the middleware takes part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Union

from .core.ranges import ByteRange
from .core.selection import Reason

__all__ = ["Event", "Observer", "Outcome", "ResponseFinished", "ResponseStarted"]


class Outcome(Enum):
    """How a response ended: it is complete, the client left, or the app or its source failed."""

    COMPLETE = "complete"
    CLIENT_GONE = "client gone"
    FAILED = "failed"


@dataclass(frozen=True)
class _Decided:
    """The fields of both events, which say what was decided."""

    number: int
    method: str
    path: str
    status: int
    complete_length: int | None
    ranges: tuple[ByteRange, ...]
    reason: Reason | None


@dataclass(frozen=True)
class ResponseStarted(_Decided):
    """The first event of a response: it is decided, and nothing has been sent yet.

    - `number`: unique in the process, and the same in the `ResponseFinished` of this response.
    - `method`, `path`: those of the scope.
    - `status`: the status that the client gets.
    - `complete_length`: that of the representation, in bytes; `None` if unknown.
    - `ranges`: the ranges of the representation in the body, half-open; empty unless bytes of
      known position are sent.
    - `reason`: why a Range was not honoured; `None` if it was, or if there was none.
    """


@dataclass(frozen=True)
class ResponseFinished(_Decided):
    """The last event of a response: it is complete, or was broken off.

    It has the fields of `ResponseStarted`, and these:

    - `bytes_sent`: the bytes of the body that the server took, the heads of parts included.
    - `seconds`: the time since the request came.
    - `outcome`: how the response ended.
    """

    bytes_sent: int
    seconds: float
    outcome: Outcome

    @property
    def finished(self) -> bool:
        """Whether the response is complete: the server took all of it."""
        return self.outcome is Outcome.COMPLETE

    @property
    def client_gone(self) -> bool:
        """Whether the client left before the response was complete."""
        return self.outcome is Outcome.CLIENT_GONE


Event = Union[ResponseStarted, ResponseFinished]
"""The argument of an observer."""

Observer = Callable[[Event], object]
"""The type of `observer=`: called with each event. Its result is ignored, its errors are logged."""
