"""The app's own 206: whether it answers the Range that was asked for (RFC 9110 14.4, 15.3.7)."""

from __future__ import annotations

from .ranges import ByteRange, coalesce, parse_content_range, parse_range, range_unit, resolve
from .representation import Representation
from .request import Request

__all__ = ["complaint_about_partial", "read_content_range"]


def complaint_about_partial(request: Request | None, partial: Representation) -> str | None:
    """What is wrong with a 206 that the app made itself; `None` if nothing is.

    `request` is `None` if it has no field of RFC 9110 sections 13 and 14; `partial` has the
    fields of the 206. The 206 has to name a range that the request asked for, in the unit that
    was asked for, and to be as long as that range. The parts of a multipart/byteranges are not
    looked into. To a Range that is not in bytes the app may answer as it likes, but not in bytes.
    """
    range_field = request.range if request is not None else None
    if range_field is None:
        return "no Range was asked for"
    content_range = partial.content_range or ""
    is_multipart = (partial.content_type or "").lower().startswith("multipart/byteranges")
    if range_unit(range_field) != "bytes":
        in_bytes = is_multipart or content_range.lower().startswith("bytes ")
        return "its unit is bytes, and not that of the Range" if in_bytes else None
    if is_multipart:
        return None
    sent = parse_content_range(content_range)
    if sent is None:
        return f"its Content-Range is {partial.content_range!r}"
    if sent.unit.lower() != "bytes":
        return f"its unit is {sent.unit!r}, and not that of the Range"
    if partial.content_length not in (None, sent.stop - sent.start):
        return f"{partial.content_length} bytes are no {partial.content_range!r}"
    if not _was_asked_for(range_field, sent.start, sent.stop, sent.complete_length):
        return f"it has {partial.content_range!r}, and {range_field!r} was asked for"
    return None


def read_content_range(value: str) -> tuple[ByteRange, int | None] | None:
    """The range that a Content-Range in bytes names, and the complete length (RFC 9110 14.4).

    The complete length is `None` for `*`. `None` for any other unit, and for a value that
    `parse_content_range` does not take.
    """
    said = parse_content_range(value)
    if said is None or said.unit.lower() != "bytes":
        return None
    return ByteRange(said.start, said.stop), said.complete_length


def _was_asked_for(range_field: str, start: int, stop: int, complete_length: int | None) -> bool:
    """Whether `[start, stop)` begins where a range of the field begins, and ends within it."""
    requested = parse_range(range_field)
    if requested is None:
        return False
    if complete_length is None:  # a suffix says nothing then
        return any(
            first < 0 or (start == first and (end is None or stop <= end))
            for first, end in requested.ranges
        )
    ranges = resolve(requested, complete_length)
    return any(start == each.start and stop <= each.stop for each in (*ranges, *coalesce(ranges)))
