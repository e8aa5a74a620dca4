"""The pages of a listing: which of the names in a folder are on one page. Pure: reads no file.

A page begins after an entry, and not at a number, so that nothing is listed twice or left out if
the folder changes while somebody turns its pages.
"""

from __future__ import annotations

import heapq
import os
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_to_bytes

from .order import BY_NAME, Order, Place
from .target import quote_name

__all__ = ["first_places", "link_after", "link_to", "read_after"]

_AFTER: Final = b"after="
_AT: Final = b"at="
_NUMBER: Final = re.compile(rb"-?[0-9]{1,20}")


def first_places(
    places: Iterable[Place], after: Place | None, count: int
) -> tuple[list[Place], bool]:
    """The first `count` of `places` that come after `after`, in order; and whether there are more.

    Of any number of places, no more than `count` and one are kept.
    """
    later = places if after is None else (place for place in places if place > after)
    first = heapq.nsmallest(count + 1, later)
    return first[:count], len(first) > count


def link_to(order: Order) -> str:
    """The link from a listing to the first page of the same folder in an `order`."""
    return "./" if order == BY_NAME else f"?sort={order.text}"


def link_after(place: Place, order: Order = BY_NAME) -> str:
    """The link from a listing to its page in an `order` that begins after `place`: a query."""
    fields: list[str] = [] if order == BY_NAME else [f"sort={order.text}"]
    if order.needs_status:
        fields.append(f"{_AT.decode()}{place.number}")
    fields.append(f"{_AFTER.decode()}{quote_name(place.name)}{'' if place.is_file else '/'}")
    return "?" + "&".join(fields)


def read_after(query: bytes, order: Order = BY_NAME) -> Place | None:
    """The place that `link_after` wrote into a query for the same `order`; `None` without one."""
    after, at = _value(query, _AFTER), _value(query, _AT)
    if after is None:
        return None
    name = os.fsdecode(unquote_to_bytes(after))
    is_folder, name = name.endswith("/"), name.removesuffix("/")
    if not order.needs_status:
        return order.place_of(name, is_folder=is_folder)
    if at is None or _NUMBER.fullmatch(at) is None:
        return None
    return order.place_at(int(at), name, is_folder=is_folder)


def _value(query: bytes, name: bytes) -> bytes | None:
    """The value of the first field of a query that is called `name`, which ends in `=`."""
    for field in query.split(b"&"):
        if field.startswith(name):
            return field.removeprefix(name)
    return None
