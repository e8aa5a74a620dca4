"""multipart/byteranges framing as segments (RFC 9110 15.3.7.2, 14.6; RFC 2046 5.1.1).

Knows delimiters and the heads of parts. The bytes of a part stay a `ByteRange`: a body is
framed before any of it is read, and its length is the sum of its segments.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import Final, Union

from .ranges import ByteRange

__all__ = ["Segment", "content_range", "fit", "frame", "new_boundary"]

_LONGEST_BOUNDARY: Final = "0" * 70  # RFC 2046 5.1.1

Segment = Union[bytes, ByteRange]
"""A piece of a response body: literal bytes, or a range of the representation."""


def new_boundary() -> str:
    """A new boundary: 128 random bits, as 32 hexadecimal digits."""
    return secrets.token_hex(16)


def content_range(part: ByteRange, complete_length: int) -> bytes:
    """The Content-Range value of a part (RFC 9110 14.4), whose positions are inclusive."""
    return b"bytes %d-%d/%d" % (part.start, part.stop - 1, complete_length)


def frame(
    parts: Iterable[ByteRange], complete_length: int, content_type: str | None, boundary: str
) -> tuple[Segment, ...]:
    """The body of a multipart/byteranges response, as literal bytes and ranges in turn.

    `content_type` is that of the representation, and stands in the head of each part; it must
    be a field value (RFC 9110 5.5). `None`: the heads have no Content-Type. `boundary` is
    ASCII text (RFC 2046 5.1.1).
    """
    head = b"" if content_type is None else b"Content-Type: %s\r\n" % content_type.encode("latin-1")
    delimiter = b"--%s" % boundary.encode("ascii")
    segments: list[Segment] = []
    lead = b""
    for part in parts:
        position = content_range(part, complete_length)
        segments.append(b"%s%s\r\n%sContent-Range: %s\r\n\r\n" % (lead, delimiter, head, position))
        segments.append(part)
        lead = b"\r\n"
    segments.append(b"%s%s--\r\n" % (lead, delimiter))
    return tuple(segments)


def fit(
    parts: Sequence[ByteRange], complete_length: int, content_type: str | None, most: int
) -> tuple[ByteRange, ...]:
    """The `parts` that a 206 of at most `most` bytes has room for, from the first on.

    One that has not enough room is cut at its end, and those after it are left out: the
    Content-Range of what is sent tells (RFC 9110 15.3.7). `most` is 1 or more, and counts what
    stands between several parts. `content_type` is that of `frame`.
    """
    if len(parts) == 1:
        return (_cut(parts[0], most),)
    fitting: list[ByteRange] = []
    room = most
    for part in parts:
        head, _, end = frame((part,), complete_length, content_type, _LONGEST_BOUNDARY)
        # The delimiter at the end counts once, and a line break stands before each other head.
        room -= _size(head) + (2 if fitting else _size(end))
        if room < 1:
            break
        fitting.append(_cut(part, room))
        room -= fitting[-1].length
    return tuple(fitting) if len(fitting) > 1 else (_cut(parts[0], most),)


def _cut(part: ByteRange, most: int) -> ByteRange:
    return ByteRange(part.start, min(part.stop, part.start + most))


def _size(literal: Segment) -> int:
    return len(literal) if isinstance(literal, bytes) else literal.length
