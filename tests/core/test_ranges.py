"""The Range grammar (RFC 9110 14.1.1, 14.2) and what it selects (14.1.2)."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Range

from rangeserve.core import Limits
from rangeserve.core.ranges import (
    ByteRange,
    coalesce,
    format_range,
    parse_range,
    range_unit,
    resolve,
)

BEYOND = 10**20  # where the value of a position is cut

VALID = [
    pytest.param("bytes=0-499", [(0, 500)], id="int-range"),
    pytest.param("bytes=0-0", [(0, 1)], id="one byte"),
    pytest.param("bytes=5-5", [(5, 6)], id="last equals first"),
    pytest.param("bytes=9500-", [(9500, None)], id="open"),
    pytest.param("bytes=0-", [(0, None)], id="open from zero"),
    pytest.param("bytes=-500", [(-500, None)], id="suffix"),
    pytest.param("bytes=007-010", [(7, 11)], id="leading zeros"),
    pytest.param("bytes=-007", [(-7, None)], id="suffix with leading zeros"),
    pytest.param("bytes=" + "0" * 500 + "1-2", [(1, 3)], id="500 leading zeros"),
    pytest.param("Bytes=0-4", [(0, 5)], id="unit in another case"),
    pytest.param("BYTES=0-4", [(0, 5)], id="unit in capitals"),
    pytest.param("bytes=0-4,9-9", [(0, 5), (9, 10)], id="two"),
    pytest.param("bytes=20-29,0-9", [(20, 30), (0, 10)], id="order is kept"),
    pytest.param("bytes=0-9,0-9", [(0, 10), (0, 10)], id="duplicates are kept"),
    pytest.param("bytes=-5,0-9", [(-5, None), (0, 10)], id="suffix first"),
    pytest.param("bytes=500-700,601-999", [(500, 701), (601, 1000)], id="overlapping"),
    pytest.param("bytes= 0-4", [(0, 5)], id="OWS before the first element"),
    pytest.param("bytes=0-4 ", [(0, 5)], id="OWS at the end"),
    pytest.param(" \tbytes=0-4\t", [(0, 5)], id="OWS round the value"),
    pytest.param("bytes=0-4 ,\t9-9", [(0, 5), (9, 10)], id="OWS round a comma"),
    pytest.param("bytes=,0-4", [(0, 5)], id="empty element first"),
    pytest.param("bytes=0-4,", [(0, 5)], id="empty element last"),
    pytest.param("bytes=0-4, ,\t,9-9,,", [(0, 5), (9, 10)], id="empty elements between"),
    pytest.param("bytes=-0", [], id="-0 selects nothing"),
    pytest.param("bytes=-000", [], id="-000 selects nothing"),
    pytest.param("bytes=-0,-0", [], id="two -0 select nothing"),
    pytest.param("bytes=-0,3-4", [(3, 5)], id="-0 is left out"),
    pytest.param("bytes=0-9223372036854775807", [(0, 2**63)], id="2^63-1"),
    pytest.param("bytes=9223372036854775808-", [(2**63, None)], id="2^63"),
    pytest.param("bytes=18446744073709551616-", [(2**64, None)], id="2^64"),
    pytest.param("bytes=-18446744073709551616", [(-(2**64), None)], id="suffix of 2^64"),
    pytest.param("bytes=99999999999999999999-", [(10**20 - 1, None)], id="20 digits are exact"),
    pytest.param("bytes=100000000000000000000-", [(BEYOND, None)], id="21 digits are cut"),
    pytest.param("bytes=0-" + "9" * 4301, [(0, BEYOND + 1)], id="last of 4301 digits"),
    pytest.param("bytes=" + "9" * 4301 + "-", [(BEYOND, None)], id="first of 4301 digits"),
    pytest.param("bytes=-" + "9" * 4301, [(-BEYOND, None)], id="suffix of 4301 digits"),
    pytest.param(
        "bytes=" + "8" * 30 + "-" + "9" * 30, [(BEYOND, BEYOND + 1)], id="both cut, in order"
    ),
]

MALFORMED = [
    pytest.param("", id="empty"),
    pytest.param("bytes", id="only a unit"),
    pytest.param("bytes=", id="no set"),
    pytest.param("bytes= \t ", id="a set of whitespace"),
    pytest.param("bytes=,", id="only empty elements"),
    pytest.param("bytes=, ,\t,", id="only empty elements and OWS"),
    pytest.param("=0-4", id="no unit"),
    pytest.param("0-4", id="no unit and no equals sign"),
    pytest.param("bytes 0-4", id="space instead of the equals sign"),
    pytest.param("bytes =0-4", id="space before the equals sign"),
    pytest.param("bytes:0-4", id="colon"),
    pytest.param("bytes==0-4", id="two equals signs"),
    pytest.param("bytes=5", id="no dash"),
    pytest.param("bytes=-", id="only a dash"),
    pytest.param("bytes=--5", id="two dashes"),
    pytest.param("bytes=-5-", id="suffix and dash"),
    pytest.param("bytes=0-4-9", id="three positions"),
    pytest.param("bytes=0--4", id="negative last"),
    pytest.param("bytes=9-5", id="last before first"),
    pytest.param("bytes=1-0", id="last before first by one"),
    pytest.param("bytes=10-9", id="last before first, fewer digits"),
    pytest.param("bytes=" + "9" * 30 + "-" + "8" * 30, id="last before first, both cut"),
    pytest.param("bytes=" + "9" * 31 + "-" + "9" * 30, id="last before first, shorter, cut"),
    pytest.param("bytes=0-4,x", id="one bad element"),
    pytest.param("bytes=x,0-4", id="one bad element, first"),
    pytest.param("bytes=0-4,9-5", id="one reversed element"),
    pytest.param("bytes=99999-,5-2", id="unsatisfiable and reversed"),
    pytest.param("bytes=0 -4", id="space before the dash"),
    pytest.param("bytes=0- 4", id="space after the dash"),
    pytest.param("bytes=- 5", id="space in a suffix"),
    pytest.param("bytes=0-4 5-6", id="space for a comma"),
    pytest.param("bytes=0-4;5-6", id="semicolon"),
    pytest.param("bytes=+0-4", id="plus"),
    pytest.param("bytes=0-+4", id="plus in last"),
    pytest.param("bytes=-+5", id="plus in a suffix"),
    pytest.param("bytes=1_0-2_0", id="underscores"),
    pytest.param("bytes=0x0-0x4", id="hexadecimal"),
    pytest.param("bytes=0.0-4.0", id="fractions"),
    pytest.param("bytes=1e1-", id="exponent"),
    pytest.param("bytes=\xb2-\xb3", id="superscript digits"),
    pytest.param("bytes=\u0663-\u0664", id="Arabic digits"),
    pytest.param("bytes=\uff10-\uff14", id="fullwidth digits"),
    pytest.param("bytes=0-4\n", id="line feed at the end"),
    pytest.param("bytes=0-4\r\n", id="CR LF at the end"),
    pytest.param("bytes=\x0b0-4", id="vertical tab"),
    pytest.param("bytes=0-4\x0c", id="form feed"),
    pytest.param("bytes=\xa00-4", id="no-break space"),
    pytest.param("bytes=\x850-4", id="next line"),
    pytest.param("bytes=0-4\x00", id="NUL"),
    pytest.param('"bytes=0-4"', id="quoted"),
    pytest.param('bytes="0-4"', id="quoted set"),
    pytest.param("bytes=0-4/10", id="with a complete length"),
    pytest.param("bytes=*", id="star"),
    pytest.param("by tes=0-4", id="unit with a space"),
    pytest.param("b\xfftes=0-4", id="unit with obs-text"),
]

UNITS = [
    pytest.param("items=0-4", "items", id="items"),
    pytest.param("Seconds=1-2", "seconds", id="lower-cased"),
    pytest.param("none=0-4", "none", id="none"),
    pytest.param("bytes2=0-4", "bytes2", id="prefix"),
    pytest.param("x!#$%&'*+-.^_`|~9=junk ,;", "x!#$%&'*+-.^_`|~9", id="every tchar"),
    pytest.param("bytes=junk", "bytes", id="a malformed set of bytes"),
    pytest.param("junk", None, id="no unit"),
    pytest.param("=0-4", None, id="empty unit"),
    pytest.param("", None, id="empty"),
]

RESOLVED = [
    pytest.param("bytes=0-4", 10, [(0, 5)], id="inside"),
    pytest.param("bytes=0-9", 10, [(0, 10)], id="all of it"),
    pytest.param("bytes=0-10", 10, [(0, 10)], id="last is clamped"),
    pytest.param("bytes=9-9", 10, [(9, 10)], id="last byte"),
    pytest.param("bytes=10-10", 10, [], id="first at the end"),
    pytest.param("bytes=10-", 10, [], id="open at the end"),
    pytest.param("bytes=9-", 10, [(9, 10)], id="open at the last byte"),
    pytest.param("bytes=-1", 10, [(9, 10)], id="suffix of one"),
    pytest.param("bytes=-10", 10, [(0, 10)], id="suffix of all"),
    pytest.param("bytes=-11", 10, [(0, 10)], id="suffix longer"),
    pytest.param("bytes=-" + "9" * 30, 10, [(0, 10)], id="suffix much longer"),
    pytest.param("bytes=-0", 10, [], id="-0"),
    pytest.param("bytes=0-4,20-,8-9", 10, [(0, 5), (8, 10)], id="the unsatisfiable is dropped"),
    pytest.param("bytes=8-9,0-4", 10, [(8, 10), (0, 5)], id="order asked"),
    pytest.param("bytes=" + "9" * 25 + "-", 2**63, [], id="cut lies past any file"),
    pytest.param("bytes=5-" + "9" * 25, 2**63, [(5, 2**63)], id="cut last is clamped"),
    pytest.param("bytes=0-", 0, [], id="open of nothing"),
    pytest.param("bytes=-5", 0, [], id="suffix of nothing"),
]

COALESCED = [
    pytest.param([], [], id="none"),
    pytest.param([(0, 5)], [(0, 5)], id="one"),
    pytest.param([(0, 5), (9, 10)], [(0, 5), (9, 10)], id="apart"),
    pytest.param([(9, 10), (0, 5)], [(9, 10), (0, 5)], id="apart, order kept"),
    pytest.param([(0, 5), (6, 9)], [(0, 5), (6, 9)], id="a gap of one byte stays"),
    pytest.param([(0, 5), (5, 9)], [(0, 9)], id="touching"),
    pytest.param([(5, 9), (0, 5)], [(0, 9)], id="touching, descending"),
    pytest.param([(0, 5), (3, 9)], [(0, 9)], id="overlapping"),
    pytest.param([(0, 9), (3, 5)], [(0, 9)], id="inside"),
    pytest.param([(3, 5), (0, 9)], [(0, 9)], id="outside"),
    pytest.param([(0, 5), (0, 5)], [(0, 5)], id="the same"),
    pytest.param([(20, 30), (0, 5), (4, 9)], [(20, 30), (0, 9)], id="second and third"),
    pytest.param([(4, 9), (20, 30), (0, 5)], [(0, 9), (20, 30)], id="into the place of the first"),
    pytest.param([(20, 30), (4, 9), (40, 50), (0, 5)], [(20, 30), (0, 9), (40, 50)], id="middle"),
    pytest.param([(0, 1), (4, 5), (1, 4)], [(0, 5)], id="a bridge"),
    pytest.param([(40, 50), (0, 1), (4, 5), (1, 4)], [(40, 50), (0, 5)], id="a bridge in place"),
]


@pytest.mark.parametrize(("field", "ranges"), VALID)
def test_valid_fields(field: str, ranges: list[tuple[int, int | None]]) -> None:
    parsed = parse_range(field)
    assert parsed is not None
    assert isinstance(parsed, Range)
    assert parsed.units == "bytes"
    assert parsed.ranges == ranges


@pytest.mark.parametrize("field", MALFORMED)
def test_malformed_fields_are_none(field: str) -> None:
    assert parse_range(field) is None


@pytest.mark.parametrize(("field", "unit"), UNITS)
def test_units(field: str, unit: str | None) -> None:
    assert range_unit(field) == unit
    assert parse_range(field) is None


@pytest.mark.parametrize(("field", "length", "ranges"), RESOLVED)
def test_resolving(field: str, length: int, ranges: list[tuple[int, int]]) -> None:
    parsed = parse_range(field)
    assert parsed is not None
    assert list(resolve(parsed, length)) == ranges


@pytest.mark.parametrize(("ranges", "merged"), COALESCED)
def test_coalescing(ranges: list[tuple[int, int]], merged: list[tuple[int, int]]) -> None:
    assert list(coalesce([ByteRange(*pair) for pair in ranges])) == merged


def test_a_byte_range_knows_its_length() -> None:
    assert ByteRange(10, 25).length == 15


def test_formatting_no_ranges_stays_valid() -> None:
    assert format_range(Range("bytes", [])) == "bytes=-0"


def test_two_million_digits_are_never_given_to_int() -> None:
    """`int` refuses more than 4,300 digits, or takes minutes for them."""
    digits = "9" * 2_000_000
    for field in (f"bytes=0-{digits}", f"bytes={digits}-", f"bytes=-{digits}"):
        assert parse_range(field) is not None


# Laws

octets = st.text(st.characters(max_codepoint=255), max_size=60)
grammarish = st.text(st.sampled_from("bytes=0123456789-, \t;+_*\x00\xff"), max_size=60)
texts = st.one_of(octets, grammarish, grammarish.map("bytes={}".format), st.text(max_size=60))

positions = st.integers(0, 10**19)
pairs = st.one_of(
    st.tuples(positions, st.none()),
    st.tuples(positions, st.integers(1, 10**19)).map(lambda p: (p[0], p[0] + p[1])),
    st.integers(1, 10**19).map(lambda n: (-n, None)),
)
byte_ranges = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda p: ByteRange(p[0], sum(p))),
    max_size=12,
)


@given(texts)
def test_parsing_never_raises(field: str) -> None:
    parsed = parse_range(field)
    assert parsed is None or parsed.units == "bytes"
    assert range_unit(field) is None or parsed is None or range_unit(field) == "bytes"
    Limits().admit(field)


@given(st.lists(pairs, max_size=8))
def test_formatting_then_parsing_is_identity(ranges: list[tuple[int, int | None]]) -> None:
    parsed = parse_range(format_range(Range("bytes", ranges)))
    assert parsed is not None
    assert parsed.ranges == ranges


@given(texts, st.integers(0, 50))
def test_what_is_resolved_is_satisfiable(field: str, length: int) -> None:
    parsed = parse_range(field)
    for start, stop in resolve(parsed, length) if parsed is not None else ():
        assert 0 <= start < stop <= length


@given(byte_ranges)
def test_coalescing_keeps_every_byte_and_no_other(ranges: list[ByteRange]) -> None:
    merged = coalesce(ranges)
    assert _bytes_of(merged) == _bytes_of(ranges)


@given(byte_ranges)
def test_what_is_coalesced_neither_overlaps_nor_touches(ranges: list[ByteRange]) -> None:
    ascending = sorted(coalesce(ranges))
    assert all(one.stop < other.start for one, other in pairwise(ascending))


@given(byte_ranges)
def test_coalescing_keeps_the_order_of_the_first(ranges: list[ByteRange]) -> None:
    merged = coalesce(ranges)
    firsts = [
        min(place for place, r in enumerate(ranges) if part.start <= r.start < part.stop)
        for part in merged
    ]
    assert firsts == sorted(firsts)


@given(byte_ranges)
def test_coalescing_twice_changes_nothing(ranges: list[ByteRange]) -> None:
    assert coalesce(coalesce(ranges)) == coalesce(ranges)


def _bytes_of(ranges: list[ByteRange] | tuple[ByteRange, ...]) -> set[int]:
    return {position for start, stop in ranges for position in range(start, stop)}
