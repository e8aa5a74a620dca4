"""No field, and no path, costs more than its length asks for.

Of eight times the length, that is about eight times the work.

The work is counted (`work.py`) and not timed; `report_cost.py` tells the time.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from rangeserve import Limits
from rangeserve.core.ranges import ByteRange, coalesce
from rangeserve.directory.beneath import Folder, open_beneath
from rangeserve.directory.target import read_target
from rangeserve.sources.mounts import device_of

from .costs import (
    FIELDS,
    PATH_PATTERNS,
    PATH_READERS,
    PATTERNS,
    UNLIMITED,
    decider,
    others,
    scope_with,
    value_of,
)
from .work import Octets, Text, TooMuchWork, lines_run, work_done

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


def path_reader(reader: str, path: str, *, raw: bool) -> Callable[[], object]:
    """One look at a path, all of which is counted."""
    if reader == "the key of an object":
        pytest.importorskip("obstore", reason="obstore is not installed")
        importlib.import_module("rangeserve.objectstore")  # not counted
    scope = scope_with(path, raw=raw)
    scope = {**scope, "path": Text(path)}
    if raw:
        scope["raw_path"] = Octets(scope["raw_path"])
    return lambda: PATH_READERS[reader](scope)


@pytest.mark.parametrize("raw", [True, False], ids=["raw_path", "path"])
@pytest.mark.parametrize("pattern", PATH_PATTERNS)
@pytest.mark.parametrize("reader", PATH_READERS)
def test_no_path_is_quadratic(reader: str, pattern: str, raw: bool) -> None:
    assert grows_gently(
        lambda path: path_reader(reader, bytes(path).decode("latin-1"), raw=raw), pattern
    )


@pytest.mark.parametrize("pattern", PATH_PATTERNS)
@pytest.mark.parametrize("reader", ["the target in a folder", "the key of an object"])
def test_a_path_over_the_limit_costs_next_to_nothing(reader: str, pattern: str) -> None:
    """It is not read at all: the length comes first."""
    path = value_of(pattern, 64 * KIB).decode("latin-1")
    assert lines_run(path_reader(reader, path, raw=True)) <= 12
    assert path_reader(reader, path, raw=True)() is None


def test_a_path_of_many_names_is_looked_up_name_by_name(tmp_path: Path) -> None:
    """Up to the longest path that is looked up; a longer one asks nothing of the file system."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").symlink_to("..")

    def lines(names: int) -> int:
        def look_up() -> None:
            target = read_target(scope_with("/a/b" * (names // 2), raw=True))
            if target is not None:
                open_folder(str(tmp_path), target.names)

        return lines_run(look_up, os.path.realpath.__code__.co_filename)

    few, many = lines(128), lines(1024)
    assert 0 < many <= TOLERATED * few
    assert lines(8192) == 0


def test_which_device_a_path_is_on_costs_no_more_for_many_names() -> None:
    """It is asked on the event loop, for each request."""
    device_of("/a")  # reads the table, which is not counted
    few, many = (lines_run(partial(device_of, "/a" * names)) for names in (128, 2000))
    assert 0 < many <= 2 * few


def open_folder(root: str, names: tuple[str, ...]) -> None:
    opened = open_beneath(root, names, None, hidden=False)
    assert isinstance(opened, Folder)
    opened.close()


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
