"""The facts read from a response start."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rangeserve.core.representation import read_representation

LENGTHS = [
    pytest.param([b"1000"], 1000, id="digits"),
    pytest.param([b"0"], 0, id="zero"),
    pytest.param([b" 10\t"], 10, id="OWS"),
    pytest.param([b"010"], 10, id="leading zero"),
    pytest.param([b"9" * 18], 10**18 - 1, id="18 digits"),
    pytest.param([b"10", b"10"], 10, id="repeated alike"),
    pytest.param([b"10", b"11"], None, id="two that differ"),
    pytest.param([b"10, 10"], None, id="a list"),
    pytest.param([b"9" * 19], None, id="19 digits"),
    pytest.param([b"9" * 5000], None, id="5000 digits"),
    pytest.param([b""], None, id="empty"),
    pytest.param([b"-1"], None, id="negative"),
    pytest.param([b"+1"], None, id="plus"),
    pytest.param([b"1_0"], None, id="underscore"),
    pytest.param([b"1.0"], None, id="fraction"),
    pytest.param([b"\xb2"], None, id="superscript two"),
    pytest.param([b"ten"], None, id="a word"),
]

SINGLETONS = [
    pytest.param([b'"a"'], '"a"', id="one"),
    pytest.param([b' "a"\t'], '"a"', id="OWS"),
    pytest.param([b'"a"', b'"a"'], '"a"', id="the same twice"),
    pytest.param([b'"a"', b'"b"'], None, id="two that differ"),
    pytest.param([b'"\xe9"'], '"\xe9"', id="obs-text"),
    pytest.param([b""], "", id="empty"),
    pytest.param([], None, id="none"),
]

CODINGS = [
    pytest.param([b"gzip"], True, id="gzip"),
    pytest.param([b"identity"], False, id="identity"),
    pytest.param([b" IDENTITY "], False, id="identity in another case"),
    pytest.param([b""], False, id="empty"),
    pytest.param([b"identity, br"], True, id="identity and br"),
    pytest.param([b"identity", b"gzip"], True, id="two lines"),
    pytest.param([b"nonsense"], True, id="unknown"),
    pytest.param([], False, id="none"),
]

ACCEPTS = [
    pytest.param([], None, id="silent"),
    pytest.param([b"bytes"], True, id="bytes"),
    pytest.param([b"none"], False, id="none"),
    pytest.param([b" NONE"], False, id="none in capitals"),
    pytest.param([b"bytes, none"], False, id="both"),
    pytest.param([b"bytes", b"none"], False, id="both, in two lines"),
    pytest.param([b"nonesuch"], True, id="another unit"),
]


def lines(name: bytes, values: list[bytes]) -> list[tuple[bytes, bytes]]:
    return [(b"x-before", b"1"), *((name, value) for value in values)]


@pytest.mark.parametrize(("values", "length"), LENGTHS)
def test_content_length(values: list[bytes], length: int | None) -> None:
    representation = read_representation(lines(b"Content-Length", values))
    assert representation.content_length == length
    assert representation.complete_length == length
    assert representation.length_in_doubt is (length is None)


def test_no_content_length_is_no_doubt() -> None:
    representation = read_representation([(b"etag", b'"a"')])
    assert representation.content_length is None
    assert not representation.length_in_doubt


@pytest.mark.parametrize(("values", "value"), SINGLETONS)
@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        pytest.param(b"ETag", "etag", id="ETag"),
        pytest.param(b"LAST-MODIFIED", "last_modified", id="Last-Modified"),
        pytest.param(b"content-type", "content_type", id="Content-Type"),
    ],
)
def test_singletons(name: bytes, attribute: str, values: list[bytes], value: str | None) -> None:
    assert getattr(read_representation(lines(name, values)), attribute) == value


@pytest.mark.parametrize(("values", "coded"), CODINGS)
def test_content_encoding(values: list[bytes], coded: bool) -> None:
    assert read_representation(lines(b"Content-Encoding", values)).coded is coded


@pytest.mark.parametrize(("values", "accepts"), ACCEPTS)
def test_accept_ranges(values: list[bytes], accepts: bool | None) -> None:
    assert read_representation(lines(b"Accept-Ranges", values)).accepts_ranges is accepts


def test_content_range() -> None:
    assert read_representation([(b"Content-Range", b"")]).has_content_range
    assert not read_representation([(b"etag", b"")]).has_content_range


def test_the_fields_are_kept_as_they_were() -> None:
    fields = [(b"ETag", b'"a"'), (b"Set-Cookie", b"a"), (b"Set-Cookie", b"b")]
    assert read_representation(iter(fields)).fields == fields
    assert read_representation([]).fields == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    b"content-length",
                    b"content-type",
                    b"content-encoding",
                    b"content-range",
                    b"accept-ranges",
                    b"etag",
                    b"last-modified",
                    b"vary",
                ]
            ),
            st.binary(max_size=20),
        ),
        max_size=8,
    )
)
def test_reading_never_raises(fields: list[tuple[bytes, bytes]]) -> None:
    representation: Any = read_representation(fields)
    assert representation.fields == fields
    assert representation.content_length is None or representation.content_length >= 0
