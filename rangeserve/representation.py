"""What the app would send with its 200: the selected representation and its metadata.

Reads the fields of an ASGI response start, once, and keeps the facts that decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Field", "Representation", "read_representation"]

Field = tuple[bytes, bytes]

_MAX_LENGTH_DIGITS: Final = 18
_READ: Final = frozenset(
    {
        b"content-length",
        b"content-type",
        b"content-encoding",
        b"content-range",
        b"accept-ranges",
        b"etag",
        b"last-modified",
    }
)


@dataclass(slots=True)
class Representation:
    """The facts of one 200 that selection needs.

    `complete_length` is in bytes, `None` while unknown. `etag` and `last_modified` are the
    field values as they stand, `None` if absent or ambiguous. `fields` are the app's own
    response fields; `supplied` are those that a source adds because the app gave none.
    `forward_only` is true of a stream, which can only give its bytes in ascending order.
    `length_in_doubt` is true if the app's Content-Length is no number, or more than one.
    """

    fields: Sequence[Field] = ()
    complete_length: int | None = None
    content_length: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    content_type: str | None = None
    coded: bool = False
    accepts_ranges: bool | None = None
    has_content_range: bool = False
    forward_only: bool = True
    length_in_doubt: bool = False
    supplied: Sequence[Field] = ()


def read_representation(fields: Iterable[Field]) -> Representation:
    """Read the fields of a response start; names in any case, values as the app gave them."""
    kept = list(fields)
    seen: dict[bytes, list[bytes]] = {}
    for name, value in kept:
        lowered = name.lower()
        if lowered in _READ:
            seen.setdefault(lowered, []).append(value)
    representation = Representation(fields=kept)
    if not seen:
        return representation
    representation.etag = _only(seen.get(b"etag"))
    representation.last_modified = _only(seen.get(b"last-modified"))
    representation.content_type = _only(seen.get(b"content-type"))
    representation.has_content_range = b"content-range" in seen
    if b"content-length" in seen:
        representation.content_length = _length(seen[b"content-length"])
        representation.complete_length = representation.content_length
        representation.length_in_doubt = representation.content_length is None
    if b"content-encoding" in seen:
        representation.coded = any(
            coding.strip().lower() not in (b"", b"identity")
            for value in seen[b"content-encoding"]
            for coding in value.split(b",")
        )
    if b"accept-ranges" in seen:
        representation.accepts_ranges = not any(
            unit.strip().lower() == b"none"
            for value in seen[b"accept-ranges"]
            for unit in value.split(b",")
        )
    return representation


def _only(values: list[bytes] | None) -> str | None:
    """The value of a singleton field; of two that differ neither can be trusted."""
    if not values or (len(values) > 1 and len(set(values)) > 1):
        return None
    return values[0].decode("latin-1").strip(" \t")


def _length(values: list[bytes]) -> int | None:
    """A Content-Length that is digits, once or repeated alike (RFC 9110 8.6); else unknown."""
    text = _only(values)
    if text is None or len(text) > _MAX_LENGTH_DIGITS or not (text.isascii() and text.isdigit()):
        return None
    return int(text)
