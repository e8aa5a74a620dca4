"""Compression: no part of a coded body, and no tag or cache key that two codings share."""

from __future__ import annotations

from typing import Final

from ...core import parse_entity_tag
from ...core.partial import read_content_range
from ..answers import Answer
from ..checks import Check, Failed, Judgement, NotJudged, Passed
from ..interview import Interview
from .reading import shown

__all__ = ["CHECKS"]


def asked_for(interview: Interview) -> Judgement:
    """E01: without Accept-Encoding nothing is coded."""
    if not interview.coded:
        return Passed()
    coding = ", ".join(interview.whole.all("content-encoding"))
    return Failed(f"Content-Encoding: {coding} to Accept-Encoding: identity", ("whole",))


def no_coded_part(interview: Interview) -> Judgement:
    """E02: a part that is coded is one of the coded body, by its place and its tag."""
    answer = interview.answer("coded-range")
    if answer is None or answer.is_throttled:
        return NotJudged(interview.why_not("coded-range"))
    if interview.coded:
        return NotJudged("the whole is always coded (E01)")
    if answer.status not in (200, 206):
        asked = interview.questions["coded-range"].get("range")
        plain = interview.answer("middle")
        if plain is not None and plain.status == 206:
            came = f"{shown(interview, 'coded-range')} to Range: {asked}, with Accept-Encoding"
            return Failed(came, ("coded-range",))
        return NotJudged(shown(interview, "coded-range"))
    if answer.status == 206 and answer.representation.coded:
        wrong = _wrong_with(interview, answer)
        coding = ", ".join(answer.all("content-encoding"))
        if wrong is not None:
            return Failed(f"206 with Content-Encoding: {coding}, {wrong}", ("coded-range",))
    return Passed()


def _wrong_with(interview: Interview, answer: Answer) -> str | None:
    """Why a coded 206 cannot be a part of the coded body; `None` if it may be one.

    RFC 9110 14.2 counts the bytes of the selected representation: a server may code a body, and
    then cut it, if the coded body has a tag and a length of its own.
    """
    said = read_content_range(answer.get("content-range") or "")
    if said is None:
        return "and no Content-Range"
    part, total = said
    if answer.complete and len(answer.body) != part.length:
        return f"{len(answer.body):,} bytes for the {part.length:,} of its Content-Range"
    if total == interview.length:
        return "and the length of what is not coded"
    tag = parse_entity_tag(answer.get("etag") or "")
    if tag is not None and not tag.weak and str(tag) == interview.whole.get("etag"):
        return "and the ETag of what is not coded"
    coded = _coded(interview)
    if isinstance(coded, Answer) and coded.get("etag") == answer.get("etag"):
        there = coded.body[part.start : part.stop]
        if there != answer.body[: len(there)]:
            return "and other bytes than the coded whole"
    return None


def of_the_identity(interview: Interview) -> Judgement:
    """E05: to a client that would take a coding, a part is still one of the identity."""
    answer = interview.answer("coded-range")
    if answer is None or answer.status not in (200, 206) or interview.coded:
        return NotJudged(interview.why_not("coded-range"))
    if isinstance(no_coded_part(interview), Failed):
        return NotJudged("the part cannot be one of the coded body (E02)")
    if answer.status == 206 and answer.representation.coded:
        coding = ", ".join(answer.all("content-encoding"))
        return Failed(f"206 with Content-Encoding: {coding}", ("coded-range",))
    return Passed()


def tags_differ(interview: Interview) -> Judgement:
    """E03: a coded 200 has another strong tag than the identity (RFC 9110 8.8.3.3)."""
    coded = _coded(interview)
    if isinstance(coded, NotJudged):
        return coded
    tag = parse_entity_tag(coded.get("etag") or "")
    if tag is None or tag.weak or str(tag) != interview.whole.get("etag"):
        return Passed()
    coding = ", ".join(coded.all("content-encoding"))
    return Failed(f"ETag: {tag} of both the identity and {coding}", ("coded", "whole"))


def varies(interview: Interview) -> Judgement:
    """E04: if the coding depends on Accept-Encoding, Vary says so."""
    coded = _coded(interview)
    if isinstance(coded, NotJudged):
        return coded
    if coded.elements("vary") & {"accept-encoding", "*"}:
        return Passed()
    if "no-store" in coded.elements("cache-control"):
        return NotJudged("no cache keeps it (Cache-Control: no-store)")
    return Failed("a coded 200 without Vary: Accept-Encoding", ("coded",))


def _coded(interview: Interview) -> Answer | NotJudged:
    answer = interview.answer("coded")
    if answer is None:
        return NotJudged(interview.why_not("coded"))
    if interview.coded:
        return NotJudged("the whole is always coded (E01)")
    if answer.status != 200 or not answer.representation.coded:
        return NotJudged("it is not compressed")
    return answer


CHECKS: Final = (
    Check("E01", "nothing is coded unless asked for", "RFC 9110 12.5.3", asked_for),
    Check("E02", "a coded part is one of the coded body", "RFC 9110 14.2", no_coded_part),
    Check("E03", "each coding has a tag of its own", "RFC 9110 8.8.3.3", tags_differ),
    Check("E04", "Vary names Accept-Encoding", "RFC 9110 12.5.5", varies),
    Check("E05", "a part is not coded", "RFC 9110 8.4", of_the_identity),
)
