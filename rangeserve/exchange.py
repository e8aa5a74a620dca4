"""One request's state machine: a message of the app in, actions out. Awaits nothing.

Every method returns actions for the rim (`call.py`) to carry out in order:

- a message (`dict`): send it to the server;
- `Open(path)`: open that file and come back with `opened`;
- `Serve(plan, source)`: send the plan's segments from the source, and say `serving_ends`
  before the last send, or `serving_stops` if the client has left.

What the app does wrong raises `ResponseError`, and from then on everything does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from .actions import Action, Message, Open, Serve, State
from .errors import ResponseError
from .handover import Offer
from .plan import Plan, advertise, make_plan
from .ranges import ByteRange
from .representation import Representation, read_representation
from .request import Request
from .selection import Limits, NotSatisfiable, Parts, Reason, Selection, Whole, select
from .slicer import Slicer
from .sources.protocol import Source
from .supply import gives, supply

__all__ = ["Exchange"]

_START: Final = "http.response.start"
_BODY: Final = "http.response.body"
_PATHSEND: Final = "http.response.pathsend"
_ZEROCOPYSEND: Final = "http.response.zerocopysend"
_TRAILERS: Final = "http.response.trailers"
_ANSWERS: Final = frozenset({_START, _BODY, _PATHSEND, _ZEROCOPYSEND})

_BODYLESS: Final = frozenset({204, 304})
_PATIENCE: Final = 16
_PLAIN: Final = Request()
# Before Python 3.12, looking a member up on its Enum costs as much as a function call.
_AT_START, _HELD, _PASSING, _SLICING = State.START, State.HELD, State.PASS, State.SLICING


class Exchange:
    """The response to one GET or HEAD, as the app's messages come in.

    `decided` turns true with the first action that answers; then `status`,
    `complete_length`, `ranges` and `reason` say what was decided (see `events.py`).
    `ended` turns true as the final message is given out. `warning` is for the log.
    """

    def __init__(
        self,
        method: str,
        request: Request | None,
        offer: Offer,
        limits: Limits,
        clock: Callable[[], float],
        *,
        native_pathsend: bool = False,
    ) -> None:
        """`request` is `None` if it has neither Range nor preconditions.

        `clock` gives seconds since the epoch; `native_pathsend`: the server offers it.
        """
        self.state: State = State.START
        self.is_head: bool = method == "HEAD"
        self.decided: bool = False
        self.ended: bool = False
        self.status: int = 0
        self.complete_length: int | None = None
        self.ranges: tuple[ByteRange, ...] = ()
        self.reason: Reason | None = None
        self.warning: str | None = None
        self._request = request
        self._offer = offer
        self._limits = limits
        self._clock = clock
        self._native_pathsend = native_pathsend
        self._start: Message = {}
        self._representation = Representation()
        self._slicer = Slicer(())
        self._pathsend: Message | None = None
        self._first: Message | None = None
        self._refused = False
        self._owed: int | None = None  # bytes still promised by Content-Length
        self._begun = False
        self._swallowed = 0

    # What the app sends

    def feed(self, message: Message) -> Sequence[Action]:
        """The next message of the app, unless the state is DONE (see `late`)."""
        kind: str = message["type"]
        state = self.state
        if state is _PASSING:
            return self._pass(kind, message)
        if state is _AT_START:
            return self._begin(kind, message)
        if state is _HELD:
            return self._held(kind, message)
        if state is _SLICING:
            return self._slice(kind, message)
        raise self._broken(f"{kind} came although {state.value}")

    def _begin(self, kind: str, message: Message) -> Sequence[Action]:
        if kind != _START:
            if kind in _ANSWERS:
                raise self._broken(f"{kind} came before {_START}")
            return (message,)
        self._start = message
        self._representation = read_representation(message.get("headers", ()))
        self.status = message["status"]
        source = self._offer.source
        if self.status != 200:
            return self._hand_on(Whole(reason=self._why(Reason.NOT_A_200)))
        if source is None or self._representation.length_in_doubt:
            return self._without_source()
        return self._take(source)

    def _take(self, source: Source | str) -> Sequence[Action]:
        """Something was handed over to be the body."""
        if isinstance(source, str):
            self.state = State.OPENING
            return (Open(source),)
        return self._handed_over(source)

    def _without_source(self) -> Sequence[Action]:
        """Only the app's own body is left to be the representation."""
        if self.is_head:
            return self._head()
        if self._request is None and self._representation.content_length is None:
            return self._hand_on(Whole())  # an event stream opens before its first event
        self.state = State.HELD
        return ()

    def _held(self, kind: str, message: Message) -> Sequence[Action]:
        if kind == _BODY:
            representation = self._representation
            source = self._offer.source
            if not (source is None or self._refused or representation.length_in_doubt):
                self._first = message  # a body that hands itself over as it is asked for
                return self._take(source)
            if not message.get("more_body", False):
                size = len(message.get("body", b""))
                if representation.content_length not in (None, size):
                    raise self._wrong_length(size)
                if not representation.length_in_doubt:
                    representation.complete_length = size
            selection = self._select()
            if isinstance(selection, Whole):
                return (*self._hand_on(selection), *self._pass(kind, message))
            plan = make_plan(selection, representation)
            start = self._rewritten(selection, plan)
            if not plan.segments:
                return self._only(start)
            self._slicer = Slicer(plan.segments)
            self.state = State.SLICING
            return (start, *self._slice(kind, message))
        if kind == _PATHSEND:
            return self._open(message)
        if kind == _START:
            raise self._broken(f"a second {_START} came")
        unknown = Whole(reason=self._why(Reason.UNKNOWN_MESSAGE))
        return (*self._hand_on(unknown), *self._pass(kind, message))

    def _pass(self, kind: str, message: Message) -> Sequence[Action]:
        if kind == _BODY and not self.ended:
            body = message.get("body", b"")
            self._begun = self._begun or bool(body)
            if self._owed is not None:
                self._owed -= len(body)
                if self._owed < 0:
                    raise self._broken("the body is longer than its Content-Length")
            if not message.get("more_body", False):
                if self._owed:
                    raise self._broken(f"the body ends {self._owed} bytes short of Content-Length")
                self.ended = True
        elif kind == _PATHSEND and not (self.ended or self._begun):
            return self._open(message)
        elif kind == _ZEROCOPYSEND and not self.ended:
            self._begun, self._owed = True, None
            self.ended = not message.get("more_body", False)
        elif kind in _ANSWERS:
            raise self._broken(f"{kind} came although the body had begun")
        return (message,)

    def _slice(self, kind: str, message: Message) -> Sequence[Action]:
        if kind == _BODY:
            chunks = self._slicer.feed(message.get("body", b""))
            complete = self._slicer.complete
            if complete:
                self.state = State.DONE
                self.ended = True
            elif not message.get("more_body", False):
                raise self._broken("the body ended before the range was complete")
            last = len(chunks) - 1
            return [
                {"type": _BODY, "body": chunk, "more_body": not complete or place != last}
                for place, chunk in enumerate(chunks)
            ]
        if kind == _TRAILERS:  # our start said that there are none
            return ()
        if kind in _ANSWERS:
            raise self._broken(f"{kind} came in the middle of a body")
        return (message,)

    def late(self, message: Message, *, heeded: bool) -> bool:
        """Whether an app that still sends after DONE has to be stopped by an exception.

        Not for its first message, nor for a final one; and not soon while it is `heeded`:
        listening for a disconnect, or told of it.
        """
        self._swallowed += 1
        kind = message["type"]
        final = (
            (kind == _BODY and not message.get("more_body", False))
            or (kind == _TRAILERS and not message.get("more_trailers", False))
            or kind == _PATHSEND
        )
        return not (final or self._swallowed == 1 or (heeded and self._swallowed <= _PATIENCE))

    def returned(self, *, gone: bool) -> None:
        """The app has returned; `gone`: the client had left. `ResponseError` if too early."""
        if not (gone or self.ended or self.state in (State.START, State.DONE)):
            raise self._broken(f"the app returned although {self.state.value}")

    # Sources

    def wants_etag(self) -> bool:
        """Whether a file that was opened should supply an entity-tag."""
        return not gives(self._representation, b"etag")

    def opened(self, source: Source) -> Sequence[Action]:
        """The file asked for by `Open` is open. If no `Serve` follows, it is not needed."""
        if self._pathsend is None:
            return self._handed_over(source)
        if self._representation.content_length not in (None, source.size):
            raise self._wrong_length(source.size)
        if self.decided:  # its start has gone out
            return self._give(Whole(source.size), Plan(self.status, [], _all_of(source)), source)
        return self._from_source(source)

    def _handed_over(self, source: Source) -> Sequence[Action]:
        length = self._representation.content_length
        if length != source.size and (self._offer.exact or length not in (None, 0)):
            return self._refuse(source, length)
        self._offer.served = True
        return self._from_source(source)

    def _refuse(self, source: Source, length: int | None) -> Sequence[Action]:
        """The app's body is not the one that the source stands for."""
        self._refused = True
        if not self._offer.exact:
            self.warning = (
                f"a source of {source.size} bytes was handed over, but the app's "
                f"Content-Length is {length}: its body was replaced later and is sent instead"
            )
        if self._first is None:
            return self._without_source()
        self.state = State.HELD
        return self._held(_BODY, self._first)

    def _from_source(self, source: Source) -> Sequence[Action]:
        if source.size < 0:
            raise self._broken(f"the source's size is {source.size}")
        supply(self._representation, source, self._clock())
        selection = self._select()
        return self._give(selection, make_plan(selection, self._representation), source)

    def _give(self, selection: Selection, plan: Plan, source: Source) -> Sequence[Action]:
        start = () if self.decided else (self._rewritten(selection, plan),)
        if self.is_head or not plan.segments:
            return self._only(*start)
        path = getattr(source, "sendable_path", None)
        if isinstance(selection, Whole) and self._native_pathsend and isinstance(path, str):
            self.serving_ends()
            return (*start, {"type": _PATHSEND, "path": path})
        self.state = State.SERVING
        return (*start, Serve(plan, source))

    def serving_ends(self) -> None:
        """The last send of what `Serve` asked for is about to be awaited."""
        self.state = State.DONE
        self.ended = True

    def serving_stops(self) -> None:
        """The client has left while it was served."""
        self.state = State.DONE
        self.ended = False

    # Decisions

    def _select(self) -> Selection:
        request = self._request or _PLAIN
        return select(request, self._representation, self._limits, self._clock())

    def _head(self) -> Sequence[Action]:
        """A HEAD is answered from the start alone."""
        selection = self._select()
        if isinstance(selection, Whole):
            start = {**self._hand_on(selection)[0], "trailers": False}
        else:
            start = self._rewritten(selection, make_plan(selection, self._representation))
        return self._only(start)

    def _hand_on(self, selection: Whole) -> tuple[Message]:
        """Hand on the app's own start and what follows it."""
        representation = self._representation
        start, fields = self._start, representation.fields
        whole = selection.complete_length
        self._note(selection, (ByteRange(0, whole),) if whole and not self.is_head else ())
        self.state = State.PASS
        bodyless = self.is_head or self.status in _BODYLESS
        self._owed = None if bodyless else representation.content_length
        if selection.sliceable:
            return ({**start, "headers": advertise(fields)},)
        if isinstance(start.get("headers", ()), (list, tuple)):
            return (start,)
        return ({**start, "headers": fields},)  # an iterator, which has been read

    def _rewritten(self, selection: Selection, plan: Plan) -> Message:
        self._note(selection, () if self.is_head else plan.ranges)
        self.status = plan.status
        return {
            **self._start,
            "status": plan.status,
            "headers": plan.headers,
            "trailers": False,
        }

    def _only(self, *start: Message) -> Sequence[Action]:
        """No body follows."""
        self.serving_ends()
        return (*start, {"type": _BODY, "body": b"", "more_body": False})

    def _note(self, selection: Selection, ranges: tuple[ByteRange, ...]) -> None:
        self.decided = True
        self.complete_length = selection.complete_length
        self.ranges = ranges
        if isinstance(selection, Whole):
            self.reason = selection.reason
        elif isinstance(selection, NotSatisfiable):
            self.reason = Reason.UNSATISFIABLE
        elif not isinstance(selection, Parts):
            self.reason = self._why(Reason.PRECONDITION)

    def _why(self, reason: Reason) -> Reason | None:
        """The reason, if there was a Range to be honoured."""
        return reason if self._request is not None and self._request.range is not None else None

    def _open(self, message: Message) -> Sequence[Action]:
        self._pathsend = message
        self.state = State.OPENING
        return (Open(message["path"]),)

    def _wrong_length(self, size: int) -> ResponseError:
        promised = self._representation.content_length
        return self._broken(f"the body is {size} bytes, its Content-Length is {promised}")

    def _broken(self, what: str) -> ResponseError:
        self.state = State.FAILED
        return ResponseError(what)


def _all_of(source: Source) -> tuple[ByteRange, ...]:
    return (ByteRange(0, source.size),) if source.size else ()
