"""A multipart/byteranges body, read back by the standard library's `email` parser."""

from __future__ import annotations

import email
from dataclasses import dataclass

# A part may be of a multipart type itself: what is in it is not to be parsed, only read.
NESTED = "multipart/"
OPAQUE = "application/x-multipart-"


@dataclass(frozen=True)
class Part:
    headers: dict[str, str]
    body: bytes


def read_parts(content_type: str, body: bytes) -> list[Part]:
    """The parts; fails if the parser sees a defect, a preamble, or an epilogue but CR LF."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
    opaque = body.replace(f": {NESTED}".encode(), f": {OPAQUE}".encode())
    message = email.message_from_bytes(head + opaque)
    assert message.get_content_type() == "multipart/byteranges", content_type
    assert message.is_multipart()
    assert message.defects == []
    assert not message.preamble
    assert message.epilogue in (None, "", "\r\n")
    parts = []
    for part in message.get_payload():
        assert not isinstance(part, str)
        assert part.defects == []
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        headers = {name.lower(): str(value).replace(OPAQUE, NESTED) for name, value in part.items()}
        parts.append(Part(headers, content))
    return parts
