"""Plans: the status, the fields and the segments that a selection leads to.

Only this module writes response fields. A plan is data: a `Slicer` carries it out on a stream
and `_asgi/transfer.py` from a source, so both follow the same decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from .multipart import Segment, content_range, frame, new_boundary
from .ranges import ByteRange
from .representation import Field, Representation
from .selection import (
    NotModified,
    NotSatisfiable,
    Parts,
    PreconditionFailed,
    Selection,
    TooLarge,
    Whole,
)

__all__ = ["ACCEPT_RANGES", "Plan", "advertise", "make_plan", "make_unavailable"]

# A response that is rewritten has a length of its own.
_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})
_REWRITTEN: Final = _FRAMING | {b"accept-ranges", b"content-range"}
# RFC 9530 2: Content-Digest is of the bytes sent, Repr-Digest of the representation.
_DROPPED_206: Final = _REWRITTEN | {b"content-digest", b"content-md5"}
# RFC 9110 15.4.5: representation metadata other than validators need not be repeated.
_DROPPED_304: Final = _FRAMING | {
    b"content-type",
    b"content-encoding",
    b"content-language",
    b"content-range",
}
# What describes the app's representation would be wrong of an empty body.
_DROPPED_ERROR: Final = _REWRITTEN | {
    b"content-type",
    b"content-encoding",
    b"content-disposition",
    b"content-language",
    b"content-digest",
    b"content-md5",
    # An error must not be kept as fresh, nor fetch what the page would need.
    b"cache-control",
    b"expires",
    b"link",
}
# Nothing is known of the representation.
_DROPPED_UNAVAILABLE: Final = _DROPPED_ERROR | {b"etag", b"last-modified", b"retry-after"}
ACCEPT_RANGES: Final = (b"accept-ranges", b"bytes")


@dataclass(slots=True, init=False)
class Plan:
    """A decided response: its `status`, its fields and its body.

    `headers` are pairs of a name and a value, both `bytes`. The body is `segments`, one after
    another: literal bytes, and ranges of the representation. Without segments it is empty.

    `ranges` are the ranges among the segments, in the order in which they are sent, and
    `content_length` is the length of the body in bytes.
    """

    status: int
    headers: list[Field]
    segments: tuple[Segment, ...]
    ranges: tuple[ByteRange, ...] = field(init=False)
    content_length: int = field(init=False)

    def __init__(
        self, status: int, headers: list[Field], segments: tuple[Segment, ...] = ()
    ) -> None:
        ranges: list[ByteRange] = []
        length = 0
        for segment in segments:
            if isinstance(segment, ByteRange):
                ranges.append(segment)
                length += segment.stop - segment.start
            else:
                length += len(segment)
        self.status = status
        self.headers = headers
        self.segments = segments
        self.ranges = tuple(ranges)
        self.content_length = length


def advertise(fields: Iterable[Field]) -> list[Field]:
    """The `fields` of a sliceable 200, with exactly one Accept-Ranges (RFC 9110 14.3).

    The first Accept-Ranges among the fields is kept; `accept-ranges: bytes` is added if there
    is none. A Content-Range, which can only spell the whole, is left out (14.4).
    """
    advertised: list[Field] = []
    has_accept_ranges = False
    for name, value in fields:
        if len(name) == len(ACCEPT_RANGES[0]):  # as long as `content-range` too
            lowered = name.lower()
            if lowered == b"content-range":
                continue
            if lowered == ACCEPT_RANGES[0]:
                if has_accept_ranges:
                    continue
                has_accept_ranges = True
        advertised.append((name, value))
    if not has_accept_ranges:
        advertised.append(ACCEPT_RANGES)
    return advertised


def make_plan(
    selection: Selection,
    representation: Representation,
    boundary: Callable[[], str] = new_boundary,
) -> Plan:
    """The response that a selection leads to, with the fields of the app and of the source.

    `boundary` is called for the delimiter of a multipart body, and returns ASCII text.
    `ValueError` for a `Whole` whose complete length is `None`.
    """
    if isinstance(selection, Parts):
        return _partial(selection, representation, boundary)
    if isinstance(selection, Whole):
        return _whole(selection, representation)
    if isinstance(selection, NotModified):
        return Plan(304, _without(_DROPPED_304, representation))
    if isinstance(selection, PreconditionFailed):
        return Plan(412, [*_without(_DROPPED_ERROR, representation), (b"content-length", b"0")])
    if isinstance(selection, TooLarge):
        return _too_large(selection, representation)
    remaining: NotSatisfiable = selection  # a type checker objects if another one remains
    unsatisfied = (b"content-range", b"bytes */%d" % remaining.complete_length)
    kept = _without(_DROPPED_ERROR, representation)
    return Plan(416, [*kept, ACCEPT_RANGES, unsatisfied, (b"content-length", b"0")])


def make_unavailable(status: int, representation: Representation, retry_after: int | None) -> Plan:
    """The response if there is no source: `status` without a body, the app's other fields kept."""
    kept = _without(_DROPPED_UNAVAILABLE, representation)
    if retry_after is not None:
        kept.append((b"retry-after", b"%d" % retry_after))
    return Plan(status, [*kept, (b"content-length", b"0")])


def _partial(selection: Parts, representation: Representation, boundary: Callable[[], str]) -> Plan:
    """The 206 of RFC 9110 15.3.7: one part is the body, several are multipart/byteranges."""
    ranges, complete_length = selection.ranges, selection.complete_length
    headers = _without(_DROPPED_206, representation)
    if len(ranges) == 1:
        plan = Plan(206, headers, ranges)
        headers.append((b"content-range", content_range(ranges[0], complete_length)))
    else:
        delimiter = boundary()
        segments = frame(ranges, complete_length, representation.content_type, delimiter)
        headers = [each for each in headers if each[0].lower() != b"content-type"]
        plan = Plan(206, headers, segments)
        content_type = b"multipart/byteranges; boundary=%s" % delimiter.encode("ascii")
        headers.append((b"content-type", content_type))
    headers += (ACCEPT_RANGES, (b"content-length", b"%d" % plan.content_length))
    return plan


def _whole(selection: Whole, representation: Representation) -> Plan:
    """The 200 with the whole representation, given by a source."""
    length = selection.complete_length
    if length is None:
        raise ValueError("a representation of unknown length cannot be planned")
    headers = _without(_FRAMING, representation)
    if selection.sliceable:
        headers = advertise(headers)
    return _sized(Plan(200, headers, (ByteRange(0, length),) if length else ()))


def _too_large(selection: TooLarge, representation: Representation) -> Plan:
    """A 307 to where the whole is, or a 501 that says what may be asked for instead.

    RFC 9110 15.6.2: the server does not support what this request needs; asking again is of no
    use. A cache might keep a 501 (15.1), and give it for a Range, too.
    """
    headers = [*_without(_DROPPED_UNAVAILABLE, representation), (b"cache-control", b"no-store")]
    if selection.location is not None:
        location = (b"location", selection.location.encode("latin-1"))
        return Plan(307, [*headers, location, (b"content-length", b"0")])
    advice = b""
    if selection.sliceable:
        advice = b": ask for ranges"
        headers.append(ACCEPT_RANGES)
    headers.append((b"content-type", b"text/plain; charset=utf-8"))
    size, most = selection.complete_length, selection.limit
    text = b"The whole has %d bytes, and an answer has at most %d%s.\n" % (size, most, advice)
    return _sized(Plan(501, headers, (text,)))


def _sized(plan: Plan) -> Plan:
    plan.headers.append((b"content-length", b"%d" % plan.content_length))
    return plan


def _without(dropped: frozenset[bytes], representation: Representation) -> list[Field]:
    fields = (*representation.fields, *representation.source_fields)
    return [(name, value) for name, value in fields if name.lower() not in dropped]
