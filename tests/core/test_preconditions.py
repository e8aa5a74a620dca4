"""Preconditions in the order of RFC 9110 13.2.2, and If-Range."""

from __future__ import annotations

from calendar import timegm

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rangeserve.core.preconditions import Verdict, evaluate, if_range_holds
from rangeserve.core.request import REPEATED, Request

LM = "Wed, 21 Oct 2015 07:28:00 GMT"
BEFORE = "Wed, 21 Oct 2015 07:27:59 GMT"
AFTER = "Wed, 21 Oct 2015 07:28:01 GMT"
FUTURE = "Fri, 31 Dec 9999 23:59:59 GMT"
MODIFIED = timegm((2015, 10, 21, 7, 28, 0))
NOW = MODIFIED + 1e6

GO, UNMODIFIED, FAILED = Verdict.PROCEED, Verdict.NOT_MODIFIED, Verdict.FAILED

# condition, the representation's ETag, verdict
IF_MATCH = [
    pytest.param('"a"', '"a"', GO, id="equal"),
    pytest.param('"b"', '"a"', FAILED, id="other"),
    pytest.param('"b", "a"', '"a"', GO, id="in a list"),
    pytest.param('"b","c"', '"a"', FAILED, id="not in a list"),
    pytest.param('W/"a"', '"a"', FAILED, id="weak condition: strong comparison"),
    pytest.param('"a"', 'W/"a"', FAILED, id="weak ETag: strong comparison"),
    pytest.param('W/"a"', 'W/"a"', FAILED, id="both weak: strong comparison"),
    pytest.param("*", '"a"', GO, id="star"),
    pytest.param("*", 'W/"a"', GO, id="star, weak ETag"),
    pytest.param("*", None, GO, id="star, no ETag"),
    pytest.param('"a"', None, FAILED, id="no ETag"),
    pytest.param('"a"', "a", FAILED, id="ETag without quotes"),
    pytest.param("a", "a", FAILED, id="nothing has quotes"),
    pytest.param("", '"a"', FAILED, id="empty"),
    pytest.param(",", '"a"', FAILED, id="empty list"),
    pytest.param(',, "a",,', '"a"', GO, id="empty elements"),
    pytest.param('"a", *', '"a"', FAILED, id="star in a list is malformed"),
    pytest.param('"a", b', '"a"', FAILED, id="malformed list names no tag"),
    pytest.param('"a,b"', '"a,b"', GO, id="comma in a tag"),
    pytest.param('"a", "b"', '"a,b"', FAILED, id="a tag is not put together"),
    pytest.param('"A"', '"a"', FAILED, id="case matters"),
    pytest.param('"\xe9"', '"\xe9"', GO, id="obs-text"),
    pytest.param('""', '""', GO, id="empty tag"),
]

IF_NONE_MATCH = [
    pytest.param('"a"', '"a"', UNMODIFIED, id="equal"),
    pytest.param('"b"', '"a"', GO, id="other"),
    pytest.param('"b", "a"', '"a"', UNMODIFIED, id="in a list"),
    pytest.param('W/"a"', '"a"', UNMODIFIED, id="weak condition: weak comparison"),
    pytest.param('"a"', 'W/"a"', UNMODIFIED, id="weak ETag: weak comparison"),
    pytest.param("*", '"a"', UNMODIFIED, id="star"),
    pytest.param("*", None, UNMODIFIED, id="star, no ETag"),
    pytest.param('"a"', None, GO, id="no ETag"),
    pytest.param("a", "a", GO, id="nothing has quotes"),
    pytest.param("", '"a"', GO, id="empty"),
    pytest.param(',, "a",,', '"a"', UNMODIFIED, id="empty elements"),
    pytest.param('"a", *', '"a"', GO, id="star in a list is malformed"),
    pytest.param('"a", b', '"a"', GO, id="malformed list names no tag"),
    pytest.param('"a,b"', '"a,b"', UNMODIFIED, id="comma in a tag"),
    pytest.param('"a", "b"', '"a,b"', GO, id="a tag is not put together"),
    pytest.param('"A"', '"a"', GO, id="case matters"),
    pytest.param('""', '""', UNMODIFIED, id="empty tag"),
]

# condition, Last-Modified, verdict
IF_MODIFIED_SINCE = [
    pytest.param(LM, LM, UNMODIFIED, id="equal"),
    pytest.param(BEFORE, LM, GO, id="earlier"),
    pytest.param(AFTER, LM, UNMODIFIED, id="later"),
    pytest.param(FUTURE, LM, UNMODIFIED, id="in the future"),
    pytest.param("Wednesday, 21-Oct-15 07:28:00 GMT", LM, UNMODIFIED, id="RFC 850"),
    pytest.param("Wed Oct 21 07:28:00 2015", LM, UNMODIFIED, id="asctime"),
    pytest.param(LM, "Wednesday, 21-Oct-15 07:28:00 GMT", UNMODIFIED, id="Last-Modified RFC 850"),
    pytest.param("Wed, 21 Oct 2015 07:28:80 GMT", LM, GO, id="second 80"),
    pytest.param("Wed, 21 Oct 2025 07:28:00 +0000", LM, GO, id="zone"),
    pytest.param("junk", LM, GO, id="no date"),
    pytest.param("", LM, GO, id="empty"),
    pytest.param(f"{LM}, {LM}", LM, GO, id="more than one member"),
    pytest.param(AFTER, None, GO, id="no Last-Modified"),
    pytest.param(AFTER, "1234", GO, id="Last-Modified is no date"),
]

IF_UNMODIFIED_SINCE = [
    pytest.param(LM, LM, GO, id="equal"),
    pytest.param(BEFORE, LM, FAILED, id="earlier"),
    pytest.param(AFTER, LM, GO, id="later"),
    pytest.param("Wednesday, 21-Oct-15 07:27:59 GMT", LM, FAILED, id="RFC 850"),
    pytest.param("Wed Oct 21 07:27:59 2015", LM, FAILED, id="asctime"),
    pytest.param("Wed, 21 Oct 1015 07:28:80 GMT", LM, GO, id="second 80 is ignored"),
    pytest.param("junk", LM, GO, id="no date is ignored"),
    pytest.param(f"{BEFORE}, {BEFORE}", LM, GO, id="more than one member is ignored"),
    pytest.param(BEFORE, None, GO, id="no Last-Modified"),
    pytest.param(BEFORE, "1234", GO, id="Last-Modified is no date"),
]

HIT, MISS = '"a"', '"b"'

# RFC 9110 13.2.2: the four together, for ETag "a" and Last-Modified LM
ORDER = [
    pytest.param(Request(), GO, id="none"),
    pytest.param(
        Request(if_match=HIT, if_unmodified_since=BEFORE), GO, id="1 decides, 2 is not looked at"
    ),
    pytest.param(Request(if_match=MISS, if_unmodified_since=LM), FAILED, id="1 fails, 2 holds"),
    pytest.param(Request(if_match="junk", if_unmodified_since=LM), FAILED, id="malformed 1, 2"),
    pytest.param(
        Request(if_none_match=MISS, if_modified_since=LM), GO, id="3 decides, 4 is not looked at"
    ),
    pytest.param(
        Request(if_none_match="junk", if_modified_since=LM),
        GO,
        id="malformed 3, 4 is not looked at",
    ),
    pytest.param(Request(if_none_match=HIT, if_modified_since=BEFORE), UNMODIFIED, id="3 fails"),
    pytest.param(Request(if_match=MISS, if_none_match=HIT), FAILED, id="1 before 3"),
    pytest.param(Request(if_match=HIT, if_none_match=HIT), UNMODIFIED, id="1 holds, then 3"),
    pytest.param(Request(if_unmodified_since=BEFORE, if_none_match=HIT), FAILED, id="2 before 3"),
    pytest.param(
        Request(if_unmodified_since=LM, if_none_match=HIT), UNMODIFIED, id="2 holds, then 3"
    ),
    pytest.param(
        Request(if_unmodified_since=BEFORE, if_modified_since=LM), FAILED, id="2 before 4"
    ),
    pytest.param(
        Request(if_unmodified_since=LM, if_modified_since=LM), UNMODIFIED, id="2 holds, then 4"
    ),
    pytest.param(Request(if_match="*", if_modified_since=LM), UNMODIFIED, id="1 holds, then 4"),
    pytest.param(
        Request(if_match=HIT, if_unmodified_since=BEFORE, if_none_match=MISS, if_modified_since=LM),
        GO,
        id="all four",
    ),
    pytest.param(
        Request(if_range=MISS, range="junk", if_match=HIT), GO, id="Range and If-Range play no part"
    ),
]

# condition, ETag, Last-Modified, seconds since then, holds
IF_RANGE = [
    pytest.param('"a"', '"a"', LM, 1e6, True, id="tag equal"),
    pytest.param('"b"', '"a"', LM, 1e6, False, id="tag differs"),
    pytest.param('W/"a"', 'W/"a"', LM, 1e6, False, id="both weak"),
    pytest.param('W/"a"', '"a"', LM, 1e6, False, id="weak condition"),
    pytest.param('"a"', 'W/"a"', LM, 1e6, False, id="weak ETag"),
    pytest.param('"a"', None, LM, 1e6, False, id="no ETag"),
    pytest.param('"a"', "a", LM, 1e6, False, id="ETag without quotes"),
    pytest.param("a", "a", None, 1e6, False, id="nothing has quotes"),
    pytest.param('"a", "b"', '"a"', LM, 1e6, False, id="a list is no tag"),
    pytest.param("*", '"a"', LM, 1e6, False, id="star"),
    pytest.param("", '"a"', LM, 1e6, False, id="empty"),
    pytest.param("", '"a"', "", 1e6, False, id="empty equals empty"),
    pytest.param('w/"a"', 'w/"a"', LM, 1e6, False, id="lower-case w"),
    pytest.param('"a"', '"a"', None, 0, True, id="a tag needs no age"),
    pytest.param(LM, None, LM, 1e6, True, id="date equal"),
    pytest.param(LM, '"a"', LM, 1e6, True, id="date equal, with an ETag"),
    pytest.param(LM, 'W/"a"', LM, 1e6, True, id="date equal, weak ETag"),
    pytest.param(AFTER, None, LM, 1e6, False, id="later date"),
    pytest.param(BEFORE, None, LM, 1e6, False, id="earlier date"),
    pytest.param("Wed Oct 21 07:28:00 2015", None, LM, 1e6, False, id="same date, other octets"),
    pytest.param(LM.lower(), None, LM, 1e6, False, id="same date in lower case"),
    pytest.param(LM, None, None, 1e6, False, id="no Last-Modified"),
    pytest.param("1234", None, "1234", 1e6, False, id="equal, but no date"),
    pytest.param(LM, None, LM, 1, True, id="one second old"),
    pytest.param(LM, None, LM, 0.999, False, id="less than one second old"),
    pytest.param(LM, None, LM, 0, False, id="modified this second"),
    pytest.param(LM, None, LM, -100, False, id="modified in the future"),
    pytest.param(REPEATED, '"a"', LM, 1e6, False, id="two lines"),
    pytest.param(REPEATED, None, REPEATED, 1e6, False, id="two lines, never equal"),
]


@pytest.mark.parametrize(("condition", "etag", "verdict"), IF_MATCH)
def test_if_match(condition: str, etag: str | None, verdict: Verdict) -> None:
    assert evaluate(Request(if_match=condition), etag, LM, NOW) is verdict


@pytest.mark.parametrize(("condition", "etag", "verdict"), IF_NONE_MATCH)
def test_if_none_match(condition: str, etag: str | None, verdict: Verdict) -> None:
    assert evaluate(Request(if_none_match=condition), etag, LM, NOW) is verdict


@pytest.mark.parametrize(("condition", "modified", "verdict"), IF_MODIFIED_SINCE)
def test_if_modified_since(condition: str, modified: str | None, verdict: Verdict) -> None:
    request = Request(if_modified_since=condition)
    assert evaluate(request, '"a"', modified, NOW) is verdict


@pytest.mark.parametrize(("condition", "modified", "verdict"), IF_UNMODIFIED_SINCE)
def test_if_unmodified_since(condition: str, modified: str | None, verdict: Verdict) -> None:
    request = Request(if_unmodified_since=condition)
    assert evaluate(request, '"a"', modified, NOW) is verdict


@pytest.mark.parametrize(("request_", "verdict"), ORDER)
def test_order(request_: Request, verdict: Verdict) -> None:
    assert evaluate(request_, '"a"', LM, NOW) is verdict


@pytest.mark.parametrize(("condition", "etag", "modified", "age", "holds"), IF_RANGE)
def test_if_range(
    condition: str, etag: str | None, modified: str | None, age: float, holds: bool
) -> None:
    assert if_range_holds(condition, etag, modified, MODIFIED + age) is holds


values = st.one_of(
    st.none(),
    st.text(st.characters(max_codepoint=255), max_size=30),
    st.sampled_from(['"a"', 'W/"a"', "*", LM, BEFORE, "Wed, 21 Oct 2015 07:28:80 GMT"]),
)


@given(values, values, values, values, values, values)
def test_evaluating_never_raises(
    one: str | None,
    two: str | None,
    three: str | None,
    four: str | None,
    etag: str | None,
    modified: str | None,
) -> None:
    request = Request(
        if_match=one, if_unmodified_since=two, if_none_match=three, if_modified_since=four
    )
    assert evaluate(request, etag, modified, NOW) in Verdict
    assert if_range_holds(one or "", etag, modified, NOW) in (True, False)
