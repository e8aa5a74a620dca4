"""Which ranges are honoured: one check for each way in which clients ask (RFC 9110 14)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from ...core import NotSatisfiable, make_plan
from ..answers import NoAnswer
from ..checks import Check, Failed, Judgement, NotJudged, Passed
from ..interview import Interview
from .reading import SINGLE, Kind, read, shown

__all__ = ["CHECKS"]

_HONOURED: Final = (Kind.RIGHT, Kind.SHORTER)
_IGNORED: Final = (Kind.WHOLE, Kind.REFUSED)


def any_range(interview: Interview) -> Judgement:
    """R01: at least one of the single ranges is answered by a part."""
    readings = [read(interview, name) for name in SINGLE]
    judged = [each for each in readings if each.kind is not Kind.NOTHING]
    if not judged:
        return NotJudged(readings[0].said)
    if any(each.kind not in _IGNORED for each in judged):
        return Passed()
    return Failed(f"{judged[0].said} to each Range", tuple(each.name for each in judged))


def one_range(interview: Interview, name: str) -> Judgement:
    """R02 to R07: the range of the question `name` is honoured, if others are."""
    if isinstance(any_range(interview), Failed):
        return NotJudged("no range is honoured (R01)")
    reading = read(interview, name)
    if reading.kind in _HONOURED:
        return Passed()
    if reading.kind in (*_IGNORED, Kind.OTHER):
        asked = interview.questions[name].get("range")
        return Failed(f"{reading.said} to Range: {asked}", (name,))
    if reading.kind is Kind.NOTHING:
        return NotJudged(reading.said)
    return NotJudged(f"what came is {reading.kind.value}")


def all_of_it(interview: Interview) -> Judgement:
    """R08: a part is as long as the range that was asked for."""
    readings = [read(interview, name) for name in SINGLE]
    short = [each for each in readings if each.kind is Kind.SHORTER]
    if short:
        asked = interview.questions[short[0].name].get("range")
        return Failed(f"{short[0].said} to Range: {asked}", tuple(each.name for each in short))
    if any(each.kind is Kind.RIGHT for each in readings):
        return Passed()
    return NotJudged("no part came")


def at_end(interview: Interview) -> Judgement:
    """R09: a range beyond the last byte is refused with 416."""
    judged = _may_judge(interview, "at-end", NotSatisfiable)
    if judged is not None:
        return judged
    answer = interview.answer("at-end")
    if answer is not None and answer.status == 416:
        return Passed()
    asked = interview.questions["at-end"].get("range")
    return Failed(f"{shown(interview, 'at-end')} to Range: {asked}", ("at-end",))


def length_of_416(interview: Interview) -> Judgement:
    """R10: a 416 tells the complete length."""
    answer = interview.answer("at-end")
    if answer is None or answer.status != 416:
        return NotJudged("no 416 came")
    expected = interview.expected("at-end")
    if not isinstance(expected, NotSatisfiable):
        return NotJudged("the length is unknown")
    plan = make_plan(expected, interview.representation)
    right = next(value for name, value in plan.headers if name == b"content-range").decode()
    lines = answer.all("content-range")
    if lines == [right]:
        return Passed()
    if not lines:
        return Failed(f"416 without Content-Range: {right}", ("at-end",))
    return Failed(f"416, Content-Range: {', '.join(lines)}, and not {right}", ("at-end",))


def malformed(interview: Interview) -> Judgement:
    """R11: a malformed Range is ignored, or refused (RFC 9110 14.2 allows both)."""
    return _harmless(interview, "malformed", refusing=True)


def other_unit(interview: Interview) -> Judgement:
    """R12: a Range in a unit that the server does not know is ignored, by an origin."""
    judged = _harmless(interview, "unit", refusing=False)
    answer = interview.answer("unit")
    if isinstance(judged, Failed) and answer is not None and answer.came_through_a_cache:
        return NotJudged("a proxy or a cache answered; only an origin has to ignore the unit")
    return judged


def _harmless(interview: Interview, name: str, *, refusing: bool) -> Judgement:
    judged = _may_judge(interview, name, object)
    if judged is not None:
        return judged
    answer = interview.answer(name)
    status = None if answer is None else answer.status
    if status == 200 or (refusing and status in (400, 416)):
        return Passed()
    asked = interview.questions[name].get("range")
    return Failed(f"{shown(interview, name)} to Range: {asked}", (name,))


def _may_judge(interview: Interview, name: str, kind: type) -> NotJudged | None:
    """Why the question `name` cannot be judged; `None` if it can."""
    reply = interview.replies.get(name)
    if reply is None or (isinstance(reply, NoAnswer) and not reply.closed):
        return NotJudged(interview.why_not(name))
    if not isinstance(reply, NoAnswer) and reply.is_throttled:
        return NotJudged(f"the server answered {reply.status}")
    if isinstance(any_range(interview), Failed):
        return NotJudged("no range is honoured (R01)")
    if not isinstance(interview.expected(name), kind):
        return NotJudged("the representation is empty, or its length unknown")
    return None


def _range(name: str) -> Callable[[Interview], Judgement]:
    return partial(one_range, name=name)


CHECKS: Final = (
    Check("R01", "ranges are honoured", "RFC 9110 14.2", any_range),
    Check("R02", "the first two bytes (0-1) are a 206", "RFC 9110 14.1.2", _range("first-two")),
    Check("R03", "all from the first byte (0-) is a 206", "RFC 9110 14.1.2", _range("open")),
    Check("R04", "a range in the middle is a 206", "RFC 9110 14.1.2", _range("middle")),
    Check("R05", "all from near the end (N-) is a 206", "RFC 9110 14.1.2", _range("tail")),
    Check("R06", "the last bytes (-500) are a 206", "RFC 9110 14.1.2", _range("suffix")),
    Check("R07", "a range past the end is cut at the end", "RFC 9110 14.1.2", _range("past-end")),
    Check("R08", "a part is all of the range that was asked", "RFC 9110 15.3.7", all_of_it),
    Check("R09", "a range beyond the end is a 416", "RFC 9110 15.5.17", at_end),
    Check("R10", "a 416 tells the complete length", "RFC 9110 15.5.17", length_of_416),
    Check("R11", "a malformed Range does no harm", "RFC 9110 14.2", malformed),
    Check("R12", "a Range in another unit is ignored", "RFC 9110 14.2", other_unit),
)
