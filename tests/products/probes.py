"""The fifteen probes, and what an answer to each is worth.

Each answer is judged against the bytes of the file. Four grades, from the best:

- `BEST`: what was asked for, in full: the right part, the right 304 or 416, the right whole
  where the whole is right.
- `RIGHT`: right, but less than what was asked for: the whole where a part or a 304 would do.
- `REFUSED`: an error of the client's (4xx) where there is none, or a part of the ranges; the
  client knows, and has to ask again.
- `BROKEN`: wrong bytes, a part that joins two versions, a wrong length, a 5xx, a cut body.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from support.parts import read_parts
from support.wire import Response, Truncated, fetch

SECONDS = 30.0
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class Grade(IntEnum):
    BROKEN = 0
    REFUSED = 1
    RIGHT = 2
    BEST = 3


@dataclass(frozen=True)
class Verdict:
    """The `grade` of an answer, its `status` as the page shows it, and what is wrong with it."""

    grade: Grade
    status: str
    wrong: str = ""


@dataclass(frozen=True)
class Validators:
    """What a client may send back of a whole response."""

    etag: str | None
    last_modified: str | None

    @property
    def for_if_range(self) -> str | None:
        """The strong one; the date may be one."""
        if self.etag is not None:
            return None if self.etag.startswith("W/") else self.etag
        return self.last_modified


Fields = list[tuple[str, str]]
# the file's bytes and its validators -> the fields of the request; None if none can be sent
Ask = Callable[[bytes, Validators], "Fields | None"]
Judge = Callable[[Response, bytes], Verdict]


@dataclass(frozen=True)
class Probe:
    """What is asked, and how the answer is judged."""

    name: str
    ask: Ask
    judge: Judge
    method: str = "GET"


def measure(port: int, path: str, data: bytes) -> dict[str, Verdict]:
    """The verdict of each probe on the file at `path`, which has the bytes `data`."""
    seen = Validators(None, None)
    verdicts: dict[str, Verdict] = {}
    for probe in PROBES:
        fields = probe.ask(data, seen)
        if fields is None:
            verdicts[probe.name] = Verdict(Grade.RIGHT, "-", "no validator to send")
            continue
        try:
            response = fetch(port, path, fields, probe.method)
            verdicts[probe.name] = _or_error(response) or probe.judge(response, data)
        except (Truncated, OSError, AssertionError, ValueError) as error:
            verdicts[probe.name] = Verdict(Grade.BROKEN, "cut", f"{type(error).__name__}: {error}")
            continue
        if probe.name == "whole":
            seen = Validators(response.get("etag"), response.get("last-modified"))
    return verdicts


def _or_error(response: Response) -> Verdict | None:
    """The verdict on what is broken whatever was asked."""
    if response.status >= 500:
        return Verdict(Grade.BROKEN, str(response.status), "an error of the server's")
    if response.get("content-encoding") is not None:
        return Verdict(Grade.BROKEN, str(response.status), "a coding that was not asked for")
    return None


# The answers


def _whole(response: Response, data: bytes, grade: Grade) -> Verdict:
    if response.body != data:
        return Verdict(Grade.BROKEN, "200", f"{len(response.body)} bytes, and not the file")
    return Verdict(grade, "200")


def _refused(response: Response) -> Verdict:
    status = str(response.status)
    if 400 <= response.status < 500:
        return Verdict(Grade.REFUSED, status)
    return Verdict(Grade.BROKEN, status, "an answer to something else")


def whole(response: Response, data: bytes) -> Verdict:
    """The whole is what was asked for."""
    if response.status == 200:
        return _whole(response, data, Grade.BEST)
    return _refused(response)


def part(start: int, stop: int) -> Judge:
    """`[start, stop)` is what was asked for; negative numbers count from the end."""

    def judge(response: Response, data: bytes) -> Verdict:
        first = start if start >= 0 else len(data) + start
        last = min(stop, len(data)) if stop > 0 else len(data) + stop
        if response.status == 200:
            return _whole(response, data, Grade.RIGHT)
        if response.status != 206:
            return _refused(response)
        wanted = f"bytes {first}-{last - 1}/{len(data)}"
        if response.get("content-range") != wanted or response.body != data[first:last]:
            return Verdict(Grade.BROKEN, "206", f"{response.get('content-range')}, not {wanted}")
        return Verdict(Grade.BEST, "206")

    return judge


def parts(*wanted: tuple[int, int]) -> Judge:
    """Several ranges `[start, stop)` were asked for."""

    def judge(response: Response, data: bytes) -> Verdict:
        if response.status == 200:
            return _whole(response, data, Grade.RIGHT)
        if response.status != 206:
            return _refused(response)
        content_type = response.get("content-type") or ""
        if not content_type.startswith("multipart/byteranges"):
            return _some_part(response, data, wanted)
        got = []
        for each in read_parts(content_type, response.body):
            start, stop = _range_of(each.headers.get("content-range"), data)
            if data[start:stop] != each.body:
                return Verdict(Grade.BROKEN, "206", "a part has other bytes than it says")
            got.append((start, stop))
        if got != list(wanted):
            return Verdict(Grade.BROKEN, "206", f"{got}, not {list(wanted)}")
        return Verdict(Grade.BEST, "206")

    return judge


def _some_part(response: Response, data: bytes, wanted: Iterable[tuple[int, int]]) -> Verdict:
    """One part for several ranges: it may be a subset of them (RFC 9110 15.3.7.2)."""
    start, stop = _range_of(response.get("content-range"), data)
    if response.body != data[start:stop] or (start, stop) not in wanted:
        return Verdict(Grade.BROKEN, "206", f"{response.get('content-range')}")
    return Verdict(Grade.REFUSED, "206 of one", "one of the ranges")


def _range_of(content_range: str | None, data: bytes) -> tuple[int, int]:
    """The range that a Content-Range names; an impossible one if it is not of `data`."""
    match = _CONTENT_RANGE.fullmatch(content_range or "")
    if match is None or int(match[3]) != len(data):
        return (0, -len(data))
    return int(match[1]), int(match[2]) + 1


def unsatisfiable(response: Response, data: bytes) -> Verdict:
    """No byte of the file was asked for."""
    if response.status == 200:
        return _whole(response, data, Grade.RIGHT)
    if response.status == 416:
        if response.get("content-range") == f"bytes */{len(data)}":
            return Verdict(Grade.BEST, "416")
        return Verdict(Grade.RIGHT, "416", "it does not say the length")
    return _refused(response)


def stale(response: Response, data: bytes) -> Verdict:
    """The client's part is of another version: only the whole is right."""
    if response.status == 206:
        return Verdict(Grade.BROKEN, "206", "two versions are joined")
    return whole(response, data)


def not_modified(response: Response, data: bytes) -> Verdict:
    """The client has the file already."""
    if response.status == 304:
        return Verdict(Grade.BEST, "304")
    if response.status == 200:
        return _whole(response, data, Grade.RIGHT)
    return _refused(response)


def head(response: Response, data: bytes) -> Verdict:
    """HEAD: the length is what one asks for."""
    if response.status != 200:
        return _refused(response)
    length = response.get("content-length")
    if length == str(len(data)):
        return Verdict(Grade.BEST, "200")
    if length is None:
        return Verdict(Grade.RIGHT, "200 no length", "it does not say the length")
    return Verdict(Grade.BROKEN, "200", f"a Content-Length of {length}")


# The questions


def asking(specs: str) -> Ask:
    """The Range with these specs, in which {n} is the size of the file, {n-10} 10 less."""

    def ask(data: bytes, seen: Validators) -> Fields:
        filled = re.sub(
            r"\{n([+-]\d+)?\}", lambda found: str(len(data) + int(found[1] or 0)), specs
        )
        return [("Range", filled)]

    return ask


def _nothing(data: bytes, seen: Validators) -> Fields:
    return []


def _if_range_stale(data: bytes, seen: Validators) -> Fields:
    return [("Range", "bytes=5-9"), ("If-Range", '"stale"')]


def _if_range_good(data: bytes, seen: Validators) -> Fields | None:
    validator = seen.for_if_range
    return None if validator is None else [("Range", "bytes=5-9"), ("If-Range", validator)]


def _if_none_match(data: bytes, seen: Validators) -> Fields | None:
    return None if seen.etag is None else [("If-None-Match", seen.etag)]


PROBES = (
    Probe("whole", _nothing, whole),
    Probe("0-1", asking("bytes=0-1"), part(0, 2)),
    Probe("0-", asking("bytes=0-"), part(0, 0)),
    Probe("middle", asking("bytes=1000-1999"), part(1000, 2000)),
    Probe("tail", asking("bytes={n-1000}-"), part(-1000, 0)),
    Probe("suffix", asking("bytes=-500"), part(-500, 0)),
    Probe("past the end", asking("bytes={n-10}-{n+1000}"), part(-10, 0)),
    Probe("two ranges", asking("bytes=0-9,1000-1009"), parts((0, 10), (1000, 1010))),
    Probe("unsatisfiable", asking("bytes={n}-"), unsatisfiable),
    Probe("malformed", asking("bytes=9-0"), whole),
    Probe("unknown unit", asking("items=0-9"), whole),
    Probe("If-Range, stale", _if_range_stale, stale),
    Probe("If-Range, good", _if_range_good, part(5, 10)),
    Probe("If-None-Match", _if_none_match, not_modified),
    Probe("HEAD", _nothing, head, "HEAD"),
)
