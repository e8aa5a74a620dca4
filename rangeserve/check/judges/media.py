"""The content itself: its type against its first bytes, and where an MP4 has its index."""

from __future__ import annotations

from typing import Final

from ..checks import Check, Failed, Judgement, NotJudged, Passed
from ..interview import Interview

__all__ = ["CHECKS", "kind_of"]

# (offset, magic, what it is, types that fit, by their beginning)
_MAGIC: Final = (
    (4, b"ftyp", "MP4", ("video/", "audio/", "image/", "application/mp4")),
    (0, b"\x1aE\xdf\xa3", "WebM or Matroska", ("video/", "audio/", "application/x-matroska")),
    (0, b"OggS", "Ogg", ("video/", "audio/", "application/ogg")),
    (0, b"ID3", "MP3", ("audio/", "video/")),
    (0, b"fLaC", "FLAC", ("audio/", "application/")),
    (0, b"%PDF-", "PDF", ("application/pdf", "application/x-pdf")),
)
# Clients look into what is only said to be bytes.
_ANY: Final = ("application/octet-stream", "binary/octet-stream", "application/x-download")


def kind_of(body: bytes) -> str | None:
    """What the first bytes say that the content is, `None` if they say nothing that is known."""
    return next((what for at, magic, what, _ in _MAGIC if body[at:].startswith(magic)), None)


def media_type(interview: Interview) -> Judgement:
    """M01: the Content-Type fits the first bytes."""
    body = interview.whole.body
    kind = kind_of(body) if interview.whole.status == 200 and not interview.coded else None
    if kind is None:
        return NotJudged("the first bytes are none of a kind whose type matters")
    said = (interview.whole.get("content-type") or "").partition(";")[0].strip().lower()
    fitting = next(types for _, _, what, types in _MAGIC if what == kind)
    if not said or said in _ANY or said.startswith(fitting):
        return Passed()
    return Failed(f"Content-Type: {said} of {kind}", ("whole",))


def index_in_front(interview: Interview) -> Judgement:
    """M02: the index (`moov`) of an MP4 is in front of its media data (ISO/IEC 14496-12 6.2.3)."""
    body = interview.whole.body
    if interview.whole.status != 200 or interview.coded or kind_of(body) != "MP4":
        return NotJudged("it is no MP4")
    at = 0
    while at + 8 <= len(body):
        size, box = int.from_bytes(body[at : at + 4], "big"), body[at + 4 : at + 8]
        if size == 1 and at + 16 <= len(body):
            size = int.from_bytes(body[at + 8 : at + 16], "big")
        if box in (b"moov", b"moof", b"sidx"):
            return Passed()
        if box == b"mdat":
            return Failed(f"the media data begin at {at:,}, before the index", ("whole",))
        if size < 8:
            break
        at += size
    return NotJudged("the first bytes show neither the index nor the media data")


CHECKS: Final = (
    Check("M01", "the Content-Type fits the content", "RFC 9110 8.3", media_type),
    Check("M02", "an MP4 has its index in front", "ISO 14496-12 6.2.3", index_in_front),
)
