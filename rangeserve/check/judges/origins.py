"""CORS: what a page of another origin may ask for, and what it may read (Fetch 3.2)."""

from __future__ import annotations

from functools import partial
from typing import Final

from ..checks import Check, Failed, Judgement, NotJudged, Passed
from ..interview import Interview
from .reading import shown

__all__ = ["CHECKS"]

_ALLOWED: Final = "access-control-allow-origin"
_READ: Final = ("accept-ranges", "content-range", "etag")
_CLOSED: Final = "no other origin may read it (no Access-Control-Allow-Origin)"


def preflight(interview: Interview, name: str) -> Judgement:
    """X01, X06: the preflight lets a page send the field `name`."""
    if not _is_open(interview):
        return NotJudged(_CLOSED)
    answer = interview.answer("preflight")
    if answer is None or answer.is_throttled:
        return NotJudged(interview.why_not("preflight"))
    if not 200 <= answer.status < 300:
        return Failed(f"{answer.status} to the preflight", ("preflight",))
    if answer.get(_ALLOWED) is None:
        return Failed("a preflight without Access-Control-Allow-Origin", ("preflight",))
    if answer.elements("access-control-allow-headers") & {name, "*"}:
        return Passed()
    return Failed(f"the preflight does not allow {name}", ("preflight",))


def also_if_range(interview: Interview) -> Judgement:
    """X06: the preflight lets a page send If-Range, if it allows Range."""
    if isinstance(preflight(interview, "range"), Failed):
        return NotJudged("the preflight does not allow Range (X01)")
    return preflight(interview, "if-range")


def exposed(interview: Interview) -> Judgement:
    """X02: a page may read the fields that tell where a part is."""
    if not _is_open(interview):
        return NotJudged(_CLOSED)
    answer = interview.answer("origin-range")
    assert answer is not None, "it is open, so there is an answer"
    names = answer.elements("access-control-expose-headers")
    said = {name for name in _READ if answer.all(name) or interview.whole.all(name)}
    missing = [name for name in _READ if name in said and not names & {name, "*"}]
    if answer.status != 206:
        return NotJudged(shown(interview, "origin-range"))
    if missing:
        came = f"Access-Control-Expose-Headers does not name {', '.join(missing)}"
        return Failed(came, ("origin-range",))
    return Passed()


def on_304(interview: Interview) -> Judgement:
    """X03: a 304 lets the page read it, too."""
    return _also(interview, "origin-304", 304)


def on_416(interview: Interview) -> Judgement:
    """X04: a 416 lets the page read it, too."""
    return _also(interview, "origin-at-end", 416)


def _also(interview: Interview, name: str, status: int) -> Judgement:
    if not _is_open(interview):
        return NotJudged(_CLOSED)
    answer = interview.answer(name)
    if answer is None or answer.status != status:
        return NotJudged(f"no {status} came")
    if answer.get(_ALLOWED) is not None:
        return Passed()
    return Failed(f"{status} without Access-Control-Allow-Origin", (name, "origin-range"))


def on_206(interview: Interview) -> Judgement:
    """X05: if a page may read the whole, it may read a part."""
    answer, whole = interview.answer("origin-range"), interview.whole
    if answer is None or answer.status != 206:
        return NotJudged("no part came")
    if whole.get(_ALLOWED) == "*" and answer.get(_ALLOWED) is None:
        return Failed("206 without Access-Control-Allow-Origin, 200 with it", ("origin-range",))
    return Passed() if _is_open(interview) else NotJudged(_CLOSED)


def _is_open(interview: Interview) -> bool:
    answer = interview.answer("origin-range")
    return answer is not None and answer.get(_ALLOWED) is not None


CHECKS: Final = (
    Check("X01", "the preflight allows Range", "Fetch 4.8", partial(preflight, name="range")),
    Check("X02", "pages may read Content-Range", "Fetch 3.2.3", exposed),
    Check("X03", "a 304 has the CORS fields", "Fetch 3.2.3", on_304),
    Check("X04", "a 416 has the CORS fields", "Fetch 3.2.3", on_416),
    Check("X05", "a 206 has the CORS fields", "Fetch 3.2.3", on_206),
    Check("X06", "the preflight allows If-Range", "Fetch 4.8", also_if_range),
)
