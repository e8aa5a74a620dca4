"""What a part says of itself, and its bytes (RFC 9110 14.4, 15.3.7)."""

from __future__ import annotations

from typing import Final

from ...core import ByteRange, Parts, coalesce
from ..answers import Answer
from ..checks import Check, Failed, Judgement, NotJudged, Passed
from ..interview import Interview
from ..multipart import read_parts
from .ranges import any_range
from .reading import SINGLE, Kind, parts_that_came, read, shown

__all__ = ["CHECKS"]

# RFC 9110 15.3.7: what a 206 repeats of the 200; the validators are judged by others.
_REPEATED: Final = ("cache-control", "content-location", "expires", "vary")
Piece = tuple[int, bytes]


def named(interview: Interview) -> Judgement:
    """P01: a single part has one well-formed Content-Range."""
    if isinstance(counted(interview), Failed):
        return NotJudged("the positions are miscounted (P02)")
    return _none_is(interview, Kind.UNNAMED)


def counted(interview: Interview) -> Judgement:
    """P02: a part is as long as its Content-Range says."""
    return _none_is(interview, Kind.MISCOUNTED)


def single(interview: Interview) -> Judgement:
    """P05: a single range is not answered by a multipart."""
    return _none_is(interview, Kind.MULTIPART)


def _none_is(interview: Interview, kind: Kind) -> Judgement:
    readings = [read(interview, name) for name in SINGLE]
    found = [each for each in readings if each.kind is kind]
    if found:
        return Failed(found[0].said, tuple(each.name for each in found))
    partial = [each for each in readings if each.kind in (Kind.RIGHT, Kind.SHORTER, Kind.OTHER)]
    return Passed() if partial else NotJudged("no part came")


def total(interview: Interview) -> Judgement:
    """P03: the Content-Range of a part tells the complete length."""
    parts = parts_that_came(interview)
    if not parts:
        return NotJudged("no part came")
    length = interview.length
    if length is None:
        return NotJudged("the length is unknown")
    wrong = [each for each in parts if each.total is None or each.total != length]
    if not wrong:
        return Passed()
    return Failed(f"{wrong[0].said} of {length:,} bytes", tuple(each.name for each in wrong))


def same_bytes(interview: Interview) -> Judgement:
    """P04: the bytes of a part are those of the whole, and of other parts in the same place."""
    parts = parts_that_came(interview)
    if not parts:
        return NotJudged("no part came")
    known: list[Piece] = []
    if interview.whole.status == 200 and not interview.coded:
        known.append((0, interview.whole.body))
    compared = False
    for each in parts:
        assert each.part is not None, "the parts that came have a place"
        for start, piece in known:
            overlap = _overlap((each.part.start, each.body), (start, piece))
            if overlap is not None:
                compared = True
                mine, theirs, where = overlap
                if mine != theirs:
                    return Failed(_difference(mine, theirs, where, each.said), (each.name, "whole"))
        known.append((each.part.start, each.body))
    return Passed() if compared else NotJudged("no two answers have bytes of the same place")


def _overlap(one: Piece, other: Piece) -> tuple[bytes, bytes, int] | None:
    """The bytes that two pieces have of the same place, and where; `None` if there are none."""
    start = max(one[0], other[0])
    stop = min(one[0] + len(one[1]), other[0] + len(other[1]))
    if start >= stop:
        return None
    return (
        one[1][start - one[0] : stop - one[0]],
        other[1][start - other[0] : stop - other[0]],
        start,
    )


def _difference(mine: bytes, theirs: bytes, start: int, said: str) -> str:
    at = next(place for place, (a, b) in enumerate(zip(mine, theirs, strict=True)) if a != b)
    return f"{said}: the byte at {start + at:,} differs from that of another answer"


def several(interview: Interview) -> Judgement:
    """P06: two ranges are answered by both of them, or by the whole."""
    answer = interview.answer("two")
    if answer is None or answer.is_throttled:
        why = interview.why_not("two")
        return Failed(why, ("two",)) if why.startswith("the server closed") else NotJudged(why)
    if isinstance(any_range(interview), Failed):
        return NotJudged("no range is honoured (R01)")
    if answer.status in (200, 416):  # RFC 9110 17.15: a server may decline several
        return Passed()
    expected = interview.expected("two")
    if answer.status != 206 or not isinstance(expected, Parts):
        return Failed(f"{shown(interview, 'two')} to two ranges", ("two",))
    return _judge_several(interview, answer, expected)


def _judge_several(interview: Interview, answer: Answer, expected: Parts) -> Judgement:
    content_type = answer.get("content-type") or ""
    if not content_type.lower().startswith("multipart/byteranges"):
        wanted = coalesce(expected.ranges)
        if len(wanted) == 1:  # touching ranges may come as one
            return Passed()
        return Failed(f"{shown(interview, 'two')}: one of two ranges", ("two",))
    parts = read_parts(content_type, answer.body)
    if isinstance(parts, str):
        return Failed(f"a multipart/byteranges {parts}", ("two",))
    for part in parts:
        if part.total not in (None, expected.complete_length):
            return Failed(f"a part of {part.total:,} bytes in all", ("two",))
        if len(part.body) != part.place.length or not _fits(interview, part.place, part.body):
            first, last = part.place.start, part.place.stop - 1
            return Failed(f"a part has other bytes than {first}-{last}", ("two",))
    places = tuple(part.place for part in parts)
    if sorted(coalesce(places)) == sorted(coalesce(expected.ranges)):
        return Passed()
    came = ", ".join(f"{place.start}-{place.stop - 1}" for place in places)
    return Failed(f"the parts {came} to {interview.questions['two'].get('range')}", ("two",))


def _fits(interview: Interview, place: ByteRange, body: bytes) -> bool:
    whole = interview.whole
    if whole.status != 200 or interview.coded:
        return True
    overlap = _overlap((place.start, body), (0, whole.body))
    return overlap is None or overlap[0] == overlap[1]


def repeated(interview: Interview) -> Judgement:
    """P07: a 206 repeats what concerns caches, and has the Content-Type of the whole."""
    names = [each.name for each in parts_that_came(interview)]
    if not names or interview.whole.status != 200:
        return NotJudged("no part came")
    for name in names:
        answer = interview.answer(name)
        assert answer is not None, "the parts that came are answers"
        for field in (*_REPEATED, "content-type"):
            mine, theirs = answer.all(field), interview.whole.all(field)
            if field == "expires" and mine:  # it moves with the clock
                continue
            if field == "content-type" and not (mine and theirs):  # a 206 may leave it out
                continue
            if set(mine) != set(theirs):
                came = f"{field}: {', '.join(mine) or 'none'} of a 206"
                return Failed(f"{came}, {', '.join(theirs) or 'none'} of the 200", (name, "whole"))
    return Passed()


CHECKS: Final = (
    Check("P01", "a part has a Content-Range", "RFC 9110 14.4", named),
    Check("P02", "a part is as long as its Content-Range says", "RFC 9110 15.3.7.1", counted),
    Check("P03", "a part tells the complete length", "RFC 9110 14.4", total),
    Check("P04", "a part has the bytes of the whole", "RFC 9110 15.3.7", same_bytes),
    Check("P05", "a single range is no multipart", "RFC 9110 15.3.7.2", single),
    Check("P06", "two ranges are both sent, or the whole", "RFC 9110 15.3.7.2", several),
    Check("P07", "a 206 repeats the fields of the 200", "RFC 9110 15.3.7", repeated),
)
