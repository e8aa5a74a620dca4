"""A CRC-32 as far as it has been computed."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rangeserve.sources import crc32
from rangeserve.sources.crc32 import Progress, forget, progress_of

CONTENT = bytes(range(200))


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200))))
def test_chunks_in_any_order_are_added_where_they_fit(windows: list[tuple[int, int]]) -> None:
    progress = Progress()
    reached = 0
    for start, stop in [*windows, (0, 200)]:
        progress.add(start, CONTENT[start:stop])
        if start <= reached < stop:
            reached = stop
        assert progress.position == reached
        assert progress.result(reached) == zlib.crc32(CONTENT[:reached])
        assert progress.result(reached + 1) is None
    assert progress.result(200) == zlib.crc32(CONTENT)


def test_a_progress_is_kept_by_its_key_until_it_is_forgotten() -> None:
    key = ("test_crc32", 1)
    progress = progress_of(key)
    assert progress_of(key) is progress
    forget(key)
    forget(key)
    assert progress_of(key) is not progress


def test_no_more_than_a_number_of_them_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crc32, "_progress", type(crc32._progress)())
    monkeypatch.setattr(crc32, "_MAX_REMEMBERED", 2)
    one, two = progress_of(1), progress_of(2)
    assert progress_of(1) is one  # so that 2 is the one that was not used for the longest time
    progress_of(3)
    assert progress_of(1) is one
    assert progress_of(2) is not two
    assert len(crc32._progress) == 2
