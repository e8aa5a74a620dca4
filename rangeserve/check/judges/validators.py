"""The entity-tag and Last-Modified: that they are there, strong, and the same everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from ...core import parse_entity_tag, parse_http_date
from ..answers import Answer
from ..checks import Check, Failed, Judgement, NotJudged, Passed
from ..interview import Interview
from ..stability import Course, course_of, full_answers, is_dated_now

__all__ = ["CHECKS"]


def any_validator(interview: Interview) -> Judgement:
    """V01: there is an entity-tag or a date."""
    whole = interview.whole
    if whole.all("etag") or whole.all("last-modified"):
        return Passed()
    return Failed("200 with neither ETag nor Last-Modified", ("whole",))


def quoted(interview: Interview) -> Judgement:
    """V02: an ETag is a quoted entity-tag."""
    values = interview.whole.all("etag")
    if not values:
        return NotJudged("there is no ETag")
    if parse_entity_tag(values[0]) is not None:
        return Passed()
    return Failed(f"ETag: {values[0]}", ("whole",))


def strong(interview: Interview) -> Judgement:
    """V03: an ETag is strong, so that it holds in If-Range."""
    values = interview.whole.all("etag")
    tag = parse_entity_tag(values[0]) if values else None
    if tag is None:
        return NotJudged("there is no ETag that is well-formed")
    return Failed(f"ETag: {values[0]}", ("whole",)) if tag.weak else Passed()


def same_of_replicas(interview: Interview) -> Judgement:
    """V04: each new connection is told the same validators of the same content."""
    answers = full_answers(interview)
    if len(answers) < 3:
        return NotJudged("too few answers were a 200")
    for field in ("etag", "last-modified"):
        values = [answer.get(field) for answer in answers]
        course = course_of(values)
        fresh = len(values) > 3 and len(set(values)) == len(values)
        if field == "last-modified" and is_dated_now(interview):
            continue
        if course is Course.ALTERNATING or (course is Course.REPLACED and fresh):
            shown = ", ".join(sorted({value or "none" for value in values})[:3])
            return Failed(f"{field} differs from connection to connection: {shown}", ("whole",))
    said = [answer.representation.content_length for answer in answers]
    lengths = [length for length in said if length is not None]
    if course_of(lengths) is Course.ALTERNATING:
        shown = ", ".join(sorted({f"{value}" for value in lengths})[:3])
        return Failed(f"Content-Length differs from connection to connection: {shown}", ("whole",))
    return Passed()


def same_of_statuses(interview: Interview) -> Judgement:
    """V05: 200, 206 and 304 tell the same entity-tag and date."""
    if isinstance(same_of_replicas(interview), Failed):
        return NotJudged("the validators differ from connection to connection (V04)")
    for field in ("etag", "last-modified"):
        whole = _usual(full_answers(interview), field)
        if whole is None or (field == "last-modified" and is_dated_now(interview)):
            continue
        for status in (206, 304):
            named = [
                (name, answer)
                for name, answer in interview.answers(status)
                if interview.questions[name].get("accept-encoding") is None
            ]
            other = _usual([answer for _, answer in named], field)
            missing = named and other is None and (status == 206 or field == "etag")
            if missing and status == 304:
                continue  # it is not needed to use the copy that the client named
            if missing or other not in (None, whole):
                came = f"{field}: {other or 'none'} of {status}, {whole} of 200"
                return Failed(came, (named[0][0], "whole"))
    return Passed()


def _usual(answers: Iterable[Answer], field: str) -> str | None:
    """The value of `field` that most answers have."""
    counted = Counter(answer.get(field) for answer in answers)
    return counted.most_common(1)[0][0] if counted else None


def date(interview: Interview) -> Judgement:
    """V06: Last-Modified is a date, not in the future, and not the time of the answer."""
    whole = interview.whole
    value = whole.get("last-modified")
    if value is None:
        return NotJudged("there is no Last-Modified")
    modified = parse_http_date(value, interview.now)
    if modified is None:
        return Failed(f"Last-Modified: {value} is no HTTP-date", ("whole",))
    sent = parse_http_date(whole.get("date") or "", interview.now)
    now = sent if sent is not None else interview.now
    if modified > now + 60:
        return Failed(f"Last-Modified: {value} is in the future", ("whole",))
    if is_dated_now(interview):
        return Failed(f"Last-Modified: {value} is the time of the answer", ("whole",))
    return Passed()


CHECKS: Final = (
    Check("V01", "there is an ETag or a Last-Modified", "RFC 9110 8.8", any_validator),
    Check("V02", "the ETag is quoted", "RFC 9110 8.8.3", quoted),
    Check("V03", "the ETag is strong", "RFC 9110 8.8.1", strong),
    Check("V04", "each connection is told the same validators", "RFC 9110 8.8.1", same_of_replicas),
    Check("V05", "200, 206 and 304 tell the same validators", "RFC 9110 15.3.7", same_of_statuses),
    Check("V06", "Last-Modified is when it was modified", "RFC 9110 8.8.2.1", date),
)
