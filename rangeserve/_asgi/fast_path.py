"""The fast paths: two kinds of answer that take a single step, so that no exchange is begun.

Most requests ask for no range and nothing about validators, and most of their answers come in one
piece. Most of the others ask for a short range of a file, and whether that can be given is decided
by the same functions of `core/` as in an exchange. A fast path recognises its case and nothing
else; for whatever else happens, an `Exchange` begins where the fast path left off.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import time
from typing import Final, Optional

from ..core.limits import Limits
from ..core.plan import ACCEPT_RANGES, Plan, make_plan
from ..core.ranges import ByteRange, read_one
from ..core.representation import (
    MAX_LENGTH_DIGITS,
    Field,
    Representation,
    read_representation,
)
from ..core.request import Request
from ..core.selection import Parts, select
from ..core.validators import is_entity_tag
from ..errors import ResponseError
from ..handover import Handover
from ..sources.at_hand import AtHand, has_at_hand
from ..sources.etags import stat_etag
from ..sources.opening import open_now
from ..sources.protocol import Source
from ..types import Message
from .messages import BODY, PATHSEND, START, rewritten
from .response import Response, State

__all__ = ["PlainWhole", "ShortRange"]

Answer = Optional[Sequence[Message]]

_CONTENT_LENGTH: Final = b"content-length"
_UNUSUAL: Final = frozenset({b"accept-ranges", b"content-encoding", b"content-range"})
_SIZES: Final = frozenset(map(len, (_CONTENT_LENGTH, *_UNUSUAL)))
_PAIRS: Final = frozenset({tuple, list})
_SHORT_BYTES: Final = 64 * 1024


class PlainWhole:
    """The 200 that comes in one piece, to a GET that has neither Range nor preconditions.

    `held` is the app's start, once it has come and proved to be a plain one.
    """

    __slots__ = ("_content_length", "_handover", "_response", "held")

    def __init__(self, response: Response, handover: Handover) -> None:
        self.held: Message | None = None
        self._response = response
        self._handover = handover
        self._content_length = 0

    def feed(self, message: Message) -> Answer:
        """What to send for the next message of the app; `None` leaves it to the exchange."""
        response, start = self._response, self.held
        if response.complete or self._handover.source is not None:
            return None
        if start is None:
            if message["type"] != START or message["status"] != 200:
                return None
            length = _plain_length(message.get("headers", ()))
            if length is None:
                return None
            self._content_length = length
            self.held = message
            response.state = State.HELD
            return ()
        if message["type"] != BODY or message.get("more_body", False):
            return None
        if len(message.get("body", b"")) != self._content_length:
            return None
        response.state, response.complete = State.PASSING, True
        return ({**start, "headers": [*start["headers"], ACCEPT_RANGES]}, message)

    def decide(self) -> None:
        """Tell the response what was decided, now that the answer is known."""
        response, length = self._response, self._content_length
        response.decided, response.status = True, 200
        response.complete_length = length
        response.ranges = (ByteRange(0, length),) if length else ()


class ShortRange:
    """The 206 with a short range of a file that the app sends by its path, or hands over.

    Bytes that are handed over are as good. It is given if nothing has to be waited for. `held` is
    the app's start, until the path or the body comes.
    """

    __slots__ = (
        "_add_last_modified", "_decided", "_handover", "_limits", "_request", "_response", "held",
    )  # fmt: skip

    def __init__(
        self,
        response: Response,
        handover: Handover,
        request: Request,
        limits: Limits,
        *,
        last_modified: bool,
    ) -> None:
        """`last_modified`: whether a file whose app gave no Last-Modified gets one."""
        self.held: Message | None = None
        self._response = response
        self._handover = handover
        self._request = request
        self._limits = limits
        self._add_last_modified = last_modified
        self._decided: tuple[Parts, Plan] | None = None

    @staticmethod
    def suits(request: Request) -> bool:
        """Whether a GET asks for one short range, with no precondition other than If-Range."""
        one = read_one(request.range) if request.range is not None else None
        if one is None or one[1] is None or one[1] - one[0] > _SHORT_BYTES:
            return False
        return not request.has_preconditions

    def feed(self, message: Message) -> Answer:
        """What to send for the next message of the app; `None` leaves it to the exchange."""
        start, source = self.held, self._handover.source
        message_type = message["type"]
        if start is None:
            if message_type != START or message["status"] != 200:
                return None
            fields = message.get("headers", ())
            if not _can_be_read_again(fields):
                return None
            if source is not None and self._handover.first_body is None:
                return self._answer_from_handover(message, source)
            self.held = message
            self._response.state = State.HELD
            return ()
        if message_type == PATHSEND and source is None:
            return self._answer(start, message["path"], (None,))
        if message_type == BODY and source is not None:
            first = self._handover.first_body
            if first is None or message.get("body") is first:
                return self._answer_from_handover(start, source)
        return None

    def _answer_from_handover(self, start: Message, source: Source | str) -> Answer:
        given = source if isinstance(source, str) else has_at_hand(source)
        if given is None:
            return None
        lengths = () if self._handover.same_body else (None, 0)
        answer = self._answer(start, given, lengths)
        self._handover.accepted = answer is not None
        return answer

    def _answer(
        self, start: Message, given: str | AtHand, lengths: tuple[int | None, ...]
    ) -> Answer:
        """The answer from a path or an open source.

        `lengths`: what the app's Content-Length may be, if it is not the source's size.
        """
        representation = read_representation(start.get("headers", ()))
        if representation.coded or representation.length_in_doubt:
            return None
        if not isinstance(given, str):
            if given.etag is not None and not is_entity_tag(given.etag):
                return None  # the exchange tells the author
            return self._answer_from(start, representation, given, lengths)
        try:
            file = open_now(given)
        except (OSError, ValueError, ResponseError):  # the exchange will meet and report it
            return None
        if file is None:
            return None
        try:
            if representation.etag is None:
                file.etag = stat_etag(file)
            if not self._add_last_modified:
                file.last_modified = None
            return self._answer_from(start, representation, file, lengths)
        finally:
            file.close()

    def _answer_from(
        self,
        start: Message,
        representation: Representation,
        source: AtHand,
        lengths: tuple[int | None, ...],
    ) -> Answer:
        length = representation.content_length
        if length != source.size and length not in lengths:
            return None
        now = time()
        representation.know_source(
            source.size, source.etag, source.last_modified, source.content_type, now
        )
        selection = select(self._request, representation, self._limits, now)
        if not isinstance(selection, Parts):
            return None
        plan = make_plan(selection, representation)
        ((first, stop),) = plan.ranges
        body = source.read_at_once(first, stop)
        if body is None or len(body) != plan.content_length:
            return None
        self._decided = (selection, plan)
        self._response.owed = length
        self._response.last_send()
        return (rewritten(start, plan), {"type": BODY, "body": body, "more_body": False})

    def decide(self) -> None:
        """Tell the response what was decided, now that the answer is known."""
        assert self._decided is not None
        selection, plan = self._decided
        self._response.decide(206, selection, plan.ranges)


def _can_be_read_again(fields: Iterable[Iterable[bytes]]) -> bool:
    """Whether neither the fields nor one of their pairs can be read only once."""
    if not isinstance(fields, (list, tuple)):
        return False
    for field in fields:  # noqa: SIM110 - `all` takes three times as long
        if type(field) not in _PAIRS:
            return False
    return True


def _plain_length(fields: Iterable[Field]) -> int | None:
    """The one Content-Length, in bytes, of a response that can be sliced; else `None`."""
    if not _can_be_read_again(fields):
        return None
    length: int | None = None
    for name, value in fields:
        if len(name) in _SIZES:
            lowered = name.lower()
            if lowered == _CONTENT_LENGTH:
                if length is not None or len(value) > MAX_LENGTH_DIGITS or not value.isdigit():
                    return None
                length = int(value)
            elif lowered in _UNUSUAL:
                return None
    return length
