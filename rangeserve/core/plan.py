"""From a selection to what goes on the wire: status, fields, segments.

The only writer of response fields. A plan is data: executing it is left to a stream
(`slicer.py`) or a source (`transfer.py`), which share every decision this way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from .multipart import Segment, content_range, frame, new_boundary
from .ranges import ByteRange
from .representation import Field, Representation
from .selection import NotModified, Parts, PreconditionFailed, Selection, Whole

__all__ = ["ACCEPT_RANGES", "Plan", "advertise", "make_plan"]

# Every rewritten response states its own framing.
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
# What described the app's representation does not describe our empty answer.
_DROPPED_ERROR: Final = _REWRITTEN | {
    b"content-type",
    b"content-encoding",
    b"content-disposition",
    b"content-language",
    b"content-digest",
    b"content-md5",
}
ACCEPT_RANGES: Final = (b"accept-ranges", b"bytes")


@dataclass(slots=True)
class Plan:
    """A response that is decided.

    `status` and `headers` (name and value in bytes) are those of its start. Its body is
    `segments` in turn: literal bytes, and ranges of the representation. Empty: no body.
    """

    status: int
    headers: list[Field]
    segments: tuple[Segment, ...] = ()

    @property
    def content_length(self) -> int:
        """The bytes of the body: the sum of the segments."""
        return sum(_size(segment) for segment in self.segments)

    @property
    def ranges(self) -> tuple[ByteRange, ...]:
        """The ranges of the representation that the body holds."""
        return tuple(segment for segment in self.segments if isinstance(segment, ByteRange))


def _size(segment: Segment) -> int:
    return segment.length if isinstance(segment, ByteRange) else len(segment)


def advertise(fields: Iterable[Field]) -> list[Field]:
    """The fields of a sliceable 200, with one `Accept-Ranges` (RFC 9110 14.3)."""
    advertised: list[Field] = []
    is_there = False
    for name, value in fields:
        if len(name) == len(ACCEPT_RANGES[0]) and name.lower() == ACCEPT_RANGES[0]:
            if is_there:
                continue
            is_there = True
        advertised.append((name, value))
    if not is_there:
        advertised.append(ACCEPT_RANGES)
    return advertised


def make_plan(
    selection: Selection,
    representation: Representation,
    boundary: Callable[[], str] = new_boundary,
) -> Plan:
    """The response for a selection, from the app's fields and those of its source.

    A `Whole` can be planned only if its length is known (`ValueError`).
    """
    if isinstance(selection, Parts):
        return _partial(selection, representation, boundary)
    if isinstance(selection, Whole):
        return _whole(selection, representation)
    if isinstance(selection, NotModified):
        return Plan(304, _without(_DROPPED_304, representation))
    if isinstance(selection, PreconditionFailed):
        return Plan(412, [*_without(_DROPPED_ERROR, representation), (b"content-length", b"0")])
    return Plan(  # what is left is NotSatisfiable: the type checkers hold the union closed
        416,
        [
            *_without(_DROPPED_ERROR, representation),
            ACCEPT_RANGES,
            (b"content-range", b"bytes */%d" % selection.complete_length),
            (b"content-length", b"0"),
        ],
    )


def _partial(selection: Parts, representation: Representation, boundary: Callable[[], str]) -> Plan:
    """RFC 9110 15.3.7: one part is the body itself, several are multipart/byteranges."""
    segments: tuple[Segment, ...]
    headers = _without(_DROPPED_206, representation)
    if len(selection.ranges) == 1:
        segments = selection.ranges
        position = content_range(selection.ranges[0], selection.complete_length)
        headers.append((b"content-range", position))
    else:
        delimiter = boundary()
        segments = frame(
            selection.ranges, selection.complete_length, representation.content_type, delimiter
        )
        headers = [field for field in headers if field[0].lower() != b"content-type"]
        content_type = b"multipart/byteranges; boundary=%s" % delimiter.encode("ascii")
        headers.append((b"content-type", content_type))
    headers.append(ACCEPT_RANGES)
    return _sized(Plan(206, headers, segments))


def _whole(selection: Whole, representation: Representation) -> Plan:
    """A 200 whose bytes a source will give."""
    length = selection.complete_length
    if length is None:
        raise ValueError("a representation of unknown length cannot be planned")
    headers = _without(_FRAMING, representation)
    if selection.sliceable:
        headers = advertise(headers)
    return _sized(Plan(200, headers, (ByteRange(0, length),) if length else ()))


def _sized(plan: Plan) -> Plan:
    plan.headers.append((b"content-length", b"%d" % plan.content_length))
    return plan


def _without(dropped: frozenset[bytes], representation: Representation) -> list[Field]:
    return [
        (name, value)
        for name, value in (*representation.fields, *representation.source_fields)
        if name.lower() not in dropped
    ]
