"""Whether the content, or what is said of it, moved while it was asked for.

Sequences tell: a content that was replaced has one identity and then another; replicas that
disagree come and go; a tag that is made for each answer never comes twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from itertools import groupby
from typing import TypeVar

from .answers import Answer
from .interview import Interview

__all__ = ["Course", "changed", "course_of", "full_answers", "is_dated_now"]

T = TypeVar("T")


class Course(Enum):
    """How a value went from answer to answer."""

    STEADY = "always the same"
    REPLACED = "one after the other, and none came back"
    ALTERNATING = "one came back after another"


def course_of(values: Sequence[T]) -> Course:
    """The course of a sequence of hashable values."""
    runs = [key for key, _ in groupby(values)]
    if len(runs) < 2:
        return Course.STEADY
    return Course.ALTERNATING if len(set(runs)) < len(runs) else Course.REPLACED


def full_answers(interview: Interview) -> list[Answer]:
    """The 200s to GETs that asked for no coding and named no origin, in their order."""
    return [
        answer
        for name, answer in interview.answers(200)
        if interview.questions[name].method == "GET"
        and interview.questions[name].get("accept-encoding") is None
        and interview.questions[name].get("origin") is None
        and not interview.questions[name].http2
    ]


def changed(interview: Interview) -> bool:
    """Whether the content was replaced, or grew, while it was asked for.

    Its length or its first bytes tell, and without a change of these a tag that was replaced
    once, with a date that was replaced too.
    """
    answers = full_answers(interview)
    # What is compressed on its way may have other bytes each time.
    size = 0 if interview.coded else min((len(answer.body) for answer in answers), default=0)
    # A cache that streams while it fetches says no length the first time.
    lengths = [answer.representation.content_length for answer in answers]
    known = [length for length in lengths if length is not None]
    if Course.REPLACED in (course_of(known), course_of([answer.body[:size] for answer in answers])):
        return True
    tags = [(answer.get("etag"), answer.get("last-modified")) for answer in answers]
    both = all(len({pair[place] for pair in tags}) == 2 for place in (0, 1))
    return both and len(set(tags)) == 2 and course_of(tags) is Course.REPLACED


def is_dated_now(interview: Interview) -> bool:
    """Whether Last-Modified moves with the clock of the server."""
    answers = full_answers(interview)
    values = {answer.get("last-modified") for answer in answers}
    return len(values) > 1 and all(
        answer.get("last-modified") == answer.get("date") for answer in answers
    )
