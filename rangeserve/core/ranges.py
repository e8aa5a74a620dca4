"""The Range field: its grammar, and what it selects of a representation.

Knows RFC 9110 14.1 and 14.2: a ranges-specifier is parsed into a
`werkzeug.datastructures.Range`, and a `Range` is resolved against a complete length into
`ByteRange`s. Headers, statuses and limits are left to other modules. Nothing here raises for
what a client sent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from werkzeug.datastructures import Range

__all__ = [
    "ByteRange",
    "ContentRange",
    "coalesce",
    "format_range",
    "is_in_bytes",
    "parse_content_range",
    "parse_range",
    "range_unit",
    "read_one",
    "resolve",
]

# RFC 9110 14.1: ranges-specifier = range-unit "=" range-set; range-unit = token.
_RANGES_SPECIFIER: Final = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(.*)", re.DOTALL)
# RFC 9110 14.1.1: int-range = first-pos "-" [ last-pos ]; suffix-range = "-" suffix-length.
# `[0-9]` and not `\d`: only ASCII digits count, although `int` would accept others.
_RANGE_SPEC: Final = re.compile(r"([0-9]*)-([0-9]*)")
# One int-range as clients write it.
_ONE_RANGE: Final = re.compile(r"bytes=([1-9][0-9]{0,17}|0)-([1-9][0-9]{0,17}|0)?")
# The unit alone: whatever follows, unless the token goes on.
_BYTES: Final = re.compile(r"[ \t]*bytes(?![!#$%&'*+\-.^_`|~0-9A-Za-z])", re.IGNORECASE)
# RFC 9110 14.4, without the unsatisfied-range. More digits are no position of a body.
_CONTENT_RANGE: Final = re.compile(
    r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)"
)
_OWS: Final = " \t"

# A position with more digits than this lies past the end of anything that can be stored.
# Larger numbers are cut to `_BEYOND`, because `int` takes quadratic time for long digits.
_MAX_DIGITS: Final = 20
_BEYOND: Final = 10**_MAX_DIGITS


class ByteRange(NamedTuple):
    """A satisfiable range of a representation: the bytes `[start, stop)`, half-open."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """The number of bytes in the range."""
        return self.stop - self.start


def _position(digits: str) -> int:
    """The value of `digits` without leading zeros, at most `_BEYOND`."""
    if len(digits) > _MAX_DIGITS:
        return _BEYOND
    return int(digits) if digits else 0


def _read_spec(spec: str) -> tuple[int, int | None] | None:
    """One range-spec as Werkzeug writes it: `(start, stop)`, `(start, None)` or `(-length, None)`.

    `(0, 0)` stands for `-0`, which is valid and selects nothing. `None` if `spec` is malformed.
    """
    match = _RANGE_SPEC.fullmatch(spec)
    if match is None:
        return None
    first, last = match.groups()
    if not first:
        if not last:
            return None
        length = _position(last.lstrip("0"))
        return (-length, None) if length else (0, 0)
    start = first.lstrip("0")
    if not last:
        return (_position(start), None)
    stop = last.lstrip("0")
    # RFC 9110 14.1.1: an int-range is invalid if last-pos is less than first-pos.
    # Compared as digits, since the values may have been cut.
    if (len(stop), stop) < (len(start), start):
        return None
    return (_position(start), _position(stop) + 1)


def read_one(field: str) -> tuple[int, int | None] | None:
    """The `(start, stop)` of the commonest Range fields, half-open; `None` for any other field.

    They are one int-range in bytes, as clients write it; `stop` is `None` if it is open-ended. Both
    may lie beyond the representation.
    """
    match = _ONE_RANGE.fullmatch(field)
    if match is None:
        return None
    first, last = match.groups()
    start = int(first)
    if last is None:
        return (start, None)
    stop = int(last) + 1
    return (start, stop) if start < stop else None


def parse_range(field: str) -> Range | None:
    """Parse a Range field value (RFC 9110 14.1.1, 14.2); `None` if it cannot be used.

    In the `Range`, `units` is `"bytes"` and `ranges` are Werkzeug's half-open pairs:
    `(start, stop)`, `(start, None)` for an open-ended range and `(-length, None)` for a suffix.
    A suffix of length 0 selects nothing and is left out, so `ranges` may be empty: such a
    Range is valid and unsatisfiable. Numbers above 10^20 are cut there.

    `None` is for a value that does not match the grammar (one malformed range-spec makes the
    whole field malformed) and for a unit other than bytes. Never raises.
    """
    match = _RANGES_SPECIFIER.fullmatch(field.strip(_OWS))
    if match is None or match[1].lower() != "bytes":
        return None
    ranges: list[tuple[int, int | None]] = []
    has_spec = False
    for element in match[2].split(","):
        spec = element.strip(_OWS)
        if not spec:  # RFC 9110 5.6.1.2: empty list elements are accepted and ignored
            continue
        pair = _read_spec(spec)
        if pair is None:
            return None
        has_spec = True
        if pair != (0, 0):
            ranges.append(pair)
    return Range("bytes", ranges) if has_spec else None


def range_unit(field: str) -> str | None:
    """The range-unit of a Range field value in lower case, `None` if the value has none."""
    match = _RANGES_SPECIFIER.fullmatch(field.strip(_OWS))
    return match[1].lower() if match else None


def is_in_bytes(field: str) -> bool:
    """Whether a Range field value begins with the unit bytes, be the rest well-formed or not."""
    return _BYTES.match(field) is not None


class ContentRange(NamedTuple):
    """A Content-Range: the unit as it is written, the bytes `[start, stop)`, the whole's length.

    `complete_length` is in bytes, `None` if it is `*`.
    """

    unit: str
    start: int
    stop: int
    complete_length: int | None


def parse_content_range(field: str) -> ContentRange | None:
    """Parse the Content-Range of a part (RFC 9110 14.4); `None` if malformed or contradictory."""
    match = _CONTENT_RANGE.fullmatch(field)
    if match is None:
        return None
    first, last = int(match[2]), int(match[3])
    complete_length = None if match[4] == "*" else int(match[4])
    if last < first or (complete_length is not None and last >= complete_length):
        return None
    return ContentRange(match[1], first, last + 1, complete_length)


def format_range(ranges: Range) -> str:
    """The field value of a `Range`: the inverse of `parse_range`."""
    # Without ranges nothing is selected, and `-0` says so.
    return ranges.to_header() if ranges.ranges else f"{ranges.units}=-0"


def resolve(ranges: Range, complete_length: int) -> tuple[ByteRange, ...]:
    """The satisfiable ranges of a representation of `complete_length` bytes (RFC 9110 14.1.2).

    Their order is that of `ranges`. An unsatisfiable range is left out, an end past the
    representation is moved to its end, and a suffix longer than the representation selects all
    of it. The result is empty if no range is satisfiable.
    """
    resolved: list[ByteRange] = []
    for start, stop in ranges.ranges:
        if start < 0:
            start = max(complete_length + start, 0)
        if start < complete_length:
            end = complete_length if stop is None else min(stop, complete_length)
            resolved.append(ByteRange(start, end))
    return tuple(resolved)


def coalesce(ranges: Sequence[ByteRange]) -> tuple[ByteRange, ...]:
    """Merge ranges that overlap or touch (RFC 9110 15.3.7.2), in O(n log n) time.

    A merged range takes the place of the first of the ranges in it; otherwise the order of
    `ranges` is kept.
    """
    if len(ranges) < 2:
        return tuple(ranges)
    merged: list[tuple[int, ByteRange]] = []
    for (start, stop), place in sorted((part, place) for place, part in enumerate(ranges)):
        if merged and start <= merged[-1][1].stop:
            first, last = merged[-1]
            merged[-1] = (min(first, place), ByteRange(last.start, max(last.stop, stop)))
        else:
            merged.append((place, ByteRange(start, stop)))
    return tuple(joined for _, joined in sorted(merged))
