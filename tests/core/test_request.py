"""What a request asks, and how repeated lines combine (RFC 9110 5.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rangeserve.core.request import REPEATED, Request, read_request

Lines = list[tuple[bytes, bytes]]

ROWS = [
    pytest.param([(b"range", b"bytes=0-4")], Request(range="bytes=0-4"), id="Range"),
    pytest.param([(b"RaNgE", b"bytes=0-4")], Request(range="bytes=0-4"), id="name in any case"),
    pytest.param([(b"range", b" \tx ")], Request(range="x"), id="OWS is no part of a value"),
    pytest.param([(b"range", b"\x0bx\xa0")], Request(range="\x0bx\xa0"), id="only OWS is stripped"),
    pytest.param([(b"range", b"")], Request(range=""), id="an empty field is a field"),
    pytest.param([(b"if-range", b'"a"')], Request(if_range='"a"'), id="If-Range"),
    pytest.param([(b"if-match", b"*")], Request(if_match="*"), id="If-Match"),
    pytest.param([(b"if-none-match", b'"\xe9"')], Request(if_none_match='"\xe9"'), id="obs-text"),
    pytest.param(
        [(b"if-modified-since", b"x")], Request(if_modified_since="x"), id="If-Modified-Since"
    ),
    pytest.param(
        [(b"if-unmodified-since", b"x")], Request(if_unmodified_since="x"), id="If-Unmodified-Since"
    ),
    pytest.param(
        [(b"if-match", b'"a"'), (b"x", b"y"), (b"if-match", b'"b"')],
        Request(if_match='"a", "b"'),
        id="If-Match lines are joined",
    ),
    pytest.param(
        [(b"if-none-match", b'"a"'), (b"If-None-Match", b""), (b"if-none-match", b'"b"')],
        Request(if_none_match='"a", , "b"'),
        id="If-None-Match lines are joined",
    ),
    pytest.param(
        [(b"range", b"bytes=0-4"), (b"range", b"bytes=0-4")],
        Request(range=REPEATED),
        id="two Range lines",
    ),
    pytest.param(
        [(b"if-range", b'"a"'), (b"if-range", b'"a"')],
        Request(if_range=REPEATED),
        id="two If-Range lines",
    ),
    pytest.param(
        [(b"if-modified-since", b"x"), (b"if-modified-since", b"x")],
        Request(),
        id="two If-Modified-Since lines are ignored",
    ),
    pytest.param(
        [(b"if-unmodified-since", b"x"), (b"if-unmodified-since", b"y")],
        Request(),
        id="two If-Unmodified-Since lines are ignored",
    ),
]


@pytest.mark.parametrize(("lines", "request_"), ROWS)
def test_fields(lines: Lines, request_: Request) -> None:
    assert read_request("GET", [(b"host", b"x"), *lines]) == request_


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([], id="no fields"),
        pytest.param([(b"host", b"x"), (b"accept", b"*/*")], id="others"),
        pytest.param([(b"rangE2", b"x"), (b"ranges", b"x")], id="names that are longer"),
        pytest.param([(b"hosts", b"x"), (b"if-ranxe", b"x")], id="other names as long"),
        pytest.param([(b"request-range", b"bytes=0-4")], id="Request-Range is no Range"),
    ],
)
def test_none_of_ours(lines: Lines) -> None:
    assert read_request("GET", lines) is None


def test_the_method_is_kept() -> None:
    request = read_request("HEAD", [(b"range", b"x")])
    assert request is not None
    assert request.method == "HEAD"


def test_headers_may_be_an_iterator() -> None:
    assert read_request("GET", iter([(b"range", b"x")])) == Request(range="x")


@pytest.mark.parametrize(
    ("request_", "has"),
    [
        pytest.param(Request(), False, id="nothing"),
        pytest.param(Request(range="bytes=0-", if_range='"a"'), False, id="Range and If-Range"),
        pytest.param(Request(if_match=""), True, id="If-Match"),
        pytest.param(Request(if_none_match=""), True, id="If-None-Match"),
        pytest.param(Request(if_modified_since=""), True, id="If-Modified-Since"),
        pytest.param(Request(if_unmodified_since=""), True, id="If-Unmodified-Since"),
    ],
)
def test_has_preconditions(request_: Request, has: bool) -> None:
    assert request_.has_preconditions is has


names = st.sampled_from(
    [
        b"range",
        b"if-range",
        b"if-match",
        b"if-none-match",
        b"if-modified-since",
        b"if-unmodified-since",
        b"host",
    ]
)


@given(st.lists(st.tuples(names, st.binary(max_size=20)), max_size=8))
def test_reading_never_raises(lines: Lines) -> None:
    request = read_request("GET", lines)
    assert (request is None) == all(name == b"host" for name, _ in lines)
