"""The faults of the zoo: each with the codes that have to be red, and no others."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.utils import formatdate

from check.zoo import FTYP, MOOV, MOVIE, NOW, Asked, Fault, Reply, Right, Said, box, no_fault
from support.content import numbered

from rangeserve.core import Limits


@dataclass(frozen=True)
class Broken:
    """A server with one fault: `id` says which, `codes` are what the check has to find."""

    id: str
    codes: str
    fault: Fault = no_fault
    right: Right = field(default_factory=Right)

    @property
    def expected(self) -> set[str]:
        return set(self.codes.split())


def when(condition: Callable[[Asked, Said], object], change: Callable[[Said], Reply]) -> Fault:
    """Change what is said if the condition holds."""
    return lambda asked, said: change(said) if condition(asked, said) else said


def whole(asked: Asked, said: Said) -> bool:
    """A GET of the identity that is answered in full."""
    return said.status == 200 and asked.method == "GET" and said.get("content-encoding") is None


def part(asked: Asked, said: Said) -> bool:
    return said.status == 206 and said.get("content-range") is not None


def status(number: int) -> Callable[[Asked, Said], bool]:
    return lambda asked, said: said.status == number


def plain(asked: Asked, said: Said) -> bool:
    return whole(asked, said) and asked.range is None


def specs(text: str) -> Callable[[Asked, Said], bool]:
    return lambda asked, said: asked.specs == text


def a_suffix(asked: Asked, said: Said) -> bool:
    return asked.specs.startswith("-")


def open_ended(asked: Asked, said: Said) -> bool:
    return part(asked, said) and asked.specs.endswith("-") and asked.specs != "0-"


def past_end(asked: Asked, said: Said) -> bool:
    last = asked.specs.partition("-")[2]
    return last.isdigit() and int(last) > len(MOVIE)


def in_the_middle(asked: Asked, said: Said) -> bool:
    return asked.specs == "1000-1999"


SENT_BY_SERVER = Right()


def ignored(said: Said) -> Said:
    """The whole in place of a part."""
    return SENT_BY_SERVER(Asked("GET", "/", {}, 0))


def refused(number: int) -> Callable[[Said], Said]:
    return lambda said: Said(number).carrying(b"no")


def other_part(start: int, stop: int) -> Callable[[Said], Said]:
    named = f"bytes {start}-{stop - 1}/{len(MOVIE)}"
    return lambda said: said.carrying(MOVIE[start:stop]).having("Content-Range", named)


def shifted(said: Said) -> Said:
    """The bytes of one place further on, under the right Content-Range."""
    return replace(said, body=said.body[1:] + b"!")


def off_by_one(said: Said) -> Said:
    """A last position that is not included."""
    named = said.get("content-range") or ""
    first, _, rest = named.removeprefix("bytes ").partition("-")
    last, _, total = rest.partition("/")
    return said.having("Content-Range", f"bytes {first}-{int(last) + 1}/{total}")


def named(change: Callable[[str], str]) -> Callable[[Said], Said]:
    return lambda said: said.having("Content-Range", change(said.get("content-range") or ""))


def as_multipart(said: Said) -> Said:
    head = f"--x\r\nContent-Range: {said.get('content-range')}\r\n\r\n".encode()
    body = head + said.body + b"\r\n--x--\r\n"
    typed = said.carrying(body).having("Content-Type", "multipart/byteranges; boundary=x")
    return typed.without("Content-Range")


def two(asked: Asked, said: Said) -> bool:
    return "," in asked.specs


def chunked(said: Said) -> bytes:
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(said.body), said.body)
    return replace(said.without("Content-Length"), body=body).adding(
        "Transfer-Encoding", "chunked"
    ).wire()  # fmt: skip


def folded(said: Said) -> bytes:
    return said.wire().replace(b"\r\nVary:", b"\r\n folded\r\nVary:", 1)


def if_range(asked: Asked, said: Said) -> bool:
    return "if-range" in asked.fields


def without_conditions(*names: str) -> Fault:
    """A server that does not know these fields."""

    def fault(asked: Asked, said: Said) -> Reply:
        kept = {name: value for name, value in asked.fields.items() if name not in names}
        return SENT_BY_SERVER(replace(asked, fields=kept))

    return fault


def no_validators_nor_if_range(asked: Asked, said: Said) -> Reply:
    kept = {name: value for name, value in asked.fields.items() if name != "if-range"}
    return fields_without("ETag", "Last-Modified")(replace(asked, fields=kept))


def compares_weakly(asked: Asked, said: Said) -> Reply:
    """If-Range compared as If-None-Match is."""
    fields = dict(asked.fields)
    if fields.get("if-range", "").startswith("W/"):
        del fields["if-range"]
    return SENT_BY_SERVER(replace(asked, fields=fields))


def date_if_not_newer(asked: Asked, said: Said) -> Reply:
    """If-Range with a date that is only older is taken for the current one."""
    fields = dict(asked.fields)
    if fields.get("if-range", "").endswith("GMT"):
        del fields["if-range"]
    return SENT_BY_SERVER(replace(asked, fields=fields))


def date_beats_tag(asked: Asked, said: Said) -> Reply:
    fields = dict(asked.fields)
    if "if-modified-since" in fields:
        fields.pop("if-none-match", None)
    return SENT_BY_SERVER(replace(asked, fields=fields))


def range_before_preconditions(asked: Asked, said: Said) -> Reply:
    fields = dict(asked.fields)
    if asked.range:
        fields.pop("if-none-match", None)
    return SENT_BY_SERVER(replace(asked, fields=fields))


def never_304_by_date(asked: Asked, said: Said) -> Reply:
    fields = {name: value for name, value in asked.fields.items() if name != "if-modified-since"}
    return SENT_BY_SERVER(replace(asked, fields=fields))


def tags(*values: str) -> Fault:
    """Replicas that have each a tag of their own."""

    def fault(asked: Asked, said: Said) -> Reply:
        tag = values[asked.number % len(values)]
        fields = {**SENT_BY_SERVER.fields, "ETag": tag}
        return replace_fields(fields)(asked)

    return fault


def replace_fields(fields: dict[str, str], **options: object) -> Right:
    return Right(fields=fields, **options)  # type: ignore[arg-type]


def fields_without(*names: str) -> Right:
    kept = {name: value for name, value in SENT_BY_SERVER.fields.items() if name not in names}
    return Right(fields=kept)


def fields_with(**values: str) -> Right:
    named = {name.replace("_", "-"): value for name, value in values.items()}
    return Right(fields={**SENT_BY_SERVER.fields, **named})


def fresh_tag(asked: Asked, said: Said) -> Reply:
    return replace_fields({**SENT_BY_SERVER.fields, "ETag": f'"{asked.number}"'})(asked)


def modified_now(asked: Asked, said: Said) -> Reply:
    date = formatdate(NOW + asked.number, usegmt=True)
    return replace_fields({**SENT_BY_SERVER.fields, "Last-Modified": date})(asked)


def compress(said: Said) -> Said:
    body = gzip.compress(said.body, 1)
    return said.carrying(body).having("Content-Encoding", "gzip")


def codes_parts(asked: Asked, said: Said) -> Reply:
    if said.status == 206 and "gzip" in asked.fields.get("accept-encoding", ""):
        # As a compressor in front does it: the part first, and the Content-Range kept.
        return compress(said)
    return said


CODED = gzip.compress(MOVIE, 1)


def parts_of_the_coded(asked: Asked, said: Said) -> Reply:
    """Compressed first, and then cut: a tag and a length of its own."""
    if "gzip" not in asked.fields.get("accept-encoding", ""):
        return said
    fields = {**SENT_BY_SERVER.fields, "ETag": '"v1-gzip"'}
    cut = Right(body=CODED, fields=fields, codes=False)(asked)
    return cut.having("Content-Encoding", "gzip") if cut.status in (200, 206) else cut


def wrong_parts_of_the_coded(change: Callable[[Said], Said]) -> Fault:
    def fault(asked: Asked, said: Said) -> Reply:
        cut = parts_of_the_coded(asked, said)
        assert isinstance(cut, Said)
        return change(cut) if part(asked, cut) and coded(asked, cut) else cut

    return fault


def coded(asked: Asked, said: Said) -> bool:
    return said.get("content-encoding") is not None


def from_cache(asked: Asked, said: Said) -> Reply:
    """A cache that gives some parts of an older version; the origin says MISS."""
    if said.status != 206:
        return said
    if asked.specs == "0-1":
        return said.having("X-Cache", "HIT").having("Age", "7").having("ETag", '"v0"')
    return said.having("X-Cache", "MISS")


def loses_the_range(asked: Asked, said: Said) -> Reply:
    if asked.path == "/final.mp4":
        return said
    if asked.range:
        return ignored(said)
    return Said(302, (("Location", "/final.mp4"),)).carrying(b"")


LATE_INDEX = FTYP + box(b"mdat", numbered(99_000)) + MOOV

ZOO = (
    Broken("206 to a plain GET", "B01", when(plain, lambda said: replace(said, status=206).having(
        "Content-Range", f"bytes 0-{len(MOVIE) - 1}/{len(MOVIE)}"))),
    Broken("no Content-Length, chunked", "B02", when(whole, chunked)),
    Broken("no Content-Length, until the end", "B02",
           when(whole, lambda said: said.without("Content-Length"))),
    Broken("a body that ends early", "B03",
           when(plain, lambda said: replace(said, body=said.body[:-1]))),
    Broken("a body to HEAD", "B03",
           lambda asked, said: replace(said, body=b"body") if asked.method == "HEAD" else said),
    Broken("a body of a 304", "B03", when(status(304), lambda said: replace(said, body=b"body"))),
    Broken("bytes after a part", "B03",
           when(specs("0-1"), lambda said: replace(said, body=said.body + b"more"))),
    Broken("a folded line", "B03", when(status(206), folded)),
    Broken("two Content-Lengths that differ", "B03",
           when(specs("0-1"), lambda said: said.adding("Content-Length", "1"))),
    Broken("a 416 with the length of the file", "B09", when(
        status(416), lambda said: said.having("Content-Length", str(len(MOVIE))))),
    Broken("two Content-Types", "B04",
           when(part, lambda said: said.adding("Content-Type", "video/mp4"))),
    Broken("two Content-Lengths", "B04",
           when(whole, lambda said: said.adding("content-length", said.get("content-length")))),
    Broken("HEAD is not allowed", "B05",
           lambda asked, said: Said(405).having("Content-Length", "0")
           if asked.method == "HEAD" else said),
    Broken("HEAD has another length", "B05",
           lambda asked, said: said.having("Content-Length", "1")
           if asked.method == "HEAD" else said),
    Broken("HEAD has no length", "B05",
           lambda asked, said: said.without("Content-Length") if asked.method == "HEAD" else said),
    Broken("HEAD has another ETag", "B05",
           lambda asked, said: said.having("ETag", '"h"') if asked.method == "HEAD" else said),
    Broken("HEAD has another type", "B08",
           lambda asked, said: said.having("Content-Type", "text/plain")
           if asked.method == "HEAD" else said),
    Broken("no Accept-Ranges", "B06",
           lambda asked, said: said.without("Accept-Ranges")),
    Broken("Accept-Ranges: none", "B06",
           lambda asked, said: said.having("Accept-Ranges", "none")),
    Broken("Content-Range of a 200", "B07", when(whole, lambda said: said.having(
        "Content-Range", f"bytes 0-{len(MOVIE) - 1}/{len(MOVIE)}"))),
    Broken("no ranges", "R01", lambda asked, said: without_conditions("range")(
        asked, said).without("Accept-Ranges")),  # type: ignore[union-attr]
    Broken("no ranges, but advertised", "R01 B06", without_conditions("range")),
    Broken("a stream without a length", "B02 R01", lambda asked, said: without_conditions("range")(
        asked, said).without("Accept-Ranges", "Content-Length")),  # type: ignore[union-attr]
    Broken("403 to each range", "R01 B06",
           lambda asked, said: refused(403)(said) if asked.range else said),
    Broken("0-1 is ignored", "R02", when(specs("0-1"), ignored)),
    Broken("0- is ignored", "R03", when(specs("0-"), ignored)),
    Broken("a closed range is ignored", "R04", when(
        lambda asked, said: in_the_middle(asked, said) and not set(asked.fields) & {
            "if-range", "if-none-match", "if-match"}
        and asked.fields["accept-encoding"] == "identity", ignored)),
    Broken("N- is refused", "R05", when(open_ended, refused(416))),
    Broken("a suffix is ignored", "R06", when(a_suffix, ignored)),
    Broken("a suffix is a prefix", "R06", when(a_suffix, other_part(0, 501))),
    Broken("a suffix is an error", "R06", when(a_suffix, refused(500))),
    Broken("past the end is a 416", "R07", when(past_end, refused(416))),
    Broken("past the end is the whole", "R07", when(past_end, ignored)),
    Broken("a mebibyte at a time", "R08", right=Right(limits=Limits(max_partial_size=10_000))),
    Broken("behind the end is the whole", "R09", when(status(416), ignored)),
    Broken("behind the end is a part of nothing", "R09",
           when(status(416), lambda said: replace(said, status=206))),
    Broken("behind the end is a 500", "R09", when(status(416), refused(500))),
    Broken("416 without a length", "R10",
           when(status(416), lambda said: said.without("Content-Range"))),
    Broken("416 with another length", "R10",
           when(status(416), lambda said: said.having("Content-Range", "bytes */7"))),
    Broken("malformed is a 500", "R11", when(specs("9-0"), refused(500))),
    Broken("malformed closes the connection", "R11", when(specs("9-0"), lambda said: None)),
    Broken("malformed is a part", "R11", when(specs("9-0"), lambda said: other_part(0, 10)(
        replace(said, status=206)))),
    Broken("any unit is bytes", "R12", when(specs("items=0-1"), lambda said: other_part(0, 2)(
        replace(said, status=206)))),
    Broken("another unit is a 416", "R12", when(specs("items=0-1"), refused(416))),
    Broken("no Content-Range", "P01", when(part, lambda said: said.without("Content-Range"))),
    Broken("Content-Range without its unit", "P01",
           when(part, named(lambda value: value.removeprefix("bytes ")))),
    Broken("Content-Range with =", "P01", when(part, named(lambda v: v.replace(" ", "=")))),
    Broken("a last position that is not included", "P02", when(part, off_by_one)),
    Broken("the length of the part as the total", "P03", when(
        lambda asked, said: part(asked, said) and asked.specs == "0-",
        named(lambda value: value.partition("/")[0] + f"/{len(MOVIE) + 1}"))),
    Broken("an unknown total", "P03",
           when(part, named(lambda value: value.partition("/")[0] + "/*"))),
    Broken("bytes of one place further on", "P04", when(
        lambda asked, said: part(asked, said) and asked.range and not if_range(asked, said),
        shifted)),
    Broken("zeros in place of the tail", "P04", when(
        open_ended, lambda said: replace(said, body=bytes(len(said.body))))),
    Broken("a multipart of one", "P05", when(part, as_multipart)),
    Broken("the first of two ranges", "P06", when(two, other_part(0, 10))),
    Broken("two ranges are a 500", "P06", when(two, refused(500))),
    Broken("a multipart without its end", "P06",
           when(two, lambda said: said.carrying(said.body.rpartition(b"\r\n--")[0]))),
    Broken("a multipart without Content-Range", "P06", when(
        two, lambda said: said.carrying(said.body.replace(b"Content-Range", b"Content-Rang")))),
    Broken("a multipart with other bytes", "P06",
           when(two, lambda said: said.carrying(said.body.replace(b"ftyp", b"FTYP")))),
    Broken("a multipart without a boundary", "P06",
           when(two, lambda said: said.having("Content-Type", "multipart/byteranges"))),
    Broken("206 without Cache-Control", "P07",
           when(status(206), lambda said: said.without("Cache-Control"))),
    Broken("206 without Vary", "P07", when(status(206), lambda said: said.without("Vary"))),
    Broken("206 with another type", "P07",
           when(part, lambda said: said.having("Content-Type", "application/octet-stream"))),
    Broken("no validators", "V01", right=fields_without("ETag", "Last-Modified")),
    Broken("no validators, and no If-Range", "V01", no_validators_nor_if_range),
    Broken("an ETag without quotes", "V02", right=fields_with(ETag="v1")),
    Broken("a weak ETag", "V03", right=fields_with(ETag='W/"v1"')),
    Broken("two replicas", "V04", tags('"a"', '"b"')),
    Broken("three replicas", "V04", tags('"a"', '"b"', '"c"')),
    Broken("a tag for each answer", "V04", fresh_tag),
    Broken("another tag of parts", "V05", when(status(206), lambda s: s.having("ETag", '"p"'))),
    Broken("no tag of parts", "V05", when(status(206), lambda said: said.without("ETag"))),
    Broken("another tag of 304", "V05", when(status(304), lambda s: s.having("ETag", '"n"'))),
    Broken("Last-Modified is now", "V06", modified_now),
    Broken("Last-Modified in the future", "V06",
           right=fields_with(Last_Modified=formatdate(NOW + 10**7, usegmt=True))),
    Broken("Last-Modified is no date", "V06", right=fields_with(Last_Modified="yesterday")),
    Broken("If-Range never holds", "C01 C02", when(if_range, ignored)),
    Broken("If-Range knows no dates", "C02", when(
        lambda asked, said: asked.fields.get("if-range", "").endswith("GMT"), ignored)),
    Broken("If-Range is ignored", "C03", without_conditions("if-range")),
    Broken("If-Range with an older date holds", "C04", date_if_not_newer),
    Broken("If-Range is compared weakly", "C05", compares_weakly),
    Broken("If-None-Match is ignored", "C06", without_conditions("if-none-match")),
    Broken("If-Modified-Since is ignored", "C07", never_304_by_date),
    Broken("the date beats the tag", "C08", date_beats_tag),
    Broken("Range beats If-None-Match", "C09", range_before_preconditions),
    Broken("If-Match is ignored", "C10", without_conditions("if-match")),
    Broken("coded for everybody", "E01", when(whole, compress)),
    Broken("a coded part", "E02", codes_parts),
    Broken("a coded part with the tag of the identity", "E02",
           wrong_parts_of_the_coded(lambda said: said.having("ETag", '"v1"'))),
    Broken("a coded part of the identity's length", "E02", wrong_parts_of_the_coded(
        named(lambda value: value.partition("/")[0] + f"/{len(MOVIE)}"))),
    Broken("a coded part with other bytes", "E02", wrong_parts_of_the_coded(shifted)),
    Broken("a coded part without Content-Range", "E02", wrong_parts_of_the_coded(
        lambda said: said.without("Content-Range"))),
    Broken("a part of the coded body", "E05", parts_of_the_coded),
    Broken("one tag for two codings", "E03", when(coded, lambda s: s.having("ETag", '"v1"'))),
    Broken("no Vary", "E04", when(coded, lambda said: said.having("Vary", "Origin"))),
    Broken("the preflight is not known", "X01", when(status(204), refused(405))),
    Broken("the preflight allows no Range", "X01", when(
        status(204), lambda said: said.having("Access-Control-Allow-Headers", "Content-Type"))),
    Broken("the preflight allows no If-Range", "X06", when(
        status(204), lambda said: said.having("Access-Control-Allow-Headers", "Range"))),
    Broken("nothing is exposed", "X02",
           lambda asked, said: said.without("Access-Control-Expose-Headers")),
    Broken("304 without CORS", "X03",
           when(status(304), lambda said: said.without("Access-Control-Allow-Origin"))),
    Broken("416 without CORS", "X04",
           when(status(416), lambda said: said.without("Access-Control-Allow-Origin"))),
    Broken("206 without CORS", "X05", lambda asked, said: said.having(
        "Access-Control-Allow-Origin", "*") if said.status == 200 else said.without(
        "Access-Control-Allow-Origin")),
    Broken("a redirect that loses the range", "T01", loses_the_range),
    Broken("no-store", "T02", right=fields_with(Cache_Control="no-store")),
    Broken("a cache of an older version", "T03", from_cache),
    Broken("a film as text", "M01", right=fields_with(Content_Type="text/plain")),
    Broken("the index at the end", "M02", right=Right(body=LATE_INDEX)),
)  # fmt: skip
