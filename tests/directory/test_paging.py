"""The pages of a listing: each name stands on one of them, in order."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rangeserve.directory.paging import Place, first_places, link_after, place_of, read_after

names = st.one_of(
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1),
    st.binary(min_size=1).map(os.fsdecode).filter(lambda name: not {"/", "\0"} & set(name)),
)
places = st.builds(
    lambda name, is_folder: place_of(name, is_folder=is_folder), names, st.booleans()
)


@given(st.sets(places, max_size=30), st.integers(1, 7))
def test_page_after_page_gives_each_name_once_in_order(found: set[Place], count: int) -> None:
    in_any_order = sorted(found, key=lambda _: random.random())
    read: list[Place] = []
    after, has_more = None, True
    while has_more:
        page, has_more = first_places(in_any_order, after, count)
        assert len(page) == count or not has_more
        read += page
        after = read_after(link_after(page[-1]).removeprefix("?").encode()) if page else None
    assert read == sorted(found)


def test_folders_come_first_and_letters_in_any_case() -> None:
    found = [("b", False), ("C", False), ("a", False), ("z", True), ("Y", True)]
    page, _ = first_places((place_of(name, is_folder=is_) for name, is_ in found), None, 9)
    assert [place.name for place in page] == ["Y", "z", "a", "b", "C"]


def test_what_comes_and_goes_moves_no_other_name() -> None:
    def listed(names: str, after: Place | None) -> str:
        page, _ = first_places((place_of(name, is_folder=False) for name in names), after, 3)
        return "".join(place.name for place in page)

    after = place_of("f", is_folder=False)
    assert listed("bdfhjl", None) == "bdf"
    assert listed("bdfhjl", after) == "hjl"
    assert listed("abcdhjl", after) == "hjl"  # `f` itself has gone, others have come before


@given(places)
def test_a_link_leads_to_the_place(place: Place) -> None:
    link = link_after(place)
    assert link.isascii()
    assert link.isprintable()
    assert not set("\"'<>& ") & set(link)
    assert read_after(link.removeprefix("?").encode()) == place


@pytest.mark.parametrize("query", [b"", b"a=b", b"afte=x", b"before&=after=", b"&&&"])
def test_other_queries_name_no_place(query: bytes) -> None:
    assert read_after(query) is None


@given(st.binary())
def test_a_query_never_fails(query: bytes) -> None:
    after = read_after(b"after=" + query)
    assert after is not None
    first_places([place_of("a", is_folder=False)], after, 1)
