"""The decision: what a request gets of a representation, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rangeserve.core.ranges import ByteRange
from rangeserve.core.representation import Representation
from rangeserve.core.request import REPEATED, Request, read_request
from rangeserve.core.selection import (
    Limits,
    NotModified,
    NotSatisfiable,
    Parts,
    PreconditionFailed,
    Reason,
    Selection,
    TooLarge,
    Whole,
    select,
)

LM = "Wed, 21 Oct 2015 07:28:00 GMT"
NOW = 1.8e9


def representation(length: int | None = 1000, **facts: object) -> Representation:
    return Representation(complete_length=length, etag='"a"', last_modified=LM, **facts)


def chosen(
    request: Request, limits: Limits | None = None, length: int | None = 1000, **facts: object
) -> Selection:
    return select(request, representation(length, **facts), limits or Limits(), NOW)


def chosen_for(field: str, limits: Limits | None = None) -> Selection:
    """What is chosen for a Range field as it comes in a request."""
    limits = limits or Limits()
    request = read_request("GET", [(b"range", field.encode("latin-1"))], limits)
    assert request is not None
    return chosen(request, limits)


def parts(*ranges: tuple[int, int], length: int = 1000) -> Parts:
    return Parts(tuple(ByteRange(*pair) for pair in ranges), length)


def whole(reason: Reason | None = None) -> Whole:
    return Whole(1000, sliceable=True, reason=reason)


RANGES = [
    pytest.param("bytes=0-4", parts((0, 5)), id="one"),
    pytest.param("bytes=-5", parts((995, 1000)), id="suffix"),
    pytest.param("bytes=990-", parts((990, 1000)), id="open"),
    pytest.param("bytes=0-", parts((0, 1000)), id="one that is all stays a 206"),
    pytest.param("bytes=-5000", parts((0, 1000)), id="suffix longer than it"),
    pytest.param("bytes=0-0,500-500", parts((0, 1), (500, 501)), id="two"),
    pytest.param("bytes=0-4,2000-", parts((0, 5)), id="the unsatisfiable is dropped"),
    pytest.param("bytes=0-4,-0", parts((0, 5)), id="-0 is dropped"),
    pytest.param("bytes=0-4,5-9", parts((0, 10)), id="touching: one part"),
    pytest.param("bytes=0-,2000-", parts((0, 1000)), id="all of it, once"),
    pytest.param("bytes=1000-", NotSatisfiable(1000), id="past the end"),
    pytest.param("bytes=-0", NotSatisfiable(1000), id="-0"),
    pytest.param("bytes=1000-,2000-3000", NotSatisfiable(1000), id="all past the end"),
    pytest.param("bytes=-0,1000-", NotSatisfiable(1000), id="-0 and past the end"),
    pytest.param("junk", whole(Reason.MALFORMED), id="malformed"),
    pytest.param("bytes=", whole(Reason.MALFORMED), id="malformed set"),
    pytest.param("items=0-4", whole(Reason.UNKNOWN_UNIT), id="unknown unit"),
    pytest.param(REPEATED, whole(Reason.REPEATED), id="two lines"),
    pytest.param("bytes=0-,0-", whole(Reason.COVERS_WHOLE), id="twice the whole"),
    pytest.param("bytes=0-499,500-999", whole(Reason.COVERS_WHOLE), id="halves"),
    pytest.param("bytes=500-,0-600", whole(Reason.COVERS_WHOLE), id="overlapping halves"),
    pytest.param("bytes=1-,0-0", whole(Reason.COVERS_WHOLE), id="all, in two orders"),
    pytest.param("bytes=0-,-0,-1", whole(Reason.COVERS_WHOLE), id="all and its end"),
]


@pytest.mark.parametrize(("field", "selection"), RANGES)
def test_ranges(field: str, selection: Selection) -> None:
    assert chosen(Request(range=field)) == selection


def test_no_range() -> None:
    assert chosen(Request()) == whole()


def test_a_stream_gives_its_parts_in_ascending_order() -> None:
    request = Request(range="bytes=500-500,0-0")
    assert chosen(request, forward_only=True) == parts((0, 1), (500, 501))
    assert chosen(request, forward_only=False) == parts((500, 501), (0, 1))


BARRIERS = [
    pytest.param({"coded": True}, Reason.CONTENT_CODED, id="coded"),
    pytest.param({"accepts_ranges": False}, Reason.ACCEPT_RANGES_NONE, id="Accept-Ranges none"),
    pytest.param({"has_content_range": True}, Reason.CONTENT_RANGE, id="Content-Range"),
    pytest.param({"length": None}, Reason.NO_LENGTH, id="unknown length"),
    pytest.param({"coded": True, "length": None}, Reason.CONTENT_CODED, id="coded, unknown length"),
]


@pytest.mark.parametrize(("facts", "reason"), BARRIERS)
@pytest.mark.parametrize("field", ["bytes=0-4", "bytes=5000-", "junk", REPEATED])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_cannot_be_sliced(
    facts: dict[str, object], reason: Reason, field: str, method: str
) -> None:
    length = facts.get("length", 1000)
    assert chosen(Request(method, range=field), **facts) == Whole(length, reason=reason)
    assert chosen(Request(method), **facts) == Whole(length)


@pytest.mark.parametrize(("facts", "reason"), BARRIERS)
def test_preconditions_hold_for_what_cannot_be_sliced(
    facts: dict[str, object], reason: Reason
) -> None:
    length = facts.get("length", 1000)
    asked = "bytes=0-4"
    assert chosen(Request(range=asked, if_none_match='"a"'), **facts) == NotModified(length)
    assert chosen(Request(range=asked, if_match='"b"'), **facts) == PreconditionFailed(length)


def test_accept_ranges_bytes_is_no_barrier() -> None:
    assert chosen(Request(range="bytes=0-4"), accepts_ranges=True) == parts((0, 5))


@pytest.mark.parametrize("field", ["bytes=0-4", "bytes=5000-", "junk", REPEATED])
def test_range_is_ignored_for_head(field: str) -> None:
    assert chosen(Request("HEAD", range=field)) == whole(Reason.HEAD)
    assert chosen(Request("HEAD", range=field, if_range='"b"')) == whole(Reason.HEAD)


@pytest.mark.parametrize(
    "field", ["bytes=0-4", "bytes=-0", "bytes=-5", "bytes=0-", "bytes=7-9", "bytes=0-0,1-1"]
)
def test_nothing_is_sliced_off_an_empty_representation(field: str) -> None:
    selection = chosen(Request(range=field), length=0)
    assert selection == Whole(0, sliceable=True, reason=Reason.EMPTY)


ORDER = [
    pytest.param({"if_none_match": '"a"'}, NotModified(1000), id="304 before 206"),
    pytest.param({"if_modified_since": LM}, NotModified(1000), id="304 by date before 206"),
    pytest.param({"if_match": '"b"'}, PreconditionFailed(1000), id="412 before 206"),
    pytest.param(
        {"if_none_match": '"a"', "if_range": '"b"'}, NotModified(1000), id="304 before If-Range"
    ),
    pytest.param({"if_match": '"a"'}, parts((0, 5)), id="If-Match holds"),
    pytest.param({"if_none_match": '"b"'}, parts((0, 5)), id="If-None-Match holds"),
    pytest.param({"if_range": '"a"'}, parts((0, 5)), id="If-Range holds"),
    pytest.param({"if_range": LM}, parts((0, 5)), id="If-Range holds by date"),
    pytest.param({"if_range": '"b"'}, whole(Reason.IF_RANGE), id="If-Range misses"),
    pytest.param({"if_range": ""}, whole(Reason.IF_RANGE), id="empty If-Range misses"),
    pytest.param({"if_range": REPEATED}, whole(Reason.IF_RANGE), id="two If-Range lines miss"),
]


@pytest.mark.parametrize(("fields", "selection"), ORDER)
def test_preconditions_before_if_range_before_range(
    fields: dict[str, str], selection: Selection
) -> None:
    assert chosen(Request(range="bytes=0-4", **fields)) == selection


@pytest.mark.parametrize("field", ["bytes=5000-", "junk", "bytes=" + "0-0," * 100])
def test_after_an_if_range_miss_range_is_not_judged(field: str) -> None:
    assert chosen(Request(range=field, if_range='"b"')) == whole(Reason.IF_RANGE)


def test_after_an_if_range_hit_range_is_judged() -> None:
    assert chosen(Request(range="bytes=5000-", if_range='"a"')) == NotSatisfiable(1000)
    assert chosen(Request(range="junk", if_range='"a"')) == whole(Reason.MALFORMED)


def test_if_range_without_range_plays_no_part() -> None:
    assert chosen(Request(if_range='"b"')) == whole()


# Limits


@pytest.mark.parametrize(
    ("field", "over"),
    [
        pytest.param("bytes=" + "0" * 8183 + "-0", False, id="8 KiB less one octet"),
        pytest.param("bytes=" + "0" * 8184 + "-0", False, id="8 KiB"),
        pytest.param("bytes=" + "0" * 8185 + "-0", True, id="8 KiB and one octet"),
        pytest.param("bytes=" + ",".join(["0-0"] * 64), False, id="64 specs"),
        pytest.param("bytes=" + ",".join(["0-0"] * 65), True, id="65 specs"),
        pytest.param("bytes=" + ",".join(["-0"] * 64 + ["0-0"]), True, id="65 specs, 64 are -0"),
        pytest.param("bytes=" + ",".join(["-0"] * 65), True, id="65 that select nothing"),
        pytest.param("bytes=" + ",".join(["9999-"] * 64 + ["0-0"]), True, id="65, 64 past the end"),
        pytest.param("bytes=0-0" + "," * 200, False, id="empty elements are no specs"),
        pytest.param("bytes=" + ",".join(["x"] * 65), True, id="65 malformed"),
    ],
)
def test_the_size_of_a_range_field(field: str, over: bool) -> None:
    expected = whole(Reason.OVER_LIMITS) if over else parts((0, 1))
    assert chosen_for(field) == expected


def test_the_limits_can_be_set() -> None:
    limits = Limits(max_field_size=20, max_ranges=2)
    assert chosen_for("bytes=0-0,5-5,9-9", limits) == whole(Reason.OVER_LIMITS)
    assert chosen_for("bytes=0-0,5-5", limits) == parts((0, 1), (5, 6))
    twenty = "bytes=000000000000-0"
    assert len(twenty) == 20
    assert chosen_for(twenty, limits) == parts((0, 1))
    assert chosen_for(twenty + "0", limits) == whole(Reason.OVER_LIMITS)


def test_no_range_at_all_is_a_limit_too() -> None:
    assert chosen_for("bytes=0-0", Limits(max_ranges=0)) == whole(Reason.OVER_LIMITS)


def two(first: int, second: int, length: int) -> str:
    """Two ranges of `first` and `second` bytes at the two ends of `length`."""
    return f"bytes=0-{first - 1},-{second}"


@pytest.mark.parametrize(
    ("length", "asked", "limits", "worth"),
    [
        # sum + 256 * 2 against length + 4096
        pytest.param(1000, 999, Limits(), True, id="small: the slack covers the heads"),
        pytest.param(10**6, 10**6 - 1, Limits(), True, id="all but one byte, in two parts"),
        pytest.param(1000, 999, Limits(slack=511), True, id="at the bound"),
        pytest.param(1000, 999, Limits(slack=510), False, id="a byte over the bound"),
        pytest.param(1000, 488, Limits(slack=0), True, id="no slack, at the bound"),
        pytest.param(1000, 489, Limits(slack=0), False, id="no slack, a byte over"),
        pytest.param(1000, 999, Limits(slack=0, part_overhead=0), True, id="heads are free"),
        pytest.param(1000, 2, Limits(part_overhead=2548), False, id="costly heads"),
        pytest.param(1000, 2, Limits(part_overhead=2547), True, id="costly heads, at the bound"),
    ],
)
def test_several_parts_only_if_worth_it(
    length: int, asked: int, limits: Limits, worth: bool
) -> None:
    field = two(asked // 2, asked - asked // 2, length)
    selection = chosen(Request(range=field), limits, length)
    if worth:
        assert selection == parts(
            (0, asked // 2), (length - asked + asked // 2, length), length=length
        )
    else:
        assert selection == Whole(length, sliceable=True, reason=Reason.TOO_MUCH)


def test_one_part_is_never_too_much() -> None:
    limits = Limits(part_overhead=10**6, slack=0)
    assert chosen(Request(range="bytes=0-998"), limits) == parts((0, 999))
    assert chosen(Request(range="bytes=0-500,400-998"), limits) == parts((0, 999))


@pytest.mark.parametrize(
    ("field", "selection"),
    [
        pytest.param("bytes=0-", parts((0, 100)), id="open"),
        pytest.param("bytes=950-", parts((950, 1000)), id="open, near the end"),
        pytest.param("bytes=900-", parts((900, 1000)), id="open, just as much"),
        pytest.param("bytes=899-", parts((899, 999)), id="open, one more"),
        pytest.param("bytes=0-499", parts((0, 500)), id="closed: as asked"),
        pytest.param("bytes=0-99999", parts((0, 1000)), id="closed and clamped: as asked"),
        pytest.param("bytes=-500", parts((500, 1000)), id="suffix: as asked"),
        pytest.param("bytes=0-,5000-", parts((0, 1000)), id="not a single range: as asked"),
        pytest.param("bytes=1000-", NotSatisfiable(1000), id="unsatisfiable"),
    ],
)
def test_max_partial_size(field: str, selection: Selection) -> None:
    assert chosen(Request(range=field), Limits(max_partial_size=100)) == selection


def too_large(reason: Reason | None = None, limit: int = 300, **facts: object) -> TooLarge:
    return TooLarge(1000, limit, **{"sliceable": True, "reason": reason, **facts})


@pytest.mark.parametrize(
    ("field", "selection"),
    [
        pytest.param("bytes=0-", parts((0, 300)), id="open"),
        pytest.param("bytes=100-899", parts((100, 400)), id="closed"),
        pytest.param("bytes=100-399", parts((100, 400)), id="closed, just as much"),
        pytest.param("bytes=-500", parts((500, 800)), id="suffix: its beginning"),
        pytest.param("bytes=-300", parts((700, 1000)), id="suffix, just as much"),
        pytest.param("bytes=0-499,500-999", parts((0, 300)), id="halves: no whole to fall back on"),
        pytest.param("bytes=0-499,600-999", parts((0, 300)), id="no room for a second head"),
        pytest.param("bytes=0-4,5000-", parts((0, 5)), id="one of two is satisfiable"),
        pytest.param("bytes=1000-", NotSatisfiable(1000), id="unsatisfiable"),
        pytest.param("junk", too_large(Reason.MALFORMED), id="malformed"),
        pytest.param(REPEATED, too_large(Reason.REPEATED), id="two lines"),
        pytest.param(None, too_large(), id="no Range"),
    ],
)
def test_max_body_size(field: str | None, selection: Selection) -> None:
    assert chosen(Request(range=field), Limits(max_body_size=300)) == selection


@pytest.mark.parametrize(
    ("request_", "facts", "selection"),
    [
        pytest.param(Request(), {}, whole(), id="as large as the bound"),
        pytest.param(Request(range="junk"), {}, whole(Reason.MALFORMED), id="no Range to honour"),
        pytest.param(
            Request(range="bytes=0-499,500-999"), {}, whole(Reason.COVERS_WHOLE), id="all of it"
        ),
        pytest.param(Request(), {"length": None}, Whole(), id="unknown length"),
        pytest.param(Request(if_none_match="*"), {"length": 5000}, NotModified(5000), id="304"),
        pytest.param(
            Request("HEAD"), {"length": 5000}, Whole(5000, sliceable=True), id="HEAD has no body"
        ),
        pytest.param(
            Request(), {"length": 1001}, TooLarge(1001, 1000, sliceable=True), id="a byte too many"
        ),
        pytest.param(
            Request(range="bytes=0-4", if_range='"b"'),
            {"length": 1001},
            TooLarge(1001, 1000, sliceable=True, reason=Reason.IF_RANGE),
            id="If-Range does not hold",
        ),
        pytest.param(
            Request(range="bytes=0-4"),
            {"length": 1001, "coded": True},
            TooLarge(1001, 1000, reason=Reason.CONTENT_CODED),
            id="coded: not sliceable",
        ),
    ],
)
def test_a_whole_within_max_body_size_or_not(
    request_: Request, facts: dict[str, object], selection: Selection
) -> None:
    assert chosen(request_, Limits(max_body_size=1000), **facts) == selection


def test_several_parts_are_not_too_much_if_there_is_no_whole_to_send() -> None:
    limits = Limits(max_body_size=900, slack=0)
    assert chosen(Request(range="bytes=0-399,500-999"), Limits(slack=0)) == whole(Reason.TOO_MUCH)
    selection = chosen(Request(range="bytes=0-399,500-999"), limits)
    assert isinstance(selection, Parts)
    assert [part.start for part in selection.ranges] == [0, 500]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"max_field_size": -1}, id="max_field_size"),
        pytest.param({"max_ranges": -1}, id="max_ranges"),
        pytest.param({"part_overhead": -1}, id="part_overhead"),
        pytest.param({"slack": -1}, id="slack"),
        pytest.param({"max_partial_size": 0}, id="max_partial_size"),
        pytest.param({"max_late_bytes": -1}, id="max_late_bytes"),
        pytest.param({"max_body_size": 0}, id="max_body_size"),
    ],
)
def test_limits_that_cannot_be_meant(values: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(values))):
        Limits(**values)


def test_the_defaults_are_the_documented_ones() -> None:
    assert Limits() == Limits(
        max_field_size=8192,
        max_ranges=64,
        part_overhead=256,
        slack=4096,
        max_partial_size=None,
        max_late_bytes=64 * 1024,
        max_body_size=None,
    )


@pytest.mark.parametrize(
    ("content_type", "fits"),
    [
        pytest.param("text/plain", True, id="plain"),
        pytest.param("text/plain;\tcharset=x", True, id="tab"),
        pytest.param("text/\xe9", True, id="obs-text"),
        pytest.param(None, True, id="none"),
        pytest.param("", True, id="empty"),
        pytest.param("text/plain\r\nX: y", False, id="CR LF"),
        pytest.param("text/plain\n", False, id="LF"),
        pytest.param("text/\x00plain", False, id="NUL"),
        pytest.param("text/\x7f", False, id="DEL"),
    ],
)
def test_content_type_in_the_head_of_a_part(content_type: str | None, fits: bool) -> None:
    several = chosen(Request(range="bytes=0-0,5-5"), content_type=content_type)
    assert several == (parts((0, 1), (5, 6)) if fits else whole(Reason.CONTENT_TYPE))
    assert chosen(Request(range="bytes=0-0"), content_type=content_type) == parts((0, 1))


fields = st.one_of(
    st.none(),
    st.text(st.characters(max_codepoint=255), max_size=30),
    st.text(st.sampled_from("0123456789-, "), max_size=30).map("bytes={}".format),
    st.sampled_from([REPEATED, '"a"', 'W/"a"', "*", LM]),
)


@given(
    st.builds(
        Request,
        st.sampled_from(["GET", "HEAD"]),
        range=fields,
        if_range=fields,
        if_match=fields,
        if_none_match=fields,
        if_modified_since=fields,
        if_unmodified_since=fields,
    ),
    st.one_of(st.none(), st.integers(0, 100)),
    st.booleans(),
)
def test_selecting_never_raises(request: Request, length: int | None, stream: bool) -> None:
    selection = chosen(request, length=length, forward_only=stream)
    assert selection.complete_length == length
    if isinstance(selection, Parts):
        assert length is not None
        assert selection.ranges
        assert all(0 <= start < stop <= length for start, stop in selection.ranges)
