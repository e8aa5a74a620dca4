"""Which content coding a client gets (RFC 9110 12.5.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rangeserve.core.validators import parse_entity_tag
from rangeserve.directory.coding import CODINGS, choose_coding, coded_etag

SIZES = {"br": 20, "zstd": 21, "gzip": 30}


@pytest.mark.parametrize(
    ("field", "coding"),
    [
        pytest.param(None, None, id="no field"),
        pytest.param("", None, id="an empty field"),
        pytest.param("gzip", "gzip", id="one"),
        pytest.param("GZIP", "gzip", id="letters in any case"),
        pytest.param("x-gzip", "gzip", id="the old name of gzip"),
        pytest.param("gzip;q=0, x-gzip", None, id="gzip refused by its name"),
        pytest.param("gzip, deflate, br, zstd", "br", id="a browser: the smallest"),
        pytest.param("br;q=0.5, gzip", "gzip", id="the highest value before the smallest"),
        pytest.param("br;q=0.5, gzip;q=0.5", "br", id="of equals the smallest"),
        pytest.param("gzip;q=0, br;q=0, zstd", "zstd", id="refused ones"),
        pytest.param("gzip;q=0", None, id="nothing but a refusal"),
        pytest.param("*", "br", id="anything"),
        pytest.param("*;q=0.1, gzip;q=0.2", "gzip", id="one before anything"),
        pytest.param("*;q=0, gzip", "gzip", id="nothing but gzip"),
        pytest.param("br;q=0, *", "zstd", id="anything but br"),
        pytest.param("identity", None, id="identity"),
        pytest.param("identity;q=1, *;q=0", None, id="Chromium for media"),
        pytest.param("identity;q=0.5, gzip;q=0.4", None, id="identity preferred"),
        pytest.param("identity;q=0.5, gzip;q=0.5", "gzip", id="identity as good"),
        pytest.param("identity;q=0, gzip;q=0.1", "gzip", id="identity refused"),
        pytest.param("identity;q=0", None, id="nothing accepted: not negotiated"),
        pytest.param("identity;q=0, *", "br", id="anything but identity"),
        pytest.param("deflate, compress", None, id="what there is not"),
        pytest.param("gzip;q=2, br;q=x", None, id="malformed values"),
        pytest.param("gzip;q=0.000", None, id="zero with digits"),
        pytest.param("gzip ; q=0.5 ,, br;q=0.4", "gzip", id="white space and empty elements"),
    ],
)
def test_the_choice(field: str | None, coding: str | None) -> None:
    assert choose_coding(field, SIZES) == coding


@pytest.mark.parametrize(
    ("field", "coding"),
    [
        pytest.param("br, gzip", None, id="identity, for it is sliced"),
        pytest.param("br, identity;q=0.1", None, id="identity, even if it is not preferred"),
        pytest.param("br, identity;q=0", "br", id="unless it is refused"),
        pytest.param("br, *;q=0", "br", id="unless it is refused with all others"),
        pytest.param(None, None, id="no field"),
    ],
)
def test_a_range_is_one_of_the_file_itself(field: str | None, coding: str | None) -> None:
    assert choose_coding(field, SIZES, wants_range=True) == coding


def test_only_what_there_is() -> None:
    assert choose_coding("br, gzip", {"gzip": 30}) == "gzip"
    assert choose_coding("br, gzip", {}) is None


ELEMENTS = st.tuples(
    st.sampled_from([*CODINGS, "identity", "*", "x-gzip", "other"]),
    st.sampled_from(["", ";q=0", ";q=0.001", ";q=0.5", ";q=1", ";q=1.000"]),
).map("".join)


@given(st.lists(ELEMENTS, max_size=6).map(", ".join), st.dictionaries(
    st.sampled_from(sorted(CODINGS)), st.integers(0, 9)), st.booleans())  # fmt: skip
def test_what_is_chosen_is_there_and_not_refused(
    field: str, sizes: dict[str, int], wants_range: bool
) -> None:
    chosen = choose_coding(field, sizes, wants_range=wants_range)
    assert chosen is None or chosen in sizes
    if chosen is not None:
        named = {element.partition(";")[0] for element in field.split(", ")}
        assert named & {chosen, "*"} or (chosen == "gzip" and "x-gzip" in named)
        assert f"{chosen};q=0" not in field.split(", ") or field.count(chosen) > 1


@given(st.text(), st.booleans())
def test_a_field_never_fails(field: str, wants_range: bool) -> None:
    choose_coding(field, SIZES, wants_range=wants_range)


def test_each_coding_has_a_strong_tag_of_its_own() -> None:
    tags = ['"1-2"', *(coded_etag('"1-2"', coding) for coding in CODINGS)]
    assert len(set(tags)) == 4
    for tag in tags:
        assert tag is not None
        assert parse_entity_tag(tag)
        assert not tag.startswith("W/")
    assert coded_etag(None, "br") is None
