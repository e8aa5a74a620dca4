"""What the app would send with its 200: the selected representation and its metadata.

Reads the fields of an ASGI response start once, and keeps the facts that decide. Knows
what a source adds to the fields that the app gave.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

from .validators import format_http_date, parse_entity_tag

__all__ = ["Field", "Representation", "is_field_value", "read_representation"]

Field = tuple[bytes, bytes]

_MAX_LENGTH_DIGITS: Final = 18
# RFC 9110 5.5: what a field value may hold.
_FIELD_VALUE: Final = re.compile("[\t\x20-\x7e\x80-\xff]*")


def is_field_value(text: str) -> bool:
    """Whether `text` can stand in a response as a field value (RFC 9110 5.5)."""
    return _FIELD_VALUE.fullmatch(text) is not None


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

    `complete_length` is in bytes, `None` while unknown. `etag` and `last_modified` are field
    values, `None` if absent or ambiguous. `fields` are the app's own response fields;
    `source_fields` are those that a source adds because the app gave none. `forward_only`
    is true of a stream, which gives its bytes in ascending order only. `length_in_doubt` is
    true if the app's Content-Length is no number, or more than one.

    The facts come one after another - the fields first, the length perhaps with the body -
    so two methods complete them; nothing else changes them.
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
    source_fields: Sequence[Field] = ()

    def has_field(self, name: bytes) -> bool:
        """Whether the app itself gave a field of this name (lower case)."""
        for field, _ in self.fields:  # noqa: SIM110 - `any` takes three times as long
            if len(field) == len(name) and field.lower() == name:
                return True
        return False

    def know_body(self, size: int) -> None:
        """The whole body is at hand, and is of `size` bytes."""
        if not self.length_in_doubt:
            self.complete_length = size

    def know_source(
        self,
        size: int,
        etag: str | None,
        last_modified: datetime | None,
        content_type: str | None,
        now: float,
    ) -> None:
        """The bytes come from a source of `size` bytes, which adds the fields that are missing.

        Left out are an `etag` that is not an entity-tag and a `content_type` that cannot be
        a field value. A `last_modified` after `now` (seconds since the epoch) becomes `now`
        (RFC 9110 8.8.2.1); without a time zone it is UTC.
        """
        self.complete_length = size
        self.forward_only = False
        added: list[Field] = []
        if etag is not None and parse_entity_tag(etag) and not self.has_field(b"etag"):
            self.etag = etag
            added.append((b"etag", etag.encode("latin-1")))
        if last_modified is not None and not self.has_field(b"last-modified"):
            if last_modified.tzinfo is None:
                last_modified = last_modified.replace(tzinfo=timezone.utc)
            self.last_modified = format_http_date(min(last_modified.timestamp(), now))
            added.append((b"last-modified", self.last_modified.encode("ascii")))
        if (
            content_type is not None
            and is_field_value(content_type)
            and not self.has_field(b"content-type")
        ):
            self.content_type = content_type
            added.append((b"content-type", content_type.encode("latin-1")))
        self.source_fields = added


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
