"""How far the response to one request has come, and what was decided."""

from __future__ import annotations

from enum import Enum

from ..core.ranges import ByteRange
from ..core.selection import NotSatisfiable, Parts, Reason, Selection, TooLarge, Whole
from ..errors import ResponseError

__all__ = ["Response", "State"]


class State(Enum):
    """Where a response stands."""

    START = "nothing has come from the app"
    HELD = "the response start is held until the length is known"
    OPENING = "a file is being opened"
    PASSING = "the app's messages are passed on"
    SLICING = "the body is sliced as it passes"
    SERVING = "a source gives the body"
    DONE = "the client has what it asked for"
    FAILED = "the response has failed"


class Response:
    """The response to one GET or HEAD: written by the exchange or a fast path, read by all others.

    `has_range`: the request has a Range, so there is a reason to be given if it is not
    honoured. `decided` turns true when the first action that answers is given out; from then on
    `status`, `complete_length` (bytes), `ranges` (half-open) and `reason` are those of
    `events.ResponseStarted`. `complete` turns true when the final message is given out; `owed`
    is then what the app's body still lacks, in bytes, if its Content-Length tells.
    A response that has failed stays failed.
    """

    # What a response starts with. As defaults of the class they cost a request nothing.
    state: State = State.START
    decided: bool = False
    complete: bool = False
    owed: int | None = None
    has_range: bool = False
    status: int = 0
    complete_length: int | None = None
    ranges: tuple[ByteRange, ...] = ()
    reason: Reason | None = None

    def decide(self, status: int, selection: Selection, ranges: tuple[ByteRange, ...]) -> None:
        """The selection is made, and `ranges` are those that the body will hold."""
        self.decided = True
        self.status = status
        self.complete_length = selection.complete_length
        self.ranges = ranges
        if isinstance(selection, Parts):
            return
        if isinstance(selection, (Whole, TooLarge)):
            self.reason = selection.reason
        elif isinstance(selection, NotSatisfiable):
            self.reason = Reason.UNSATISFIABLE
        elif self.has_range:
            self.reason = Reason.PRECONDITION

    def last_send(self) -> None:
        """The final message is about to be sent. `ResponseError` if the response has failed."""
        if self.state is State.FAILED:
            raise ResponseError(f"the body cannot be completed: {self.state.value}")
        self.state = State.DONE
        self.complete = True

    def client_left(self) -> None:
        """The client has left before the final message, which is not going to be sent."""
        if self.state is not State.FAILED:
            self.state = State.DONE
            self.complete = False

    def fail(self, why: str) -> ResponseError:
        """The error to be raised, now that the response cannot be given."""
        self.state = State.FAILED
        return ResponseError(why)
