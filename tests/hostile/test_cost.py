"""No field costs more than its length asks for: sixteen times as long, not 256 times as dear."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from rangeserve import Limits
from rangeserve.core.ranges import ByteRange, coalesce

from .costs import FIELDS, PATTERNS, UNLIMITED, decider, others, seconds, value_of

KIB = 1024
SMALL, LARGE = 4 * KIB, 64 * KIB
# Linear costs 16 times as much and n log n 21 times; quadratic 256 times.
TOLERATED = 64
# What costs less than this many seconds at 64 KiB is cheap, whatever its growth.
CHEAP = 0.001


def grows_gently(make: Callable[[int], Callable[[], object]]) -> bool:
    for _ in range(3):  # a busy machine may spoil a measurement, but not three
        large = seconds(make(LARGE))
        if large < CHEAP or large <= TOLERATED * max(seconds(make(SMALL)), 1e-6):
            return True
    return False


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("field", FIELDS, ids=bytes.decode)
def test_no_pattern_is_quadratic(field: bytes, pattern: str) -> None:
    assert grows_gently(lambda size: decider(field, value_of(pattern, size), UNLIMITED))


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("reader", others(b""))
def test_nor_for_what_else_reads_a_field(reader: str, pattern: str) -> None:
    assert grows_gently(lambda size: others(value_of(pattern, size))[reader])


def lines_run(work: Callable[[], object]) -> int:
    """How many lines of the package a call runs: the same on every machine."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if "rangeserve" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("pattern", ["first bytes", "digits", "commas", "open ranges", "suffixes"])
def test_a_range_over_the_limits_costs_next_to_nothing(pattern: str) -> None:
    """It is not parsed at all: the limits come before anything is built."""
    asked = lines_run(decider(b"range", b"bytes=0-1", Limits()))
    hostile = lines_run(decider(b"range", value_of(pattern, 1024 * KIB), Limits()))
    assert hostile <= asked + 10


def test_more_specs_than_allowed_cost_a_count_only() -> None:
    """1,300 specs within 8 KiB, as Apache's killer had them."""
    killer = b"bytes=0-," + b",".join(b"5-%d" % last for last in range(5, 1300))
    limited = lines_run(decider(b"range", killer[:8000], Limits()))
    parsed = lines_run(decider(b"range", killer[:8000], UNLIMITED))
    assert limited < parsed / 10


@pytest.mark.parametrize("order", ["ascending", "descending", "nested", "all alike"])
def test_coalescing_runs_a_bounded_number_of_lines_a_range(order: str) -> None:
    def ranges(count: int) -> list[ByteRange]:
        if order == "nested":
            return [ByteRange(at, 10 * count - at) for at in range(count)]
        if order == "all alike":
            return [ByteRange(0, 1)] * count
        made = [ByteRange(10 * at, 10 * at + 5) for at in range(count)]
        return made if order == "ascending" else made[::-1]

    few, many = (lines_run(lambda n=n: coalesce(ranges(n))) for n in (500, 8000))  # type: ignore[misc]
    assert many <= 17 * few
