"""A source takes the place of the app's body: what it adds to the app's fields."""

from __future__ import annotations

import re
from datetime import timezone
from typing import Final

from .representation import Field, Representation
from .sources.protocol import Source
from .validators import format_http_date, parse_entity_tag

__all__ = ["gives", "supply"]

# RFC 9110 5.5: what a field value may hold.
_FIELD_VALUE: Final = re.compile("[\t\x20-\x7e\x80-\xff]*")


def gives(representation: Representation, name: bytes) -> bool:
    """Whether the app's own fields have `name` (lower case)."""
    for field, _ in representation.fields:  # a loop: an `any` costs three times as much
        if len(field) == len(name) and field.lower() == name:
            return True
    return False


def supply(representation: Representation, source: Source, now: float) -> None:
    """Describe `source` in `representation`: its length, and each field that the app left out.

    A source's `etag` that is not an entity-tag is left out, and so is a `content_type` that
    cannot be a field value. A `last_modified` after `now`
    (seconds since the epoch) becomes `now` (RFC 9110 8.8.2.1).
    """
    representation.complete_length = source.size
    representation.forward_only = False
    supplied: list[Field] = []
    etag, modified, kind = source.etag, source.last_modified, source.content_type
    if etag is not None and parse_entity_tag(etag) and not gives(representation, b"etag"):
        representation.etag = etag
        supplied.append((b"etag", etag.encode("latin-1")))
    if modified is not None and not gives(representation, b"last-modified"):
        if modified.tzinfo is None:
            modified = modified.replace(tzinfo=timezone.utc)
        representation.last_modified = format_http_date(min(modified.timestamp(), now))
        supplied.append((b"last-modified", representation.last_modified.encode("ascii")))
    if (
        kind is not None
        and _FIELD_VALUE.fullmatch(kind)
        and not gives(representation, b"content-type")
    ):
        representation.content_type = kind
        supplied.append((b"content-type", kind.encode("latin-1")))
    representation.supplied = supplied
