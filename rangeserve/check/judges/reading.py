"""What the answer to a single range is, before anybody judges it: `read`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ...core import ByteRange
from ...core.partial import complaint_about_partial, read_content_range
from ..answers import Answer, NoAnswer
from ..interview import Interview

__all__ = ["SINGLE", "Kind", "Reading", "parts_that_came", "read", "shown"]

SINGLE = ("first-two", "open", "middle", "tail", "suffix", "past-end", "window-1", "window-2")
"""The questions for a single range that can be satisfied, without a condition."""


class Kind(Enum):
    """What came for a single range that can be satisfied."""

    RIGHT = "the range that was asked for"
    SHORTER = "a beginning of the range"
    OTHER = "another range"
    WHOLE = "the whole"
    MULTIPART = "a multipart of one range"
    UNNAMED = "a part whose Content-Range is missing or malformed"
    MISCOUNTED = "a part that is not as long as its Content-Range says"
    REFUSED = "an error"
    NOTHING = "nothing that can be judged"


@dataclass(frozen=True, slots=True)
class Reading:
    """What came for one question: its kind, the part and the total that it names, and a phrase."""

    name: str
    kind: Kind
    said: str
    part: ByteRange | None = None
    total: int | None = None
    body: bytes = b""


def read(interview: Interview, name: str) -> Reading:
    """What came for the question `name`, which asks for a single range."""
    reply = interview.replies.get(name)
    if reply is None:
        return Reading(name, Kind.NOTHING, "it was not asked")
    if isinstance(reply, NoAnswer):
        return Reading(name, Kind.REFUSED if reply.closed else Kind.NOTHING, reply.why)
    if reply.is_throttled:
        return Reading(name, Kind.NOTHING, f"the server answered {reply.status}")
    if interview.length == 0:
        return Reading(name, Kind.NOTHING, "the representation is empty")
    said = shown(interview, name)
    if reply.status == 206:
        return _read_206(interview, name, reply, said)
    if reply.status == 200:
        return Reading(name, Kind.WHOLE, said)
    return Reading(name, Kind.REFUSED, said)


def _read_206(interview: Interview, name: str, answer: Answer, said: str) -> Reading:
    content_type = (answer.get("content-type") or "").lower()
    if content_type.startswith("multipart/byteranges"):
        return Reading(name, Kind.MULTIPART, said)
    lines = answer.all("content-range")
    named = read_content_range(lines[0]) if len(set(lines)) == 1 else None
    if named is None:
        return Reading(name, Kind.UNNAMED, said)
    part, total = named
    length = answer.representation.content_length
    size = len(answer.body) if answer.complete and answer.trouble is None else length
    if size is not None and size != part.length:
        return Reading(name, Kind.MISCOUNTED, f"{said} with {size} bytes", part, total)
    kind = _kind_of(interview, name, answer, part)
    return Reading(name, kind, said, part, total, answer.body)


def _kind_of(interview: Interview, name: str, answer: Answer, part: ByteRange) -> Kind:
    expected = interview.expected_part(name)
    if expected is None:  # without a length the core tells only whether the part may be right
        complaint = complaint_about_partial(interview.request(name), answer.representation)
        return Kind.RIGHT if complaint is None else Kind.OTHER
    if part == expected:
        return Kind.RIGHT
    shorter = part.start == expected.start and part.stop < expected.stop
    return Kind.SHORTER if shorter else Kind.OTHER


def parts_that_came(interview: Interview) -> list[Reading]:
    """The readings of all answers that are a part of a known place, to single ranges."""
    readings = [read(interview, name) for name in SINGLE]
    return [each for each in readings if each.kind in (Kind.RIGHT, Kind.SHORTER, Kind.OTHER)]


def shown(interview: Interview, name: str) -> str:
    """The answer to the question `name` in a few words: its status, and its Content-Range."""
    answer = interview.answer(name)
    if answer is None:
        return interview.why_not(name)
    fields = "".join(f", Content-Range: {value}" for value in answer.all("content-range"))
    return f"{answer.status}{fields}"
