"""The decision: a request met with a representation, and what is then to be sent.

`select` is the one place where a status is chosen, with the reason if a Range was not
honoured. It refuses to know how the answer is framed (`plan.py`) and where the bytes come
from. Every outcome is one dataclass.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Union

from .limits import Limits
from .preconditions import Verdict, evaluate, if_range_holds
from .ranges import ByteRange, coalesce, parse_range, range_unit, resolve
from .representation import Representation
from .request import OVER_LIMITS, REPEATED, Request

__all__ = [
    "NotModified",
    "NotSatisfiable",
    "Parts",
    "PreconditionFailed",
    "Reason",
    "Selection",
    "Whole",
    "select",
]


class Reason(Enum):
    """Why a Range that was asked for was not honoured."""

    MALFORMED = "the Range field does not match the grammar"
    UNKNOWN_UNIT = "the range unit is not bytes"
    REPEATED = "the request has more than one Range line"
    OVER_LIMITS = "the Range field is over a limit"
    TOO_MUCH = "the parts and their heads would cost more than the whole"
    COVERS_WHOLE = "the ranges add up to the whole representation"
    UNSATISFIABLE = "no range selects a byte of the representation"
    IF_RANGE = "the If-Range condition does not hold"
    PRECONDITION = "a precondition decided first"
    HEAD = "Range is defined for GET only"
    NO_LENGTH = "the complete length is unknown: the response has no Content-Length"
    CONTENT_CODED = "the response has a Content-Encoding"
    ACCEPT_RANGES_NONE = "the app says Accept-Ranges: none"
    CONTENT_RANGE = "the app's 200 has a Content-Range"
    CONTENT_TYPE = "the Content-Type cannot stand in the head of a part"
    EMPTY = "the representation is empty"
    NOT_A_200 = "the app's status is not 200"
    UNKNOWN_MESSAGE = "the app answered with a message that cannot be sliced"


@dataclass(slots=True)
class Whole:
    """200 with the whole representation; `sliceable` if a Range could have been honoured."""

    complete_length: int | None = None
    sliceable: bool = False
    reason: Reason | None = None


@dataclass(slots=True)
class Parts:
    """206 with these ranges, one or more, in the order in which they will be sent."""

    ranges: tuple[ByteRange, ...]
    complete_length: int


@dataclass(slots=True)
class NotModified:
    """304: the client's copy is current."""

    complete_length: int | None = None


@dataclass(slots=True)
class PreconditionFailed:
    """412: the client's precondition does not hold."""

    complete_length: int | None = None


@dataclass(slots=True)
class NotSatisfiable:
    """416: no range selects a byte of a representation of `complete_length` bytes."""

    complete_length: int


Selection = Union[Whole, Parts, NotModified, PreconditionFailed, NotSatisfiable]

_CONTROL: Final = frozenset(map(chr, (*range(0x20), 0x7F))) - {"\t"}


def select(
    request: Request, representation: Representation, limits: Limits, now: float
) -> Selection:
    """Decide what a GET or HEAD gets of the app's 200 (RFC 9110 13.2.2 and 14.2).

    `now` is in seconds since the epoch. Preconditions come first, Range last.
    """
    length = representation.complete_length
    if request.has_preconditions:
        verdict = evaluate(request, representation.etag, representation.last_modified, now)
        if verdict is Verdict.NOT_MODIFIED:
            return NotModified(length)
        if verdict is Verdict.FAILED:
            return PreconditionFailed(length)
    barrier = _barrier(representation)
    if barrier is not None or length is None:
        return Whole(length, reason=barrier if request.range is not None else None)
    if request.range is None:
        return Whole(length, sliceable=True)
    picked = _pick(request, request.range, representation, length, limits, now)
    if isinstance(picked, Reason):
        return Whole(length, sliceable=True, reason=picked)
    return Parts(picked, length) if picked else NotSatisfiable(length)


def _barrier(representation: Representation) -> Reason | None:
    """Why nothing can be sliced off this representation, `None` if it can."""
    if representation.coded:
        return Reason.CONTENT_CODED
    if representation.accepts_ranges is False:
        return Reason.ACCEPT_RANGES_NONE
    if representation.has_content_range:
        return Reason.CONTENT_RANGE
    if representation.complete_length is None:
        return Reason.NO_LENGTH
    return None


def _pick(
    request: Request,
    field: str,
    representation: Representation,
    length: int,
    limits: Limits,
    now: float,
) -> tuple[ByteRange, ...] | Reason:
    """The ranges to send, none of them if unsatisfiable; or why the Range field is ignored."""
    if request.method == "HEAD":
        return Reason.HEAD
    if field == REPEATED:
        return Reason.REPEATED
    # Before the Range itself is judged: after a miss it is as if it had not come (13.1.5).
    if request.if_range is not None and not if_range_holds(
        request.if_range, representation.etag, representation.last_modified, now
    ):
        return Reason.IF_RANGE
    if field == OVER_LIMITS:
        return Reason.OVER_LIMITS
    asked = parse_range(field)
    if asked is None:
        unit = range_unit(field)
        return Reason.MALFORMED if unit in (None, "bytes") else Reason.UNKNOWN_UNIT
    if length == 0:  # no Content-Range can be written for it
        return Reason.EMPTY
    ranges = resolve(asked, length)
    if len(asked.ranges) > 1:
        return _several(ranges, representation, length, limits)
    if ranges and limits.max_partial_size is not None and asked.ranges[0][1] is None:
        (start, stop) = ranges[0]
        if asked.ranges[0][0] >= 0:
            return (ByteRange(start, min(stop, start + limits.max_partial_size)),)
    return ranges


def _several(
    ranges: tuple[ByteRange, ...], representation: Representation, length: int, limits: Limits
) -> tuple[ByteRange, ...] | Reason:
    """Ranges from a field with two or more: coalesced, and only if worth it (RFC 9110 17.15)."""
    parts = coalesce(ranges)
    if len(parts) < 2:
        covered = len(ranges) > 1 and parts == (ByteRange(0, length),)
        return Reason.COVERS_WHOLE if covered else parts
    cost = sum(part.length for part in parts) + limits.part_overhead * len(parts)
    if cost > length + limits.slack:
        return Reason.TOO_MUCH
    if not _CONTROL.isdisjoint(representation.content_type or ""):
        return Reason.CONTENT_TYPE
    return tuple(sorted(parts)) if representation.forward_only else parts
