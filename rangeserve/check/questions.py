"""The script: which questions are asked, and in which order. It never awaits.

`script` is a generator: each `yield` gives out a question, and is resumed with the reply. The
questions that tell the most come first, because a budget may end the script at any of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from typing import Final

from ..core import format_http_date, parse_entity_tag
from .answers import MOST, Answer, Question, Reply
from .interview import Interview

__all__ = ["ORIGIN", "WHOLE_MOST", "Script", "script"]

Script = Generator[Question, Reply, None]

WHOLE_MOST: Final = 1024 * 1024
"""A representation of at most this number of bytes is read as a whole, once."""
ORIGIN: Final = "https://rangeserve.example"
"""The origin that the questions about CORS name; no page is there."""
_STALE: Final = '"rangeserve-check-stale"'
_DAY: Final = 86400
_SETTLED: Final = 120


def script(
    interview: Interview,
    *,
    origin: str = ORIGIN,
    seed: int = 0,
    http2: Callable[[], bool] = lambda: False,
) -> Script:
    """Ask one target, and note each reply in `interview`.

    `seed` decides where the random windows are; `http2` says whether HTTP/2 may be offered
    where the redirects have led. The script ends after the plain GET if that is not answered by a
    representation.
    """
    yield from _ask(interview, Question("whole", "the whole", most=WHOLE_MOST, from_start=True))
    whole = interview.answer("whole")
    if whole is None or whole.status not in (200, 206):
        return
    yield from _ask(interview, Question("head", "the fields of the whole", "HEAD"))
    yield from _range(interview, "first-two", "the first two bytes", "0-1")
    yield from _ranges(interview, random.Random(seed))
    yield from _conditions(interview)
    yield from _several_and_wrong(interview)
    yield from _again(interview, "again-1", "the whole, once more")
    if interview.length:  # of a cache that keeps each part apart it was a miss, and is a hit now
        yield from _range(
            interview, "middle-again", "a range, once more", _middle(interview.length)
        )
    yield from _codings(interview)
    yield from _origins(interview, origin)
    yield from _redirected(interview, whole)
    if http2() and interview.length:
        yield from _over_http2(interview)
    yield from _again(interview, "again-2", "the whole, for the last time")


def _ask(interview: Interview, question: Question) -> Script:
    reply = yield question
    interview.note(question, reply)


def _get(interview: Interview, name: str, purpose: str, *fields: tuple[str, str]) -> Script:
    yield from _ask(interview, Question(name, purpose, fields=fields))


def _range(
    interview: Interview, name: str, purpose: str, specs: str, *fields: tuple[str, str]
) -> Script:
    yield from _get(interview, name, purpose, ("Range", f"bytes={specs}"), *fields)


def _again(interview: Interview, name: str, purpose: str) -> Script:
    yield from _get(interview, name, purpose)


def _ranges(interview: Interview, chance: random.Random) -> Script:
    """Single ranges, as clients ask for them."""
    yield from _range(interview, "open", "all from the first byte", "0-")
    size = interview.length
    if not size:
        return
    yield from _range(interview, "middle", "a range in the middle", _middle(size))
    start = max(size - 1000, size // 2)
    yield from _range(interview, "tail", "all from near the end", f"{start}-")
    yield from _range(interview, "suffix", "the last bytes", f"-{min(500, size)}")
    yield from _range(
        interview, "past-end", "a range that ends past the end", f"{max(size - 10, 0)}-{size + 999}"
    )
    yield from _range(interview, "at-end", "all from beyond the last byte", f"{size}-")
    width = min(16 * 1024, max(size // 3, 1))
    first = chance.randrange(max(size - width, 1))
    yield from _range(
        interview, "window-1", "a random window", f"{first}-{min(first + width, size) - 1}"
    )
    second = min(first + width // 2, size - 1)  # half of it is in the other window
    yield from _range(
        interview,
        "window-2",
        "a window that overlaps",
        f"{second}-{min(second + width, size) - 1}",
    )


def _middle(size: int) -> str:
    start = min(1000, size // 3)
    return f"{start}-{min(start + 1000, size) - 1}"


def _conditions(interview: Interview) -> Script:
    """If-Range and the preconditions, with the validators of the whole."""
    whole = interview.whole.representation
    tag = parse_entity_tag(whole.etag) if whole.etag is not None else None
    modified = interview.modified()
    specs = _middle(interview.length) if interview.length else "0-1"
    if tag is not None and not tag.weak:
        good = str(tag)
        yield from _range(interview, "if-range", "If-Range, current", specs, ("If-Range", good))
        yield from _range(
            interview, "if-range-weak", "If-Range, weak", specs, ("If-Range", f"W/{good}")
        )
    yield from _range(interview, "if-range-stale", "If-Range, stale", specs, ("If-Range", _STALE))
    if whole.last_modified is not None and modified is not None:
        older = format_http_date(max(modified - _DAY, 0))
        # RFC 9110 8.8.2.2: a younger date may be weak, and the clocks may differ.
        if interview.now - modified > _SETTLED:
            date = ("If-Range", whole.last_modified)
            yield from _range(interview, "if-range-date", "If-Range, date", specs, date)
        yield from _range(
            interview, "if-range-older", "If-Range, older date", specs, ("If-Range", older)
        )
        yield from _get(
            interview, "not-since", "If-Modified-Since", ("If-Modified-Since", whole.last_modified)
        )
    if tag is not None:
        current = ("If-None-Match", str(tag))
        yield from _get(interview, "none-match", "If-None-Match, current", current)
        yield from _range(
            interview, "none-match-range", "If-None-Match before Range", specs, current
        )
        if modified is not None and whole.last_modified is not None:
            yield from _get(
                interview,
                "tag-before-date",
                "If-None-Match before If-Modified-Since",
                ("If-None-Match", _STALE),
                ("If-Modified-Since", whole.last_modified),
            )
        yield from _range(interview, "match-stale", "If-Match, stale", specs, ("If-Match", _STALE))


def _several_and_wrong(interview: Interview) -> Script:
    """Several ranges, and fields that are no ranges of bytes."""
    size = interview.length
    if size and size >= 4:
        width = min(10, size // 4)
        specs = f"0-{width - 1},{size - width}-{size - 1}"
        yield from _range(interview, "two", "two ranges", specs)
    yield from _range(interview, "malformed", "a Range that is malformed", "9-0")
    yield from _get(interview, "unit", "a Range in another unit", ("Range", "items=0-1"))


def _codings(interview: Interview) -> Script:
    codings = ("Accept-Encoding", "gzip, br")
    yield from _get(interview, "coded", "the whole, perhaps compressed", codings)
    specs = _middle(interview.length) if interview.length else "0-1"
    yield from _range(interview, "coded-range", "a range, perhaps compressed", specs, codings)


def _origins(interview: Interview, origin: str) -> Script:
    """CORS; the questions after the first are asked only if a page of another origin may read."""
    said = ("Origin", origin)
    yield from _range(interview, "origin-range", "a range for another origin", "0-1", said)
    answer = interview.answer("origin-range")
    if answer is None or answer.get("access-control-allow-origin") is None:
        return
    asked = (
        said,
        ("Access-Control-Request-Method", "GET"),
        ("Access-Control-Request-Headers", "if-range,range"),
    )
    yield from _ask(interview, Question("preflight", "the preflight", "OPTIONS", asked))
    if interview.length:
        specs = f"{interview.length}-"
        yield from _range(interview, "origin-at-end", "a 416 for another origin", specs, said)
    tag = interview.whole.representation.etag
    if tag is not None and parse_entity_tag(tag) is not None:
        current = ("If-None-Match", tag)
        yield from _get(interview, "origin-304", "a 304 for another origin", said, current)


def _redirected(interview: Interview, whole: Answer) -> Script:
    if whole.hops:
        fields = (("Range", "bytes=0-1"),)
        question = Question(
            "redirected", "a range through the redirects", fields=fields, most=MOST, from_start=True
        )
        yield from _ask(interview, question)


def _over_http2(interview: Interview) -> Script:
    """Two of the ranges over HTTP/2; the second only if that is offered."""
    for name in ("middle", "suffix"):
        asked = interview.questions[name]
        yield from _ask(
            interview,
            Question(f"http2-{name}", f"{asked.purpose}, HTTP/2", fields=asked.fields, http2=True),
        )
        if interview.answer(f"http2-{name}") is None:
            return
