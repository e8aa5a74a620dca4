"""Redirects, caches, time, what an app in process reads, and HTTP/2."""

from __future__ import annotations

from typing import Final

from ..answers import Answer
from ..checks import Check, Failed, Judgement, NotJudged, Passed
from ..interview import Interview
from .reading import Kind, parts_that_came, read, shown

__all__ = ["CHECKS"]

_SLACK: Final = 1024 * 1024
_LATE: Final = 1024 * 1024
_SECONDS: Final = 2.0
_CACHES: Final = ("cache-status", "x-cache", "cf-cache-status", "x-cache-status")
_AT_THE_END: Final = ("tail", "suffix", "past-end")


def redirected(interview: Interview) -> Judgement:
    """T01: a range that is asked through the redirects is honoured."""
    answer, direct = interview.answer("redirected"), read(interview, "first-two")
    if answer is None:
        return NotJudged("there is no redirect")
    if direct.kind is not Kind.RIGHT:
        return NotJudged("without redirects the range is not honoured either")
    if answer.status == 206:
        return Passed()
    return Failed(f"{shown(interview, 'redirected')} through the redirects", ("redirected",))


def stored(interview: Interview) -> Judgement:
    """T02: caches may keep it."""
    if "no-store" not in interview.whole.elements("cache-control"):
        return Passed()
    return Failed("Cache-Control: no-store", ("whole",))


def cached(interview: Interview) -> Judgement:
    """T03: what comes from a cache has the validators of what comes from the origin."""
    answers = [
        (name, answer)
        for name, answer in interview.answers()
        if answer.status in (200, 206) and not answer.representation.coded
    ]
    hits = {name: _validator(answer) for name, answer in answers if _is_hit(answer) is True}
    misses = {name: _validator(answer) for name, answer in answers if _is_hit(answer) is False}
    if not hits or not misses:
        return NotJudged("no two answers say that one is the cache's and the other the origin's")
    if set(hits.values()) == set(misses.values()):
        return Passed()
    other = next(name for name, value in [*hits.items(), *misses.items()]
                 if value not in hits.values() or value not in misses.values())  # fmt: skip
    from_cache, from_origin = (", ".join(sorted(set(each.values()))) for each in (hits, misses))
    return Failed(f"{from_cache} from the cache, {from_origin} from the origin", (other,))


def _is_hit(answer: Answer) -> bool | None:
    """Whether a cache says that it had this answer; `None` if none says."""
    said = " ".join(value for name in _CACHES for value in answer.all(name)).lower()
    if "hit" in said or answer.get("age") not in (None, "0"):
        return True
    if "miss" in said or "fwd" in said:
        return False
    # Varnish names the request, and of a hit that which has fetched it.
    numbers = (answer.get("x-varnish") or "").split()
    return len(numbers) > 1 if numbers else None


def _validator(answer: Answer) -> str:
    tag = answer.get("etag")
    return f"ETag: {tag}" if tag else f"Last-Modified: {answer.get('last-modified') or 'none'}"


def skips(interview: Interview) -> Judgement:
    """T04: the first byte of the tail comes about as soon as that of the head."""
    late = [answer.seconds for name in _AT_THE_END if (answer := interview.answer(name)) is not None
            and answer.status == 206]  # fmt: skip
    first = [answer.seconds for name in ("first-two", "open", "head", "whole")
             if (answer := interview.answer(name)) is not None]  # fmt: skip
    if len(late) < 2 or not first:
        return NotJudged("no tail came")
    # The quickest of several tails against the slowest of several heads: a busy machine, or a
    # network that stumbles, is no finding.
    if min(late) > _SECONDS + 5 * max(first):
        came = f"{min(late):.1f} s until the tail, {max(first):.1f} s until the head"
        return Failed(came, _AT_THE_END[:2])
    return Passed()


def read_little(interview: Interview) -> Judgement:
    """T05: for a small range little is read (an app in process)."""
    if not interview.in_process:
        return NotJudged("only an app in process shows what it reads")
    counted = [
        (each.name, answer.read, len(each.body))
        for each in parts_that_came(interview)
        if (answer := interview.answer(each.name)) is not None and answer.read is not None
        if each.name in _AT_THE_END
    ]
    if not counted:
        return NotJudged("what is read cannot be counted here")
    # The least of several: what else the process reads meanwhile is no finding.
    name, least, asked = min(counted, key=lambda each: each[1])
    if least > _SLACK + 2 * asked:
        return Failed(f"{least:,} bytes are read for {asked:,}", (name,))
    return Passed()


def stops(interview: Interview) -> Judgement:
    """T06: the app stops when the client leaves (an app in process)."""
    if not interview.in_process:
        return NotJudged("only an app in process shows when it stops")
    left = [
        (name, answer.sent_late)
        for name, answer in interview.answers()
        if answer.cut and answer.sent_late is not None
    ]
    if not left:
        return NotJudged("no answer was long enough to leave it")
    name, most = max(left, key=lambda each: each[1])
    if most > _LATE:
        return Failed(f"{most:,} bytes are sent when the client has left", (name,))
    return Passed()


def same_over_http2(interview: Interview) -> Judgement:
    """T07: over HTTP/2 the same is said as over HTTP/1.1."""
    for name, other in (("http2-middle", "middle"), ("http2-suffix", "suffix")):
        two, one = interview.answer(name), interview.answer(other)
        if two is None or one is None:
            return NotJudged("HTTP/2 is not offered, or was not asked")
        for field in ("content-range", "etag", "content-length"):
            if two.status == one.status == 206 and two.get(field) != one.get(field):
                came = f"{field}: {two.get(field)} over HTTP/2, {one.get(field)} over HTTP/1.1"
                return Failed(came, (name, other))
        if two.status != one.status:
            came = f"{shown(interview, name)} over HTTP/2, {shown(interview, other)} over HTTP/1.1"
            return Failed(came, (name, other))
        if two.complete and one.complete and two.body != one.body:
            return Failed("other bytes over HTTP/2 than over HTTP/1.1", (name, other))
    return Passed()


CHECKS: Final = (
    Check("T01", "redirects keep the range", "RFC 9110 15.4", redirected),
    Check("T02", "caches may keep it", "RFC 9111 5.2.2.5", stored),
    Check("T03", "a cache says what the origin says", "RFC 9111 4.3.4", cached),
    Check("T04", "the tail comes as soon as the head", "RFC 9110 14", skips),
    Check("T05", "for a small range little is read", "RFC 9110 14", read_little),
    Check("T06", "the app stops when the client leaves", "ASGI HTTP 2.5", stops),
    Check("T07", "HTTP/2 says what HTTP/1.1 says", "RFC 9113 8.1", same_over_http2),
)
