"""The pages of a listing: each name stands on one of them, in order."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rangeserve.directory.order import BY_NAME, COLUMNS, Order, Place, place_of, read_order
from rangeserve.directory.paging import first_places, link_after, link_to, read_after

names = st.one_of(
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1),
    st.binary(min_size=1).map(os.fsdecode).filter(lambda name: not {"/", "\0"} & set(name)),
)
places = st.builds(
    lambda name, is_folder: place_of(name, is_folder=is_folder), names, st.booleans()
)


orders = st.builds(Order, st.sampled_from(COLUMNS), st.booleans())
numbers = st.integers(-(2**40), 2**63)
entries = st.tuples(names, st.booleans(), numbers, numbers)


def place_in(order: Order, entry: tuple[str, bool, int, int]) -> Place:
    name, is_folder, size, seconds = entry
    return order.place_of(name, is_folder=is_folder, size=size, seconds=seconds)


@given(st.sets(entries, max_size=30), orders, st.integers(1, 7))
def test_page_after_page_gives_each_name_once_in_order(
    found: set[tuple[str, bool, int, int]], order: Order, count: int
) -> None:
    in_any_order = [place_in(order, entry) for entry in found]
    expected = sorted(in_any_order)
    in_any_order = list(dict.fromkeys(sorted(in_any_order, key=lambda _: random.random())))
    read: list[Place] = []
    after, has_more = None, True
    while has_more:
        page, has_more = first_places(in_any_order, after, count)
        assert len(page) == count or not has_more
        read += page
        query = link_after(page[-1], order).removeprefix("?").encode() if page else b""
        assert not page or read_order(query) == order
        after = read_after(query, order)
    assert read == sorted(set(expected))


@given(st.lists(entries, min_size=2, max_size=9, unique_by=lambda entry: entry[0]))
def test_what_comes_first(found: list[tuple[str, bool, int, int]]) -> None:
    files = [(name, False, size, seconds) for name, _, size, seconds in found]
    value = {entry[0]: entry for entry in files}

    def listed(column: str, descending: bool) -> list[str]:
        order = Order(column, descending)
        return [place.name for place in sorted(place_in(order, entry) for entry in files)]

    for number, column in ((2, "size"), (3, "time")):
        ascending = [value[name][number] for name in listed(column, False)]
        assert ascending == sorted(ascending)
        assert [value[name][number] for name in listed(column, True)] == ascending[::-1]
    folded = [name.casefold() for name in listed("name", False)]
    assert folded == sorted(folded)
    assert [name.casefold() for name in listed("name", True)] == folded[::-1]


def test_folders_come_first_in_every_order() -> None:
    for column in COLUMNS:
        for descending in (False, True):
            order = Order(column, descending)
            a, b = ("a", False, 1, 1), ("b", True, 2, 2)
            assert place_in(order, b) < place_in(order, a)


@pytest.mark.parametrize(
    ("query", "order"),
    [
        (b"", BY_NAME),
        (b"sort=name", BY_NAME),
        (b"sort=-name", Order("name", True)),
        (b"a=b&sort=size", Order("size")),
        (b"sort=-time&sort=size", Order("time", True)),
        (b"sort=--size", BY_NAME),
        (b"sort=colour", BY_NAME),
        (b"sort=", BY_NAME),
        (b"resort=size", BY_NAME),
        (b"sort=\xff", BY_NAME),
    ],
)
def test_the_order_in_a_query(query: bytes, order: Order) -> None:
    assert read_order(query) == order
    assert read_order(link_to(order).removeprefix("?").encode()) == order


@pytest.mark.parametrize("at", [b"", b"&at=", b"&at=x", b"&at=1.5", b"&at=" + b"9" * 21])
def test_a_place_by_size_needs_a_number(at: bytes) -> None:
    assert read_after(b"after=a" + at, Order("size")) is None


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


@given(st.binary(), orders)
def test_a_query_never_fails(query: bytes, order: Order) -> None:
    read_order(query)
    after = read_after(b"at=7&after=" + query, order)
    assert after is not None
    first_places([order.place_of("a", is_folder=False)], after, 1)
