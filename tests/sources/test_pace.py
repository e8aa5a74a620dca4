"""`pace.py`: chunk sizes and turns."""

from __future__ import annotations

from itertools import pairwise

from rangeserve.sources.pace import Pace

KIB = 1024
MIB = 1024 * KIB


def sizes_of(pace: Pace, sends: int, seconds: float = 0.0) -> list[int]:
    sizes = []
    for _ in range(sends):
        sizes.append(pace.size)
        pace.sent(pace.size, seconds)
    return sizes


def test_chunks_start_small_and_grow_to_a_mebibyte_while_it_flows() -> None:
    sizes = sizes_of(Pace(), 140)
    assert sizes == sorted(sizes)
    assert sizes[-1] == MIB
    small = sizes[: 8 * MIB // (64 * KIB)]
    assert set(small) == {64 * KIB}, "a slow reader's socket buffers fill at once"


def test_a_short_body_has_larger_chunks_from_the_first_on() -> None:
    pace = Pace()
    pace.expect(MIB)
    assert sizes_of(pace, 5) == [256 * KIB] * 5


def test_a_send_that_is_only_interrupted_changes_nothing() -> None:
    pace = Pace()
    sizes_of(pace, 140)
    pace.sent(pace.size, 0.03)
    assert pace.size == MIB


def test_a_send_that_waits_for_the_client_makes_them_small_again() -> None:
    pace = Pace()
    sizes_of(pace, 140)
    assert pace.size == MIB
    pace.sent(pace.size, 0.5)
    assert pace.size == 64 * KIB
    assert sizes_of(pace, 5, 0.5) == [64 * KIB] * 5


def test_a_client_that_is_always_slow_costs_little() -> None:
    pace = Pace()
    assert max(sizes_of(pace, 200, 0.1)) == 64 * KIB


def turns(count: int, messages: int) -> list[int]:
    pace = Pace()
    return [place for place in range(messages) if pace.due(count)]


def test_others_have_their_turn_at_least_every_mebibyte() -> None:
    for size in (1, 1000, 64 * KIB, 256 * KIB, MIB):
        places = [-1, *turns(size, 4 * MIB // size if size > 1000 else 4096)]
        assert len(places) > 1
        gaps = [after - before for before, after in pairwise(places)]
        assert max(gaps) * size <= MIB


def test_a_million_empty_messages_yield_too() -> None:
    assert len(turns(0, 1_000)) >= 3


def test_a_turn_is_not_due_for_every_small_message() -> None:
    assert len(turns(100, 200)) <= 1


def test_after_a_send_that_waited_it_is_time_to_hear_whether_the_client_left() -> None:
    pace = Pace()
    pace.sent(KIB, 0.0)
    assert not pace.due(KIB)
    pace.sent(KIB, 0.005)
    assert pace.due(KIB)
    assert not pace.due(KIB), "once"
