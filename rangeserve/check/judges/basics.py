"""GET and HEAD without conditions, and the framing of every message (RFC 9110 8.6, 9.3; 9112 6)."""

from __future__ import annotations

from typing import Final

from ...core.partial import read_content_range
from ..checks import Check, Failed, Judgement, NotJudged, Passed
from ..interview import Interview
from ..stability import full_answers
from .ranges import any_range

__all__ = ["CHECKS"]

# RFC 9110 5.3: no lists, so a message may have one line of each.
_SINGLETONS: Final = (
    "content-length", "content-type", "content-range", "etag", "last-modified", "date",
)  # fmt: skip
_SAME_OF_HEAD: Final = ("content-length", "etag", "last-modified", "accept-ranges")


def status(interview: Interview) -> Judgement:
    """B01: a GET without Range is answered by 200."""
    answer = interview.whole
    if answer.status == 200:
        return Passed()
    return Failed(f"{answer.status} although no Range was asked for", ("whole",))


def length(interview: Interview) -> Judgement:
    """B02: the whole has a Content-Length."""
    answer = interview.whole
    if answer.all("content-length") or answer.status != 200:
        return Passed()
    if answer.representation.coded:
        return NotJudged("the whole is coded")
    return Failed("200 without Content-Length", ("whole",))


def framing(interview: Interview) -> Judgement:
    """B03: every message but a refusal is framed as its fields say, and ends there."""
    return _framed(interview, refusals=False)


def framing_of_refusals(interview: Interview) -> Judgement:
    """B09: so is a refusal (4xx, 5xx), which only those meet that ask for what is not there."""
    return _framed(interview, refusals=True)


def _framed(interview: Interview, *, refusals: bool) -> Judgement:
    answers = [each for each in interview.answers() if (each[1].status >= 400) is refusals]
    for name, answer in answers:
        if answer.trouble is not None:
            return Failed(f"{answer.status}: {answer.trouble}", (name,))
    return Passed() if answers else NotJudged("nothing was refused")


def lines(interview: Interview) -> Judgement:
    """B04: a field that is no list comes in one line."""
    for name, answer in interview.answers():
        if answer.trouble is not None:
            continue  # B03 is about it
        for field in _SINGLETONS:
            values = answer.all(field)
            if len(values) > 1:
                came = f"{answer.status} with {len(values)} lines of {field}: {', '.join(values)}"
                return Failed(came, (name,))
        if answer.all("content-length") and answer.all("transfer-encoding"):
            came = f"{answer.status} with both Content-Length and Transfer-Encoding"
            return Failed(came, (name,))
    return Passed()


def head(interview: Interview) -> Judgement:
    """B05: HEAD is answered, and says what GET says."""
    answer, whole = interview.answer("head"), interview.whole
    if answer is None or answer.is_throttled:
        return NotJudged(interview.why_not("head"))
    if answer.status != 200:
        return Failed(f"{answer.status} to HEAD, {whole.status} to GET", ("head", "whole"))
    if answer.representation.coded != interview.coded:
        return NotJudged("one of HEAD and GET is compressed")
    for field in _SAME_OF_HEAD:
        mine, theirs = answer.all(field), whole.all(field)
        # Only what HEAD says may be wrong: it may leave out what costs (RFC 9110 9.3.2).
        if mine and theirs and mine[0] != theirs[0] and not _moves(interview, field):
            return Failed(f"{field}: {mine[0]} of HEAD, {theirs[0]} of GET", ("head", "whole"))
    # RFC 9110 9.3.2 lets a HEAD go without; of an empty one nobody misses it.
    if interview.length and whole.all("content-length") and not answer.all("content-length"):
        return Failed("no Content-Length of HEAD, one of GET", ("head", "whole"))
    return Passed()


def type_of_head(interview: Interview) -> Judgement:
    """B08: HEAD says the Content-Type that GET says."""
    answer = interview.answer("head")
    if answer is None or answer.status != 200:
        return NotJudged("HEAD is not answered by 200")
    mine, theirs = answer.get("content-type"), interview.whole.get("content-type")
    if mine in (None, theirs):
        return Passed()
    return Failed(f"content-type: {mine} of HEAD, {theirs} of GET", ("head", "whole"))


def _moves(interview: Interview, field: str) -> bool:
    """Whether the field differs between one GET and another, so that it says nothing of HEAD."""
    return len({answer.get(field) for answer in full_answers(interview)}) > 1


def advertised(interview: Interview) -> Judgement:
    """B06: Accept-Ranges says whether ranges are honoured."""
    judged = any_range(interview)
    if isinstance(judged, NotJudged):
        return judged
    said = interview.whole.elements("accept-ranges")
    if isinstance(judged, Failed):
        if "bytes" in said:
            return Failed("Accept-Ranges: bytes, and no range is honoured", ("whole",))
        return Passed()
    if "bytes" in said:
        return Passed()
    shown = ", ".join(sorted(said))
    came = f"Accept-Ranges: {shown}" if said else "200 without Accept-Ranges"
    return Failed(f"{came}, and ranges are honoured", ("whole",))


def stray(interview: Interview) -> Judgement:
    """B07: a 200 has no Content-Range."""
    for name, answer in interview.answers(200):
        values = answer.all("content-range")
        if values:
            known = "" if read_content_range(values[0]) else ", which is malformed"
            return Failed(f"200 with Content-Range: {values[0]}{known}", (name,))
    return Passed()


CHECKS: Final = (
    Check("B01", "a GET without Range is a 200", "RFC 9110 15.3.1", status),
    Check("B02", "the whole has a Content-Length", "RFC 9110 8.6", length),
    Check("B03", "messages are framed as they say", "RFC 9112 6.3", framing),
    Check("B04", "single fields come in one line", "RFC 9110 5.3", lines),
    Check("B05", "HEAD says what GET says", "RFC 9110 9.3.2", head),
    Check("B06", "Accept-Ranges tells the truth", "RFC 9110 14.3", advertised),
    Check("B07", "a 200 has no Content-Range", "RFC 9110 14.4", stray),
    Check("B08", "HEAD has the type of GET", "RFC 9110 9.3.2", type_of_head),
    Check("B09", "refusals are framed as they say", "RFC 9112 6.3", framing_of_refusals),
)
