"""Which ranges share a request to the store."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rangeserve.core.ranges import ByteRange
from rangeserve.sources.bundles import MAX_BUNDLE_BYTES, MAX_GAP_BYTES, make_bundles

KIB = 1024
starts = st.integers(0, 100 * MAX_BUNDLE_BYTES)
lengths = st.integers(1, 100) | st.integers(1, 3 * MAX_BUNDLE_BYTES)
ranges_of_any_kind = st.lists(
    st.builds(lambda start, length: ByteRange(start, start + length), starts, lengths), max_size=64
)


@pytest.mark.parametrize(
    ("ranges", "spans"),
    [
        pytest.param([(0, 1)], [(0, 1)], id="one"),
        pytest.param([(0, 1), (5, 6)], [(0, 6), (0, 6)], id="near each other"),
        pytest.param([(5, 6), (0, 1)], [(0, 6), (0, 6)], id="in any order"),
        pytest.param([(0, 9), (2, 4)], [(0, 9), (0, 9)], id="one within the other"),
        pytest.param(
            [(0, 1), (1 + MAX_GAP_BYTES, 2 + MAX_GAP_BYTES)],
            [(0, 2 + MAX_GAP_BYTES)] * 2,
            id="just near enough",
        ),
        pytest.param(
            [(0, 1), (2 + MAX_GAP_BYTES, 3 + MAX_GAP_BYTES)],
            [(0, 1), (2 + MAX_GAP_BYTES, 3 + MAX_GAP_BYTES)],
            id="too far apart",
        ),
        pytest.param(
            [(0, 10_000_000), (10_000_001, 10_000_002)],
            [(0, 10_000_000), (10_000_001, 10_000_002)],
            id="a large one is alone",
        ),
        pytest.param([(0, 10**7), (0, 10**7)], [(0, 10**7)] * 2, id="the same twice"),
    ],
)
def test_what_is_fetched_together(
    ranges: list[tuple[int, int]], spans: list[tuple[int, int]]
) -> None:
    bundles = make_bundles([ByteRange(*each) for each in ranges])
    assert [tuple(bundle.span) for bundle in bundles] == spans


@given(ranges_of_any_kind)
def test_each_range_is_within_its_bundle(ranges: list[ByteRange]) -> None:
    bundles = make_bundles(ranges)
    for wanted, bundle in zip(ranges, bundles, strict=True):
        assert bundle.span.start <= wanted.start < wanted.stop <= bundle.span.stop
        assert bundles.count(bundle) == bundle.ranges
        if bundle.ranges == 1:
            assert bundle.span == wanted
        else:
            assert bundle.span.length <= MAX_BUNDLE_BYTES
    kept = sum(bundle.span.length for bundle in set(bundles) if bundle.ranges > 1)
    assert kept <= len(ranges) / 2 * MAX_BUNDLE_BYTES


@given(ranges_of_any_kind)
def test_little_is_fetched_that_was_not_asked_for(ranges: list[ByteRange]) -> None:
    fetched = sum(bundle.span.length for bundle in set(make_bundles(ranges)))
    asked = sum(wanted.length for wanted in ranges)
    assert fetched <= asked + MAX_GAP_BYTES * len(ranges)
