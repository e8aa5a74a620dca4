"""`read_parts`: a multipart/byteranges body as it came, read strictly (RFC 9110 14.6)."""

from __future__ import annotations

import re
from email.message import Message
from typing import Final, NamedTuple, Union

from ..core import ByteRange
from ..core.partial import read_content_range

__all__ = ["ReceivedPart", "read_parts"]

_EMPTY_LINE: Final = b"\r\n\r\n"
_CONTENT_RANGE: Final = re.compile(rb"^content-range:[ \t]*(.*?)[ \t]*\r?$", re.I | re.M)


class ReceivedPart(NamedTuple):
    """One part: the range that it names, the complete length (`None`: not told), its bytes."""

    place: ByteRange
    total: int | None
    body: bytes


def read_parts(content_type: str, body: bytes) -> Union[tuple[ReceivedPart, ...], str]:
    """The parts of `body`; a phrase that says what is wrong, if it cannot be read.

    The place of each part, and not its look, tells where it ends: its bytes may hold the boundary.
    """
    boundary = _boundary(content_type)
    if not boundary:
        return "without a boundary"
    delimiter = b"--" + boundary.encode("latin-1")
    rest = body.removeprefix(b"\r\n")  # RFC 2046 5.1.1: a preamble, which some servers leave empty
    parts: list[ReceivedPart] = []
    while rest.startswith(delimiter + b"\r\n"):
        head, empty_line, after = rest[len(delimiter) + 2 :].partition(_EMPTY_LINE)
        found = _CONTENT_RANGE.search(head) if empty_line else None
        named = read_content_range(found[1].decode("latin-1")) if found else None
        if named is None:
            return "with a part that has no Content-Range"
        place, total = named
        content, rest = after[: place.length], after[place.length :]
        if not rest.startswith(b"\r\n" + delimiter):
            return "with a part that is not as long as its Content-Range says"
        rest = rest[2:]
        parts.append(ReceivedPart(place, total, content))
    if not rest.startswith(delimiter + b"--"):
        return "without its last boundary"
    return tuple(parts)


def _boundary(content_type: str) -> str | None:
    """The boundary parameter of a Content-Type, without quotes."""
    message = Message()
    message["content-type"] = content_type
    return message.get_boundary()
