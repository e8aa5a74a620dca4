"""The response to one request as a script: a message of the app in, actions out.

`_Script.respond` tells a response in the order in which it happens. Each `yield` gives out
actions, which the `Call` carries out in their order, and is resumed with the app's next
message. Nothing here awaits. The actions:

- a message (`dict`): to be sent to the server;
- `Open(path)`: the `yield` is resumed with the open file instead of a message, or with the
  `SourceUnavailable` that was raised;
- `Serve(plan, source)`: the plan's segments are sent from the source. `Response.last_send`
  is called right before the last of them, or `Response.client_left` if it is not reached.

What the app does wrong raises `ResponseError`, and from then on everything does.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, Final, TypeVar

from ..core.limits import Limits
from ..core.plan import Plan, advertise, make_plan, make_unavailable
from ..core.ranges import ByteRange
from ..core.representation import Field, Representation, read_representation
from ..core.request import Request, accepts_coding
from ..core.selection import Reason, Selection, TooLarge, Whole, select
from ..core.slicer import Slicer
from ..errors import ResponseError
from ..handover import Handover
from ..sources.protocol import Source
from ..sources.unavailable import SourceUnavailable
from ..types import Message
from .actions import Action, Open, Serve
from .hints import Hints
from .hooks import Hooks
from .messages import ANSWERS, BODY, PATHSEND, START, TRAILERS, ZEROCOPYSEND, rewritten
from .response import Response, State

__all__ = ["Exchange"]

T = TypeVar("T")
Steps = Generator[Sequence[Action], Any, T]

_BODYLESS: Final = frozenset({204, 304})
_NO_REQUEST: Final = Request()
_NO_HEAD_REQUEST: Final = Request("HEAD")
_NOT_READ: Final = Representation()


class Exchange:
    """Drives the script of one response; `response` says how far it has come."""

    def __init__(
        self,
        method: str,
        request: Request | None,
        handover: Handover,
        limits: Limits,
        clock: Callable[[], float],
        *,
        native_pathsend: bool = False,
        request_fields: Iterable[Field] = (),
        hints: Hints | None = None,
        hooks: Hooks | None = None,
        response: Response | None = None,
        held: Message | None = None,
    ) -> None:
        """Wait for the app's first message, or continue where a fast path left off.

        `request` is `None` if it has neither Range nor preconditions. `clock` gives seconds
        since the epoch. `native_pathsend`: the server offers it. `request_fields`: all fields
        of the request. `hints`: what the author of the app is told. `hooks`: the user's functions,
        `None` if there are none. `response`: how far it has come; `held`: the start of a 200 that
        has come already.
        """
        self.response: Response = Response() if response is None else response
        script = _Script(self.response, method, request, handover, limits, clock)
        script.native_pathsend = native_pathsend
        script.request_fields = request_fields
        script.hints = hints or Hints(request)
        script.hooks = hooks
        # If the script referred to its generator, the cycle would keep the last message
        # until the next garbage collection.
        steps = script.respond() if held is None else script.resume(held)
        self._steps = steps
        next(steps)

    def feed(self, message: Message) -> Sequence[Action]:
        """What to do about the next message of the app, unless the state is DONE (see `Late`).

        `ResponseError` if the message breaks the order of ASGI or the promise of a
        Content-Length, or if the response has failed before.
        """
        try:
            return self._steps.send(message)
        except StopIteration:
            why = f"{message['type']} came although {self._where()}"
            raise self.response.fail(why) from None

    def opened(self, source: Source | SourceUnavailable) -> Sequence[Action]:
        """What to do now that the file of `Open` is open, or is not to be had.

        If no `Serve` follows, the file is not needed.
        `ResponseError` if the response has failed meanwhile.
        """
        try:
            return self._steps.send(source)
        except StopIteration:
            raise self.response.fail(f"a file was opened although {self._where()}") from None

    def returned(self, *, client_gone: bool) -> None:
        """The app has returned. `ResponseError` if that is too early and the client still there."""
        response = self.response
        allowed = response.complete or response.state in (State.START, State.DONE)
        if not (client_gone or allowed):
            self._steps.close()
            raise response.fail(f"the app returned although {self._where()}")

    def _where(self) -> str:
        return self.response.state.value


class _Script:
    """What the steps of one response share: the request, and what the app said so far.

    `native_pathsend`, `request_fields`, `hints` and `hooks` are those of `Exchange`.
    """

    native_pathsend: bool = False
    request_fields: Iterable[Field] = ()
    hints: Hints
    hooks: Hooks | None = None

    def __init__(
        self,
        response: Response,
        method: str,
        request: Request | None,
        handover: Handover,
        limits: Limits,
        clock: Callable[[], float],
    ) -> None:
        self._response = response
        self._is_head = method == "HEAD"
        self._request = request
        if request is not None and request.range is not None:
            response.has_range = True
        self._handover = handover
        self._limits = limits
        self._clock = clock
        self._representation = _NOT_READ

    def resume(self, start: Message) -> Steps[None]:
        """From where a fast path left off: `start` is held, or passed on with its body."""
        is_passed = self._response.complete
        self._read(start)
        if is_passed:
            yield from self._follow(start)
        else:
            yield from self._hold(start)

    def respond(self) -> Steps[None]:
        """From the app's first message to its last."""
        response = self._response
        start: Message = yield ()
        while start["type"] != START:
            if start["type"] in ANSWERS:
                raise response.fail(f"{start['type']} came before {START}")
            start = yield (start,)
        self._read(start)
        representation = self._representation
        if response.status != 200:
            self._judge_own_ranges()
            yield from self._pass(start, Whole(reason=self._if_ranged(Reason.NOT_A_200)))
            return
        judged = self._handover.source is not None and self._handover.first_body is None
        if judged and (yield from self._answer_from_handover(start)):
            return
        if self._is_head:
            yield self._answer_head(start)
        elif (
            self._request is None
            and representation.content_length is None
            and not (self.hooks is not None and self.hooks.awaits_body(representation))
        ):
            # Nothing to decide: an event stream opens before its first event.
            yield from self._pass(start, Whole())
        else:
            yield from self._hold(start, handover_judged=judged)

    def _hold(self, start: Message, *, handover_judged: bool = False) -> Steps[None]:
        """The start waits for the first body message, which may tell the complete length."""
        response = self._response
        response.state = State.HELD
        message: Message = yield ()
        message_type = message["type"]
        if message_type == BODY:
            # An integration may hand the file over as late as the body's first chunk.
            first = self._handover.first_body
            unchanged = first is None or message.get("body") is first
            may_judge = unchanged and not handover_judged
            if may_judge and (yield from self._answer_from_handover(start)):
                return
            selection = self._select_with_body(message)
        elif message_type == PATHSEND:
            yield from self._answer_from_path(start, message["path"])
            return
        elif message_type == START:
            raise response.fail(f"a second {START} came")
        else:
            selection = Whole(reason=self._if_ranged(Reason.UNKNOWN_MESSAGE))
        if isinstance(selection, Whole):
            yield from self._pass(start, selection, message)
            return
        plan = make_plan(selection, self._representation)
        start = self._rewritten(start, selection, plan)
        if plan.segments:
            yield from self._slice(start, plan, message)
        else:
            yield self._without_body(start)

    # The ways of an answer

    def _pass(self, start: Message, selection: Whole, first: Message | None = None) -> Steps[None]:
        """The app's own start and all that follows it are passed on, beginning with `first`."""
        passed_on = self._passed_on(start, selection)
        bodyless = self._is_head or self._response.status in _BODYLESS
        owed = None if bodyless else self._representation.content_length
        yield from self._follow(start, owed, first, (passed_on,))

    def _follow(
        self,
        start: Message,
        owed: int | None = None,
        message: Message | None = None,
        actions: Sequence[Action] = (),
    ) -> Steps[None]:
        """After `actions`, each message of the app is passed on, beginning with `message`.

        `owed`: the number of bytes that Content-Length has promised, if it has.
        """
        response = self._response
        has_begun = False
        if message is None:
            following: Message = yield actions
            actions = ()
        else:
            following = message
        while True:
            message_type = following["type"]
            if message_type == BODY and not response.complete:
                body = following.get("body", b"")
                has_begun = has_begun or bool(body)
                if owed is not None:
                    owed -= len(body)
                    if owed < 0:
                        raise response.fail("the body is longer than its Content-Length")
                if not following.get("more_body", False):
                    if owed:
                        raise response.fail(f"the body ends {owed} bytes short of Content-Length")
                    response.complete = True
            elif message_type == PATHSEND and not (response.complete or has_begun):
                yield from self._answer_from_path(start, following["path"])
                return
            elif message_type == ZEROCOPYSEND and not response.complete:
                has_begun, owed = True, None
                response.complete = not following.get("more_body", False)
            elif message_type in ANSWERS:
                raise response.fail(f"{message_type} came although the body had begun")
            following = yield (*actions, following)
            actions = ()

    def _slice(self, start: Message, plan: Plan, message: Message) -> Steps[None]:
        """What lies before a range is dropped, what lies inside is passed on."""
        response = self._response
        response.state = State.SLICING
        slicer = Slicer(plan.segments)
        rest = self._representation.content_length or 0  # known, or there were no plan
        actions: list[Action] = [start]
        while True:
            message_type = message["type"]
            if message_type == BODY:
                chunk = message.get("body", b"")
                rest -= len(chunk)
                chunks = slicer.feed(chunk)
                is_complete, last = slicer.complete, len(chunks) - 1
                actions += [
                    {"type": BODY, "body": chunk, "more_body": not is_complete or place != last}
                    for place, chunk in enumerate(chunks)
                ]
                if is_complete:
                    response.owed = rest
                    response.last_send()
                elif not message.get("more_body", False):
                    raise response.fail("the body ended before the range was complete")
            elif message_type in ANSWERS:
                raise response.fail(f"{message_type} came in the middle of a body")
            elif message_type != TRAILERS:  # our start said that there are none
                actions.append(message)
            message = yield actions
            actions = []

    def _answer_from_handover(self, start: Message) -> Steps[bool]:
        """Answer from what was handed over; `False` if there is nothing, or it is refused."""
        source, representation = self._handover.source, self._representation
        if source is None or representation.length_in_doubt:
            return False
        if isinstance(source, str):
            opened = self._opened((yield self._open(source)))
            if isinstance(opened, SourceUnavailable):
                self._handover.accepted = True
                yield self._answer_unavailable(start, opened)
                return True
            source = opened
        length, handover = representation.content_length, self._handover
        if length != source.size:
            if handover.same_body and (length is None or length != handover.content_length):
                return False
            if handover.same_body:
                representation.forget_validators()  # the file has changed since they were made
            elif length not in (None, 0):
                self.hints.replaced_body(source.size, length)
                return False
        handover.accepted = True
        yield self._answer_from_source(start, source)
        return True

    def _answer_from_path(self, start: Message, path: str) -> Steps[None]:
        """Answer from the file that the app sends by its path."""
        source = self._opened((yield self._open(path)))
        if isinstance(source, SourceUnavailable):
            if self._response.decided:  # the start has been sent
                raise self._response.fail(str(source)) from source
            yield self._answer_unavailable(start, source)
            return
        representation = self._representation
        has_changed = representation.content_length not in (None, source.size)
        if self._response.decided:  # the start has been sent
            if has_changed:
                raise self._wrong_length(source.size)
            whole = (ByteRange(0, source.size),) if source.size else ()
            plan = Plan(self._response.status, [], whole)
            yield self._serve((), plan, source)
        else:
            if has_changed:  # the file that is open counts, not what the app saw before
                representation.forget_validators()
            yield self._answer_from_source(start, source, is_sent_by_path=True)

    def _open(self, path: str) -> Sequence[Action]:
        self._response.state = State.OPENING
        representation = self._representation
        needs_etag = not representation.has_field(b"etag")
        return (Open(path, needs_etag, representation.content_length),)

    def _opened(self, given: Source | SourceUnavailable | Message) -> Source | SourceUnavailable:
        response = self._response
        if isinstance(given, dict):
            raise response.fail(f"{given['type']} came although {response.state.value}")
        response.state = State.HELD
        return given

    def _answer_from_source(
        self, start: Message, source: Source, *, is_sent_by_path: bool = False
    ) -> Sequence[Action]:
        """`is_sent_by_path`: by the app itself, so that the server may send it by its path, too.

        What is handed over may be gone when a server opens it, after the app has returned.
        """
        if source.size < 0:
            raise self._response.fail(f"the source's size is {source.size}")
        representation = self._representation
        representation.know_source(
            source.size, source.etag, source.last_modified, source.content_type, self._clock()
        )
        self.hints.source_etag(source.etag)
        selection = self._select()
        plan = make_plan(selection, representation)
        start = self._rewritten(start, selection, plan)
        path = getattr(source, "sendable_path", None)
        if (
            is_sent_by_path
            and self.native_pathsend
            and isinstance(selection, Whole)
            and isinstance(path, str)
            and plan.segments
            and not self._is_head
        ):
            self._response.last_send()
            return (start, {"type": PATHSEND, "path": path})
        return self._serve((start,), plan, source)

    def _serve(self, start: tuple[Message, ...], plan: Plan, source: Source) -> Sequence[Action]:
        if self._is_head or not plan.segments:
            return self._without_body(*start)
        self._response.state = State.SERVING
        self._response.owed = self._representation.content_length
        return (*start, Serve(plan, source))

    def _answer_head(self, start: Message) -> Sequence[Action]:
        """A HEAD is answered from the start alone: the app's body is never awaited."""
        selection = self._select()
        if isinstance(selection, Whole):
            return self._without_body({**self._passed_on(start, selection), "trailers": False})
        plan = make_plan(selection, self._representation)
        return self._without_body(self._rewritten(start, selection, plan))

    def _answer_unavailable(self, start: Message, why: SourceUnavailable) -> Sequence[Action]:
        """The file cannot be had: its status without a body, instead of the app's response."""
        plan = make_unavailable(why.status, self._representation, why.retry_after)
        selection = Whole(reason=self._if_ranged(Reason.NOT_A_200))
        return self._without_body(self._rewritten(start, selection, plan))

    def _without_body(self, *start: Message) -> Sequence[Action]:
        self._response.owed = self._representation.content_length
        self._response.last_send()
        return (*start, {"type": BODY, "body": b"", "more_body": False})

    # What they share

    def _read(self, start: Message) -> None:
        status = self._response.status = start["status"]
        representation = self._representation = read_representation(start.get("headers", ()))
        if status == 200 and representation.coded:
            representation.amend_coded(negotiated=accepts_coding(self.request_fields))
        elif status == 200 and self.hooks is not None and self._handover.source is None:
            self.hooks.validate(representation, self._clock())

    def _judge_own_ranges(self) -> None:
        """A 206 of the app's own has to be what was asked for."""
        complaint = self.hints.complaint_about(self._response.status, self._representation)
        if complaint is not None:
            raise self._response.fail(complaint)

    def _select_with_body(self, first: Message) -> Selection:
        """The decision, now that the first body message has come."""
        representation = self._representation
        body = first.get("body", b"")
        is_last = not first.get("more_body", False)
        if is_last:
            size = len(body)
            if representation.content_length not in (None, size):
                raise self._wrong_length(size)
            representation.know_body(size)
        if self.hooks is not None and (is_last or len(body) == representation.content_length):
            self.hooks.tag_body(representation, body, self._clock())
        return self._select()

    def _select(self) -> Selection:
        request = self._request or (_NO_HEAD_REQUEST if self._is_head else _NO_REQUEST)
        selection = select(request, self._representation, self._limits, self._clock())
        if isinstance(selection, TooLarge) and self.hooks is not None:
            selection.location = self.hooks.location()
        return selection

    def _passed_on(self, start: Message, selection: Whole) -> Message:
        """The app's own start; it says that ranges are accepted if that is so."""
        response, length = self._response, selection.complete_length
        representation = self._representation
        whole = (ByteRange(0, length),) if length and not self._is_head else ()
        response.decide(response.status, selection, whole)
        response.state = State.PASSING
        if selection.sliceable:
            if selection.reason is Reason.WEAK_ETAG:
                self.hints.weak_etag(representation)
            return {**start, "headers": advertise(representation.fields)}
        if response.status == 200:
            reason = None if self._is_head else selection.reason
            self.hints.not_sliced(representation, reason)
        if representation.fields is start.get("headers"):
            return start
        return {**start, "headers": representation.fields}

    def _rewritten(self, start: Message, selection: Selection, plan: Plan) -> Message:
        """The start with the plan's status and fields."""
        ranges = () if self._is_head else plan.ranges
        self._response.decide(plan.status, selection, ranges)
        return rewritten(start, plan)

    def _if_ranged(self, reason: Reason) -> Reason | None:
        """`reason` if the request has a Range, else `None`."""
        return reason if self._response.has_range else None

    def _wrong_length(self, size: int) -> ResponseError:
        promised = self._representation.content_length
        return self._response.fail(f"the body is {size} bytes, its Content-Length is {promised}")
