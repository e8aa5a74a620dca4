"""Which ranges are fetched with one request to another machine. Pure: fetches nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..core.ranges import ByteRange

__all__ = ["MAX_BUNDLE_BYTES", "MAX_GAP_BYTES", "Bundle", "make_bundles"]

MAX_BUNDLE_BYTES: Final = 128 * 1024
"""The most bytes that are fetched for several ranges at once; they are kept until all are read.

With 64 ranges, which is the default limit, that makes 32 bundles and 4 MiB for a response.
"""
MAX_GAP_BYTES: Final = 16 * 1024
"""The most bytes between two ranges of a bundle, which are fetched and dropped."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """A `span` of bytes that is fetched with one request, and the number of ranges within it."""

    span: ByteRange
    ranges: int


def make_bundles(ranges: Sequence[ByteRange]) -> list[Bundle]:
    """The bundle of each of `ranges`, in their order; ranges that share a request share it.

    Small ranges that are near each other, in whatever order, are in one bundle: 64 ranges of one
    byte are then not 64 requests. A larger range has a bundle of its own.
    """
    groups: list[tuple[ByteRange, list[int]]] = []  # a span, and the places of its ranges
    for place in sorted(range(len(ranges)), key=lambda place: ranges[place]):
        wanted = ranges[place]
        if groups:
            span, places = groups[-1]
            both = ByteRange(span.start, max(span.stop, wanted.stop))
            if both.length <= MAX_BUNDLE_BYTES and wanted.start - span.stop <= MAX_GAP_BYTES:
                groups[-1] = (both, [*places, place])
                continue
        groups.append((wanted, [place]))
    bundle_of: dict[int, Bundle] = {}
    for span, places in groups:
        bundle_of.update(dict.fromkeys(places, Bundle(span, len(places))))
    return [bundle_of[place] for place in range(len(ranges))]
