"""No field costs more than its length asks for: eight times the length, about eight times the work.

The work is counted (`work.py`) and not timed; `report_cost.py` tells the time.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

import pytest

from rangeserve import Limits
from rangeserve.core.ranges import ByteRange, coalesce

from .costs import FIELDS, PATTERNS, UNLIMITED, decider, others, value_of
from .work import Octets, TooMuchWork, lines_run, work_done

KIB = 1024
SMALL, LARGE = 64, 512
# Of eight times the length: linear is 8 times the work, n log n is 12 times, quadratic 64 times.
TOLERATED = 16


def grows_gently(read: Callable[[Octets], Callable[[], object]], pattern: str) -> bool:
    """Whether the work that `read` makes of a value grows with the length, or hardly faster."""
    this = sys.modules[__name__]
    try:
        few, many = (
            work_done(read(Octets(value_of(pattern, size))), this) for size in (SMALL, LARGE)
        )
    except TooMuchWork:
        return False
    return many <= TOLERATED * few


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("field", FIELDS, ids=bytes.decode)
def test_no_pattern_is_quadratic(field: bytes, pattern: str) -> None:
    assert grows_gently(lambda value: decider(field, value, UNLIMITED), pattern)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("reader", others(b""))
def test_nor_for_what_else_reads_a_field(reader: str, pattern: str) -> None:
    assert grows_gently(lambda value: others(value)[reader], pattern)


# Parsers that are quadratic or worse, each in a way of its own.

_SPACES = re.compile(r"[ \t]+y")
_NESTED = re.compile(r"bytes=(?:(?:[0-9]+)*)*-")


def by_slices(value: str) -> None:
    while value:
        _, _, value = value.partition(",")


def by_searching(value: str) -> None:
    _SPACES.search(value)


def by_backtracking(value: str) -> None:
    _NESTED.fullmatch(value)


def by_number(value: str) -> int:
    return int(value.partition("=")[2] or "0")


def by_lines(value: str) -> int:
    found = 0
    for place in range(len(value)):
        for _ in range(place):
            found += 1
    return found


def by_counting(value: str) -> int:
    return sum(value.count(character) for character in value)


@pytest.mark.parametrize(
    ("parser", "pattern"),
    [
        pytest.param(by_slices, "first bytes", id="a copy of the rest for each element"),
        pytest.param(by_searching, "spaces", id="a search that begins again at each place"),
        pytest.param(by_backtracking, "digits, then junk", id="a nested repeat"),
        pytest.param(by_number, "digits", id="a number of any length"),
        pytest.param(by_lines, "token", id="a loop in a loop"),
        pytest.param(by_counting, "token", id="a scan for each character"),
    ],
)
def test_a_parser_that_is_quadratic_is_found(parser: Callable[[str], object], pattern: str) -> None:
    assert not grows_gently(lambda value: lambda: parser(value.decode("latin-1")), pattern)


def test_a_parser_that_is_linear_is_not() -> None:
    def parse(value: str) -> list[str]:
        return [element.strip().lower() for element in value.split(",")]

    assert grows_gently(lambda value: lambda: parse(value.decode("latin-1")), "first bytes")


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
