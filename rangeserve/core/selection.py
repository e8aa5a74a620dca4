"""The decision: which response a request gets of a representation.

Only `select` chooses a response, and the reason if a Range is not honoured. Each possible
decision is one dataclass. How the response is framed is left to `plan.py`, and where its bytes
come from to `_asgi`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Union

from .limits import Limits
from .multipart import fit
from .preconditions import Verdict, evaluate, if_range_holds
from .ranges import ByteRange, coalesce, parse_range, range_unit, read_one, resolve
from .representation import Representation, is_field_value
from .request import OVER_LIMITS, REPEATED, Request

__all__ = [
    "NotModified",
    "NotSatisfiable",
    "Parts",
    "PreconditionFailed",
    "Reason",
    "Selection",
    "TooLarge",
    "Whole",
    "select",
]


class Reason(Enum):
    """Why the Range of a request was not honoured; the value is a phrase for people."""

    MALFORMED = "the Range field does not match the grammar"
    UNKNOWN_UNIT = "the range unit is not bytes"
    REPEATED = "the request has more than one Range line"
    OVER_LIMITS = "the Range field is over a limit"
    TOO_MUCH = "the parts and their heads would cost more than the whole"
    COVERS_WHOLE = "the ranges add up to the whole representation"
    UNSATISFIABLE = "no range selects a byte of the representation"
    IF_RANGE = "the If-Range condition does not hold"
    WEAK_ETAG = "If-Range repeats the ETag, which is weak or not quoted and so never holds"
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
    """A 200 with the whole representation.

    `complete_length` is in bytes, `None` if unknown. `sliceable`: whether the representation
    could have been sliced. `reason`: why a Range was not honoured, `None` if there was none.
    """

    complete_length: int | None = None
    sliceable: bool = False
    reason: Reason | None = None


@dataclass(slots=True)
class Parts:
    """A 206 with `ranges`, one or more, in the order in which they will be sent.

    `complete_length` is that of the representation, in bytes.
    """

    ranges: tuple[ByteRange, ...]
    complete_length: int


@dataclass(slots=True)
class NotModified:
    """A 304: the client's copy is current. `complete_length` is in bytes, `None` if unknown."""

    complete_length: int | None = None


@dataclass(slots=True)
class PreconditionFailed:
    """A 412: a precondition is false. `complete_length` is in bytes, `None` if unknown."""

    complete_length: int | None = None


@dataclass(slots=True)
class NotSatisfiable:
    """A 416: no range selects a byte of the representation, which has `complete_length` bytes."""

    complete_length: int


@dataclass(slots=True)
class TooLarge:
    """The whole would be sent, but has more than `limit` bytes: a 501, or a redirect.

    `complete_length` is in bytes. `location` is a URL from which the whole is to be had, `None`
    if there is none. `sliceable` and `reason` are those of `Whole`.
    """

    complete_length: int
    limit: int
    sliceable: bool = False
    reason: Reason | None = None
    location: str | None = None


Selection = Union[Whole, Parts, NotModified, PreconditionFailed, NotSatisfiable, TooLarge]
"""What was decided: one of six dataclasses, one for each kind of response."""


def select(
    request: Request, representation: Representation, limits: Limits, now: float
) -> Selection:
    """Decide which response a GET or HEAD gets of a representation (RFC 9110 13.2.2, 14.2).

    The preconditions are evaluated first, then Range. `limits` are those of several parts, of an
    open-ended range and of a body; those of the Range field itself were judged by
    `read_request`. `now` is in seconds since the epoch.
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
        reason = barrier if request.range is not None else None
        return _whole(request, limits, Whole(length, reason=reason))
    if request.range is None:
        return _whole(request, limits, Whole(length, sliceable=True))
    picked = _pick(request, request.range, representation, length, limits, now)
    if isinstance(picked, Reason):
        return _whole(request, limits, Whole(length, sliceable=True, reason=picked))
    return Parts(picked, length) if picked else NotSatisfiable(length)


def _whole(request: Request, limits: Limits, whole: Whole) -> Whole | TooLarge:
    """The `whole`, unless it is too large for the answer to a GET."""
    length, most = whole.complete_length, limits.max_body_size
    if most is None or length is None or length <= most or request.method == "HEAD":
        return whole
    return TooLarge(length, most, whole.sliceable, whole.reason)


def _barrier(representation: Representation) -> Reason | None:
    """Why the representation cannot be sliced, `None` if it can."""
    if representation.coded:
        return Reason.CONTENT_CODED
    if representation.accepts_ranges is False:
        return Reason.ACCEPT_RANGES_NONE
    if representation.has_part:
        return Reason.CONTENT_RANGE
    if representation.complete_length is None:
        return Reason.NO_LENGTH
    return None


def _pick(
    request: Request,
    range_field: str,
    representation: Representation,
    length: int,
    limits: Limits,
    now: float,
) -> tuple[ByteRange, ...] | Reason:
    """The ranges to send, none if no range is satisfiable; or why the Range field is ignored."""
    if request.method == "HEAD":
        return Reason.HEAD
    if range_field == REPEATED:
        return Reason.REPEATED
    # Before Range is parsed: if the condition does not hold, Range is ignored (RFC 9110 13.1.5).
    if request.if_range is not None and not if_range_holds(
        request.if_range, representation.etag, representation.last_modified, now
    ):
        return Reason.WEAK_ETAG if request.if_range == representation.etag else Reason.IF_RANGE
    if range_field == OVER_LIMITS:
        return Reason.OVER_LIMITS
    one = read_one(range_field)
    if one is not None and one[0] < length and limits.max_body_size is None:
        start, stop = one
        if stop is None and limits.max_partial_size is not None:
            stop = start + limits.max_partial_size
        return (ByteRange(start, length if stop is None or stop > length else stop),)
    requested = parse_range(range_field)
    if requested is None:
        unit = range_unit(range_field)
        return Reason.MALFORMED if unit in (None, "bytes") else Reason.UNKNOWN_UNIT
    if length == 0:  # no Content-Range can be written for an empty representation
        return Reason.EMPTY
    ranges = resolve(requested, length)
    if len(requested.ranges) > 1:
        parts = _several(ranges, representation, length, limits)
        if isinstance(parts, Reason):
            return parts
        ranges = parts
    elif ranges and limits.max_partial_size is not None and requested.ranges[0][1] is None:
        (start, stop) = ranges[0]
        if requested.ranges[0][0] >= 0:
            ranges = (ByteRange(start, min(stop, start + limits.max_partial_size)),)
    if ranges and limits.max_body_size is not None:
        return fit(ranges, length, representation.content_type, limits.max_body_size)
    return ranges


def _several(
    resolved: tuple[ByteRange, ...], representation: Representation, length: int, limits: Limits
) -> tuple[ByteRange, ...] | Reason:
    """The parts to send for a field of several ranges, or why it is ignored (RFC 9110 17.15).

    Parts are sent only if that costs less than sending the whole representation, or if the
    whole may not be sent.
    """
    parts = coalesce(resolved)
    may_be_whole = limits.max_body_size is None or length <= limits.max_body_size
    if len(parts) < 2:
        covers_whole = len(resolved) > 1 and parts == (ByteRange(0, length),)
        return Reason.COVERS_WHOLE if covers_whole and may_be_whole else parts
    cost = sum(part.length for part in parts) + limits.part_overhead * len(parts)
    if cost > length + limits.slack and may_be_whole:
        return Reason.TOO_MUCH
    if representation.content_type and not is_field_value(representation.content_type):
        return Reason.CONTENT_TYPE
    return tuple(sorted(parts)) if representation.forward_only else parts
