"""The pages of a listing: which of the names in a folder are on one page. Pure: reads no file.

A page begins after a name, and not at a number, so that nothing is listed twice or left out if
the folder changes while somebody turns its pages.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterable
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from .target import quote_name

__all__ = ["Place", "first_places", "link_after", "place_of", "read_after"]

_AFTER: Final = b"after="


class Place(NamedTuple):
    """The place of a name in the order of a listing: folders come first, then letters in any case.

    `is_file` is false for a folder.
    """

    is_file: bool
    folded: str
    name: str


def place_of(name: str, *, is_folder: bool) -> Place:
    """The place of a name in the order of a listing."""
    return Place(not is_folder, name.casefold(), name)


def first_places(
    places: Iterable[Place], after: Place | None, count: int
) -> tuple[list[Place], bool]:
    """The first `count` of `places` that come after `after`, in order; and whether there are more.

    Of any number of places, no more than `count` and one are kept.
    """
    later = places if after is None else (place for place in places if place > after)
    first = heapq.nsmallest(count + 1, later)
    return first[:count], len(first) > count


def link_after(place: Place) -> str:
    """The link from a listing to its page that begins after `place`: a query."""
    return f"?{_AFTER.decode()}{quote_name(place.name)}{'' if place.is_file else '/'}"


def read_after(query: bytes) -> Place | None:
    """The place that `link_after` wrote into a query; `None` if there is none."""
    for field in query.split(b"&"):
        if field.startswith(_AFTER):
            name = os.fsdecode(unquote_to_bytes(field.removeprefix(_AFTER)))
            return place_of(name.removesuffix("/"), is_folder=name.endswith("/"))
    return None
