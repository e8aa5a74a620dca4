"""What is unusual and allowed is green, and what cannot be judged is neither red nor green."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from check.faults import (
    chunked,
    fields_with,
    fields_without,
    refused,
    replace_fields,
    status,
    when,
    without_conditions,
)
from check.zoo import MOVIE, Asked, Fault, Reply, Right, Said, no_fault, serving
from support.content import numbered

from rangeserve.check import Fate, NotJudged, Report, check
from rangeserve.core import Limits


@dataclass(frozen=True)
class Quirk:
    id: str
    fault: Fault = no_fault
    right: Right = field(default_factory=Right)


def lower_case(asked: Asked, said: Said) -> Said:
    return replace(said, fields=tuple((name.lower(), value) for name, value in said.fields))


def after(*heads: bytes) -> Fault:
    """With informational responses in front."""
    return lambda asked, said: b"".join(heads) + said.wire()


def as_http_1_0(asked: Asked, said: Said) -> bytes:
    return said.wire().replace(b"HTTP/1.1", b"HTTP/1.0", 1)


def without_reason(asked: Asked, said: Said) -> bytes:
    return said.wire().replace(b" Said\r\n", b" \r\n", 1)


def with_an_empty_preamble(asked: Asked, said: Said) -> Said:
    if "multipart" in (said.get("content-type") or ""):
        return said.carrying(b"\r\n" + said.body)
    return said


def of(size: int) -> Right:
    return Right(body=numbered(size), fields={**Right().fields, "Content-Type": "text/plain"})


QUIRKS = (
    Quirk("names in lower case", lower_case),
    Quirk("a cache ignores If-Match", lambda asked, said: (
        without_conditions("if-match")(asked, said).adding("Via", "1.1 cache"))),
    Quirk("a cache refuses another unit", lambda asked, said: (
        refused(416)(said) if asked.range == "items=0-1" else said).adding("Via", "1.1 cache")),
    Quirk("a cache that has it from now on", lambda asked, said: said.adding(
        "X-Cache", "HIT" if asked.number else "MISS")),
    Quirk("chunked parts", when(status(206), chunked)),
    Quirk("100 and 103 in front", after(
        b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n")),
    Quirk("HTTP/1.0", as_http_1_0),
    Quirk("no reason phrase", without_reason),
    Quirk("no Last-Modified", right=fields_without("Last-Modified")),
    Quirk("a comma and octets in the tag", right=fields_with(ETag='"a,\xe9,b"')),
    Quirk("one range at most", right=Right(limits=Limits(max_ranges=1))),
    Quirk("several ranges are a 416", when(lambda asked, said: "," in asked.specs, refused(416))),
    Quirk("malformed is a 416", when(lambda asked, said: asked.specs == "9-0", refused(416))),
    Quirk("malformed is a 400", when(lambda asked, said: asked.specs == "9-0", refused(400))),
    Quirk("an empty preamble", with_an_empty_preamble),
    Quirk("cookies", lambda asked, said: said.adding("Set-Cookie", f"a={asked.number}").adding(
        "Set-Cookie", "b=2")),
    Quirk("Expires moves", lambda asked, said: said.having("Expires", said.get("date") or "")),
    Quirk("a weak tag of the coded", when(
        lambda asked, said: said.get("content-encoding"),
        lambda said: said.having("ETag", 'W/"v1"'))),
    Quirk("never coded", right=Right(codes=False)),
    Quirk("no CORS", right=Right(cors=False)),
    Quirk("304 without validators", when(
        status(304), lambda said: said.without("ETag", "Last-Modified"))),
    Quirk("206 without Content-Type", when(status(206), lambda said: said.without(
        "Content-Type") if said.get("content-range") else said)),
    Quirk("no type at all", right=fields_without("Content-Type")),
    Quirk("only said to be bytes", right=fields_with(Content_Type="application/octet-stream")),
    Quirk("the boundary of a part in its bytes", right=Right(body=MOVIE + b"\r\n--x--\r\n" * 9)),
    *(Quirk(f"{size} bytes", right=of(size)) for size in (1, 2, 3, 4, 9, 20, 500, 66_000)),
)  # fmt: skip


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.id)
def test_what_is_allowed_is_green(quirk: Quirk) -> None:
    with serving(quirk.right, quirk.fault) as server:
        report = check(server.url)
    assert {code: report.came(code) for code in report.failed} == {}
    assert {each.fate for each in report.clients} == {Fate.WORKS}


def open_codes(report: Report) -> set[str]:
    return {each.check.code for each in report.findings if isinstance(each.judgement, NotJudged)}


def test_more_than_is_read_of_a_whole() -> None:
    with serving(Right(body=MOVIE + bytes(3_000_000))) as server:
        report = check(server.url)
    assert report.failed == ()
    assert report.received < 4_000_000


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(no_fault, id="the whole"),
        pytest.param(
            when(lambda asked, said: (asked.range or "").startswith("bytes="), refused(416)),
            id="416",
        ),
        pytest.param(
            lambda asked, said: said.without("Content-Length") if asked.method == "HEAD" else said,
            id="HEAD without a length",
        ),
    ],
)
def test_an_empty_file_is_not_judged(fault: Fault) -> None:
    with serving(of(0), fault) as server:
        report = check(server.url)
    assert report.failed == ()
    assert {"R01", "R02", "R09", "P04"} <= open_codes(report)
    assert {each.fate for each in report.clients} == {Fate.NOT_JUDGED}


@pytest.mark.parametrize("number", [1, 2, 5, 12, 25])
def test_a_server_that_declines_after_a_while_is_not_blamed(number: int) -> None:
    with serving(
        Right(),
        lambda asked, said: (
            Said(503).having("Content-Length", "0") if asked.number >= number else said
        ),
    ) as server:
        report = check(server.url)
    assert report.failed == ()
    assert any("declined" in note for note in report.notes)
    assert report.breaks() is False
    if number < 3:
        assert {each.fate for each in report.clients} == {Fate.NOT_JUDGED}


@pytest.mark.parametrize("number", [1, 2, 5, 12, 20, 28])
def test_content_that_is_replaced_meanwhile_is_noticed(number: int) -> None:
    newer = Right(body=MOVIE[:500] + numbered(98_000), fields={**Right().fields, "ETag": '"v2"'})

    def fault(asked: Asked, said: Said) -> Reply:
        return newer(asked) if asked.number >= number else said

    with serving(Right(), fault) as server:
        report = check(server.url)
    assert {code: report.came(code) for code in report.failed} == {}
    assert any("changed" in note for note in report.notes)


def test_a_cache_that_streams_the_first_time_has_not_changed() -> None:
    with serving(
        Right(), lambda asked, said: chunked(said) if asked.number == 0 else said
    ) as server:
        report = check(server.url)
    assert report.failed == ("B02",)
    assert report.notes == ()


def test_content_that_grows_all_the_time_is_noticed() -> None:
    def fault(asked: Asked, said: Said) -> Reply:
        longer = replace_fields({**Right().fields, "ETag": f'"{asked.number}"'})
        longer.body = MOVIE + bytes(100 * asked.number)
        return longer(asked)

    with serving(Right(), fault) as server:
        report = check(server.url)
    assert {code: report.came(code) for code in report.failed} == {}
    assert any("changed" in note for note in report.notes)
