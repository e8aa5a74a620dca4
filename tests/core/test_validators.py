"""Entity-tags (RFC 9110 8.8.3) and HTTP-dates (5.6.7)."""

from __future__ import annotations

from calendar import timegm
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rangeserve.core.validators import (
    EntityTag,
    format_http_date,
    lists_tag,
    parse_entity_tag,
    parse_entity_tags,
    parse_http_date,
    strong_match,
    weak_match,
)

NOW = float(timegm((2026, 11, 22, 12, 0, 0)))
LM = timegm((2015, 10, 21, 7, 28, 0))

TAGS = [
    pytest.param('"a"', EntityTag("a"), id="strong"),
    pytest.param('W/"a"', EntityTag("a", weak=True), id="weak"),
    pytest.param('""', EntityTag(""), id="empty"),
    pytest.param('W/""', EntityTag("", weak=True), id="empty and weak"),
    pytest.param('"a,b"', EntityTag("a,b"), id="comma"),
    pytest.param('"W/"', EntityTag("W/"), id="W/ inside"),
    pytest.param('"caf\xe9"', EntityTag("caf\xe9"), id="obs-text"),
    pytest.param('"\x80\xff"', EntityTag("\x80\xff"), id="ends of obs-text"),
    pytest.param('"!#~\x23\x7e"', EntityTag("!#~#~"), id="ends of etagc"),
    pytest.param('"\\"', EntityTag("\\"), id="a backslash escapes nothing"),
]

NOT_TAGS = [
    pytest.param("", id="empty value"),
    pytest.param("a", id="no quotes"),
    pytest.param('"a', id="no closing quote"),
    pytest.param('a"', id="no opening quote"),
    pytest.param('"', id="one quote"),
    pytest.param('w/"a"', id="lower-case w"),
    pytest.param('W/ "a"', id="space after W/"),
    pytest.param('W/a"', id="W/ and no opening quote"),
    pytest.param('W"a"', id="no slash"),
    pytest.param('"a b"', id="space inside"),
    pytest.param('"a\tb"', id="tab inside"),
    pytest.param('"a\x7fb"', id="DEL inside"),
    pytest.param('"a\x00"', id="NUL inside"),
    pytest.param('"a"b"', id="quote inside"),
    pytest.param('"a\\"b"', id="escaped quote"),
    pytest.param(' "a"', id="space before"),
    pytest.param('"a" ', id="space after"),
    pytest.param('"a"\n', id="line feed after"),
    pytest.param("'a'", id="single quotes"),
    pytest.param("*", id="star"),
    pytest.param('"\u0100"', id="more than an octet"),
]

LISTS = [
    pytest.param('"a"', [("a", False)], id="one"),
    pytest.param('"a","b"', [("a", False), ("b", False)], id="two"),
    pytest.param('"a", W/"b"', [("a", False), ("b", True)], id="strong and weak"),
    pytest.param('"a"\t,\t"b"', [("a", False), ("b", False)], id="tabs"),
    pytest.param('"a,b", "c"', [("a,b", False), ("c", False)], id="comma inside a tag"),
    pytest.param('"a, "', None, id="space inside a tag"),
    pytest.param('", "', None, id="a tag that is a comma and a space"),
    pytest.param(',,"a",, "b",', [("a", False), ("b", False)], id="empty elements"),
    pytest.param(",", [], id="only a comma"),
    pytest.param("", [], id="nothing"),
    pytest.param(" \t", [], id="only whitespace"),
    pytest.param('"a" "b"', None, id="no comma between"),
    pytest.param('"a""b"', None, id="nothing between"),
    pytest.param('"a"\t"b"', None, id="tab for a comma"),
    pytest.param('"a", b', None, id="one bad, last"),
    pytest.param('b, "a"', None, id="one bad, first"),
    pytest.param('"a", *', None, id="star in a list"),
    pytest.param('"a", "b', None, id="not closed"),
    pytest.param('"a";"b"', None, id="semicolon"),
    pytest.param('"a",\n"b"', None, id="line feed between"),
    pytest.param('"a",\x0b"b"', None, id="vertical tab between"),
    pytest.param('"a",\xa0"b"', None, id="no-break space between"),
    pytest.param('"a", w/"b"', None, id="lower-case w"),
]

A, B, WA, WB = (
    EntityTag("a"),
    EntityTag("b"),
    EntityTag("a", weak=True),
    EntityTag("b", weak=True),
)

# RFC 9110 8.8.3.2, the example table, and its mirror
COMPARISONS = [
    pytest.param(WA, WA, False, True, id="W/a W/a"),
    pytest.param(WA, WB, False, False, id="W/a W/b"),
    pytest.param(WA, A, False, True, id="W/a a"),
    pytest.param(A, WA, False, True, id="a W/a"),
    pytest.param(A, A, True, True, id="a a"),
    pytest.param(A, B, False, False, id="a b"),
    pytest.param(A, EntityTag("A"), False, False, id="case matters"),
]

DATES = [
    pytest.param("Wed, 21 Oct 2015 07:28:00 GMT", LM, id="IMF-fixdate"),
    pytest.param("Wednesday, 21-Oct-15 07:28:00 GMT", LM, id="RFC 850"),
    pytest.param("Wed Oct 21 07:28:00 2015", LM, id="asctime"),
    pytest.param("Sun Nov  6 08:49:37 1994", timegm((1994, 11, 6, 8, 49, 37)), id="asctime, day 6"),
    pytest.param("Thu, 01 Jan 1970 00:00:00 GMT", 0, id="epoch"),
    pytest.param("Wed, 31 Dec 1969 23:59:59 GMT", -1, id="before the epoch"),
    pytest.param("Fri, 31 Dec 9999 23:59:59 GMT", 253402300799, id="year 9999"),
    pytest.param("Mon, 01 Jan 0001 00:00:00 GMT", -62135596800, id="year 1"),
    pytest.param("Sat, 01 Jan 0000 00:00:00 GMT", -62167219200, id="year 0000"),
    pytest.param("Tue, 29 Feb 0000 00:00:00 GMT", -62162121600, id="0000 was a leap year"),
    pytest.param("Sat, 29 Feb 2020 00:00:00 GMT", 1582934400, id="leap day"),
    pytest.param("Sat, 31 Dec 2016 23:59:60 GMT", timegm((2017, 1, 1, 0, 0, 0)), id="leap second"),
    pytest.param("Mon, 21 Oct 2015 07:28:00 GMT", LM, id="wrong day name: grammar only"),
    # RFC 9110 5.6.7: more than 50 years ahead is in the past. Now is 2026-11-22 12:00:00.
    pytest.param(
        "Sunday, 22-Nov-76 12:00:00 GMT", timegm((2076, 11, 22, 12, 0, 0)), id="50 years ahead"
    ),
    pytest.param(
        "Sunday, 22-Nov-76 12:00:01 GMT", timegm((1976, 11, 22, 12, 0, 1)), id="50 years and 1 s"
    ),
    pytest.param(
        "Sunday, 31-Dec-76 00:00:00 GMT",
        timegm((1976, 12, 31, 0, 0, 0)),
        id="later in the 50th year",
    ),
    pytest.param(
        "Sunday, 01-Jan-77 00:00:00 GMT", timegm((1977, 1, 1, 0, 0, 0)), id="51st year ahead"
    ),
    pytest.param("Saturday, 01-Jan-00 00:00:00 GMT", 946684800, id="two-digit 00"),
    pytest.param("Friday, 01-Jan-99 00:00:00 GMT", 915148800, id="two-digit 99"),
]

NOT_DATES = [
    pytest.param("", id="empty"),
    pytest.param("0", id="zero"),
    pytest.param("1445412480", id="seconds"),
    pytest.param("2015-10-21T07:28:00Z", id="ISO 8601"),
    pytest.param("Wed, 21 Oct 2015 07:28:00 gmt", id="lower-case GMT"),
    pytest.param("wed, 21 oct 2015 07:28:00 GMT", id="lower-case names"),
    pytest.param("Wed, 21 Oct 2015 07:28:00 UTC", id="UTC"),
    pytest.param("Wed, 21 Oct 2015 07:28:00 EST", id="a zone by name"),
    pytest.param("Wed, 21 Oct 2015 07:28:00 +0000", id="a zone by offset"),
    pytest.param("Wed, 21 Oct 2015 07:28:00 -0500", id="another offset"),
    pytest.param("Wed, 21 Oct 2015 07:28:00", id="no zone"),
    pytest.param("21 Oct 2015 07:28:00 GMT", id="no day name"),
    pytest.param("Wed 21 Oct 2015 07:28:00 GMT", id="no comma"),
    pytest.param("Wed, 1 Oct 2015 07:28:00 GMT", id="one-digit day"),
    pytest.param("Wed, 21 Oct 15 07:28:00 GMT", id="two-digit year in IMF-fixdate"),
    pytest.param("Wed, 21-Oct-15 07:28:00 GMT", id="short day name in RFC 850"),
    pytest.param("Wednesday, 21-Oct-2015 07:28:00 GMT", id="four-digit year in RFC 850"),
    pytest.param("Wed Oct 21 07:28:00 2015 GMT", id="asctime with a zone"),
    pytest.param("Wed Oct 1 07:28:00 2015", id="asctime day without padding"),
    pytest.param("Wed, 00 Oct 2015 07:28:00 GMT", id="day 0"),
    pytest.param("Wed, 32 Oct 2015 07:28:00 GMT", id="day 32"),
    pytest.param("Mon, 31 Nov 2015 07:28:00 GMT", id="31 November"),
    pytest.param("Sun, 29 Feb 2015 07:28:00 GMT", id="29 February"),
    pytest.param("Thu, 29 Feb 1900 07:28:00 GMT", id="1900 was no leap year"),
    pytest.param("Wed, 21 Foo 2015 07:28:00 GMT", id="no such month"),
    pytest.param("Wed, 21 Oct 2015 24:00:00 GMT", id="hour 24"),
    pytest.param("Wed, 21 Oct 2015 07:60:00 GMT", id="minute 60"),
    pytest.param("Wed, 21 Oct 2015 07:28:61 GMT", id="second 61"),
    pytest.param("Wed, 21 Oct 2015 07:28:80 GMT", id="second 80"),
    pytest.param("Wed, 21 Oct 10000 07:28:00 GMT", id="five-digit year"),
    pytest.param("Wed, 21 Oct 99999999999999999999 07:28:00 GMT", id="a year that overflows"),
    pytest.param("Wed,  21 Oct 2015 07:28:00 GMT", id="two spaces"),
    pytest.param(" Wed, 21 Oct 2015 07:28:00 GMT", id="space before"),
    pytest.param("Wed, 21 Oct 2015 07:28:00 GMT ", id="space after"),
    pytest.param("Wed, 21 Oct 2015 07:28:00 GMT\n", id="line feed after"),
    pytest.param("Wed, \u0662\u0661 Oct 2015 07:28:00 GMT", id="Arabic digits"),
    pytest.param("Wed, 21 Oct 2015 7:28:00 GMT", id="one-digit hour"),
    pytest.param("Wed, 21 Oct 2015 07:28 GMT", id="no seconds"),
    pytest.param("Wed, 21 Oct 2015 07:28:00 GMT; length=5", id="old length parameter"),
    pytest.param(
        "Wed, 21 Oct 2015 07:28:00 GMT, Wed, 21 Oct 2015 07:28:00 GMT", id="more than one member"
    ),
    pytest.param("Wed, 21 Oct 2015 07:28:00 GMT" * 1000, id="long"),
]


@pytest.mark.parametrize(("value", "tag"), TAGS)
def test_entity_tags(value: str, tag: EntityTag) -> None:
    assert parse_entity_tag(value) == tag
    assert str(tag) == value


@pytest.mark.parametrize("value", NOT_TAGS)
def test_what_is_no_entity_tag(value: str) -> None:
    assert parse_entity_tag(value) is None


@pytest.mark.parametrize(("value", "tags"), LISTS)
def test_lists_of_entity_tags(value: str, tags: list[tuple[str, bool]] | None) -> None:
    parsed = parse_entity_tags(value)
    assert (list(parsed) if parsed is not None else None) == tags


@pytest.mark.parametrize(("one", "other", "strong", "weak"), COMPARISONS)
def test_comparisons(one: EntityTag, other: EntityTag, strong: bool, weak: bool) -> None:
    assert strong_match(one, other) is strong
    assert weak_match(one, other) is weak
    assert strong_match(other, one) is strong
    assert weak_match(other, one) is weak


@pytest.mark.parametrize(("value", "seconds"), DATES)
def test_http_dates(value: str, seconds: int) -> None:
    assert parse_http_date(value, NOW) == seconds


@pytest.mark.parametrize("value", NOT_DATES)
def test_what_is_no_http_date(value: str) -> None:
    assert parse_http_date(value, NOW) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        pytest.param(LM, "Wed, 21 Oct 2015 07:28:00 GMT", id="whole"),
        pytest.param(LM + 0.999, "Wed, 21 Oct 2015 07:28:00 GMT", id="fractions are dropped"),
        pytest.param(0, "Thu, 01 Jan 1970 00:00:00 GMT", id="epoch"),
        pytest.param(-62135596800, "Mon, 01 Jan 0001 00:00:00 GMT", id="four digits of a year"),
    ],
)
def test_formatting_dates(seconds: float, text: str) -> None:
    assert format_http_date(seconds) == text


# Laws

octets = st.text(st.characters(max_codepoint=255), max_size=60)
tag_like = st.text(st.sampled_from('"W/w, \t\\*a\x00\x7f\x80\xff'), max_size=40)
date_like = st.text(st.sampled_from("WedOctSunGMT, :-0123456789\x00\xff"), max_size=40)
opaque = st.text(
    st.sampled_from([chr(c) for c in (0x21, *range(0x23, 0x7F), *range(0x80, 0x100))]),
    max_size=12,
)
tags = st.builds(EntityTag, opaque, st.booleans())
between = st.sampled_from([",", ", ", "\t, ", ",,", " , ,"])


@given(st.one_of(octets, tag_like, st.text(max_size=40)))
def test_parsing_tags_never_raises(value: str) -> None:
    tag = parse_entity_tag(value)
    assert tag is None or str(tag) == value
    tags = parse_entity_tags(value)
    assert tag is None or tags == (tag,)


@given(st.lists(tags, max_size=6), between)
def test_formatting_then_parsing_tags_is_identity(listed: list[EntityTag], comma: str) -> None:
    assert parse_entity_tags(comma.join(map(str, listed))) == tuple(listed)


@given(
    st.one_of(octets, st.lists(tags, max_size=6).map(lambda some: ", ".join(map(str, some)))), tags
)
def test_a_list_holds_a_tag_if_one_of_its_tags_matches(value: str, tag: EntityTag) -> None:
    listed = parse_entity_tags(value) or ()
    strongly = any(strong_match(each, tag) for each in listed)
    assert lists_tag(value, tag, strong=True) is strongly
    assert lists_tag(value, tag, strong=False) is any(weak_match(each, tag) for each in listed)


@given(st.one_of(octets, date_like, st.text(max_size=60)), st.integers(0, 4 * 10**9))
def test_parsing_dates_never_raises(value: str, now: int) -> None:
    assert isinstance(parse_http_date(value, now), (int, type(None)))


moments = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59))


@given(moments)
def test_formatting_then_parsing_dates_is_identity(moment: datetime) -> None:
    seconds = int(moment.replace(microsecond=0, tzinfo=timezone.utc).timestamp())
    assert parse_http_date(format_http_date(seconds), NOW) == seconds


@given(moments)
def test_asctime_is_read_back(moment: datetime) -> None:
    seconds = int(moment.replace(microsecond=0, tzinfo=timezone.utc).timestamp())
    assert parse_http_date(moment.ctime(), NOW) == seconds
