"""If-Range and the preconditions: the answer has the status that the core decides (RFC 9110 13)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from ...core import NotModified, NotSatisfiable, Parts, PreconditionFailed, Selection
from ..checks import Check, Failed, Judgement, NotJudged, Passed
from ..interview import Interview
from ..stability import is_dated_now
from .ranges import any_range
from .reading import shown
from .validators import same_of_replicas

__all__ = ["CHECKS"]

_DATED: Final = frozenset({"if-range-date", "if-range-older", "not-since", "tag-before-date"})


def status_of(selection: Selection) -> int:
    """The status that a selection leads to."""
    if isinstance(selection, Parts):
        return 206
    if isinstance(selection, NotModified):
        return 304
    if isinstance(selection, PreconditionFailed):
        return 412
    return 416 if isinstance(selection, NotSatisfiable) else 200


def decided(interview: Interview, name: str, *, needs_range: bool) -> Judgement:
    """Whether the answer to the question `name` has the status that the core decides."""
    if name not in interview.replies:
        return NotJudged("there is no validator for it")
    if interview.whole.status != 200:
        return NotJudged("the whole is no 200 (B01)")
    if name in _DATED and is_dated_now(interview):
        return NotJudged("the date is that of each answer (V06)")
    if isinstance(same_of_replicas(interview), Failed):
        return NotJudged("the validators differ from connection to connection (V04)")
    if needs_range and isinstance(any_range(interview), Failed):
        return NotJudged("no range is honoured (R01)")
    if needs_range and interview.length == 0:  # there 200 and 416 are both right
        return NotJudged("the representation is empty")
    answer = interview.answer(name)
    if answer is None or answer.is_throttled:
        return NotJudged(interview.why_not(name))
    right = status_of(interview.expected(name))
    if answer.status == right:
        return Passed()
    fields = ", ".join(f"{key}: {value}" for key, value in interview.questions[name].fields)
    return Failed(f"{shown(interview, name)} to {fields}; right is {right}", (name,))


def _of(
    name: str, needs_range: bool = False, unless: tuple[str, str] | None = None
) -> Callable[[Interview], Judgement]:
    """The judge of the question `name`.

    `unless`: a question and its code. If that one has another answer than the core's, the field is
    not known at all, and `name` tells no more.
    """

    def judge(interview: Interview) -> Judgement:
        if unless is not None:
            other, code = unless
            judged = decided(interview, other, needs_range=needs_range)
            if isinstance(judged, Failed):
                return NotJudged(f"the field is not known ({code})")
        return decided(interview, name, needs_range=needs_range)

    return judge


_ranged = partial(_of, needs_range=True)


def if_range_stale(interview: Interview) -> Judgement:
    """C03: If-Range with another ETag is the whole, where a client has one to send."""
    whole = interview.whole
    if not whole.all("etag") and not whole.all("last-modified"):
        return NotJudged("there is no validator that a client could send (V01)")
    return decided(interview, "if-range-stale", needs_range=True)


def if_match(interview: Interview) -> Judgement:
    """C10: If-Match with another ETag is a 412, of an origin (RFC 9110 13.1.1)."""
    judged = decided(interview, "match-stale", needs_range=True)
    answer = interview.answer("match-stale")
    if isinstance(judged, Failed) and answer is not None and answer.came_through_a_cache:
        return NotJudged("a proxy or a cache answered, and may ignore If-Match")
    return judged


_WITHOUT_IF_RANGE: Final = ("if-range-stale", "C03")
_WITHOUT_IF_NONE_MATCH: Final = ("none-match", "C06")

CHECKS: Final = (
    Check("C01", "If-Range with the current ETag is a 206", "RFC 9110 13.1.5", _ranged("if-range")),
    Check(
        "C02", "If-Range with the Last-Modified is a 206", "RFC 9110 13.1.5",
        _ranged("if-range-date"),
    ),
    Check(
        "C03", "If-Range with another ETag is the whole", "RFC 9110 13.1.5",
        if_range_stale,
    ),
    Check(
        "C04", "If-Range with an older date is the whole", "RFC 9110 13.1.5",
        _ranged("if-range-older", unless=_WITHOUT_IF_RANGE),
    ),
    Check(
        "C05", "If-Range with a weak ETag is the whole", "RFC 9110 13.1.5",
        _ranged("if-range-weak", unless=_WITHOUT_IF_RANGE),
    ),
    Check("C06", "If-None-Match is a 304", "RFC 9110 13.1.2", _of("none-match")),
    Check("C07", "If-Modified-Since is a 304", "RFC 9110 13.1.3", _of("not-since")),
    Check(
        "C08", "If-None-Match wins over the date", "RFC 9110 13.2.2",
        _of("tag-before-date", unless=_WITHOUT_IF_NONE_MATCH),
    ),
    Check(
        "C09", "If-None-Match is judged before Range", "RFC 9110 13.2.2",
        _ranged("none-match-range", unless=_WITHOUT_IF_NONE_MATCH),
    ),
    Check("C10", "If-Match with another ETag is a 412", "RFC 9110 13.1.1", if_match),
)  # fmt: skip
