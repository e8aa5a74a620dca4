"""The selected representation: the facts of the app's 200 on which a decision depends.

Reads the fields of a response start once. Knows which fields a source adds to those of the app.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final, cast

from .validators import format_http_date, is_entity_tag

__all__ = [
    "MAX_LENGTH_DIGITS",
    "Field",
    "Representation",
    "elements",
    "is_field_value",
    "materialize",
    "read_representation",
]

Field = tuple[bytes, bytes]
"""A response field: its name and its value."""

MAX_LENGTH_DIGITS: Final = 18
"""A Content-Length of more digits is no number that a body can have."""
# RFC 9110 5.5: what a field value may hold; it neither begins nor ends with white space.
_FIELD_VALUE: Final = re.compile("[!-~\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[!-~\x80-\xff])?")


def is_field_value(text: str) -> bool:
    """Whether `text` is allowed as a field value (RFC 9110 5.5): ISO 8859-1, no controls."""
    return _FIELD_VALUE.fullmatch(text) is not None


_SINGLETONS: Final = frozenset(
    {b"content-length", b"content-type", b"content-range", b"etag", b"last-modified"}
)
_LISTS: Final = frozenset({b"content-encoding", b"accept-ranges"})


@dataclass(slots=True)
class Representation:
    """The facts of one 200 on which `select` and `make_plan` depend.

    - `fields`: the app's own response fields. `source_fields`: those that a source adds because
      the app gave none.
    - `complete_length`: in bytes, `None` while it is unknown. `content_length`: the app's
      Content-Length, in bytes. `length_in_doubt`: whether the app's Content-Length is no number,
      or several different ones.
    - `etag`, `last_modified` and `content_type`: field values, `None` for a field that is absent,
      or repeated with different values.
    - `coded`: whether there is a Content-Encoding other than `identity`. `accepts_ranges`: false
      after `Accept-Ranges: none`, `None` without the field. `has_content_range`: whether there is
      a Content-Range, and `content_range` its value, as that of the fields above.
    - `forward_only`: whether the bytes come in ascending order only, as those of a stream do.

    The fields are known first, and the length perhaps only with the body or the source; then
    `know_body` or `know_source` adds it.
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
    content_range: str | None = None
    forward_only: bool = True
    length_in_doubt: bool = False
    source_fields: Sequence[Field] = ()

    def has_field(self, name: bytes) -> bool:
        """Whether the app itself gave a field of this `name`, which is in lower case."""
        for field, _ in self.fields:  # noqa: SIM110 - `any` takes three times as long
            if len(field) == len(name) and field.lower() == name:
                return True
        return False

    @property
    def has_part(self) -> bool:
        """Whether the Content-Range says that this is a part, and not the whole.

        On a 200 the field has no meaning (RFC 9110 14.4): one that spells the whole is ignored.
        """
        whole = self.complete_length
        if whole is None:
            return self.has_content_range
        return self.has_content_range and self.content_range != f"bytes 0-{whole - 1}/{whole}"

    def know_body(self, size: int) -> None:
        """Note that the whole body has `size` bytes; a Content-Length in doubt stays so."""
        if not self.length_in_doubt:
            self.complete_length = size

    def forget_validators(self) -> None:
        """Leave out the app's ETag and Last-Modified: they are of another state of the content."""
        self.etag = self.last_modified = None
        self.fields = [
            field for field in self.fields if field[0].lower() not in (b"etag", b"last-modified")
        ]

    def amend_coded(self, *, negotiated: bool) -> None:
        """Leave out `Accept-Ranges: bytes`, and make a strong ETag weak if `negotiated`.

        For a coded response, no range of which can be asked for. A layer that has coded it for
        this client may have kept the tag of the identity, and a client that resumes would join
        two codings under one strong tag (RFC 9110 8.8.3.3).
        """
        kept: list[Field] = []
        for name, value in self.fields:
            lowered = name.lower()
            if negotiated and lowered == b"etag" and value.strip(b" \t").startswith(b'"'):
                kept.append((name, b"W/" + value.strip(b" \t")))
            elif not (lowered == b"accept-ranges" and elements([value]) == {b"bytes"}):
                kept.append((name, value))
        if kept == list(self.fields):
            return
        self.fields = kept
        self.etag = read_representation(kept).etag

    def know_source(
        self,
        size: int,
        etag: str | None,
        last_modified: datetime | None,
        content_type: str | None,
        now: float,
    ) -> None:
        """Note that a source of `size` bytes gives the body, and add the fields that are missing.

        An `etag` that is not a quoted entity-tag and a `content_type` that is no field value are
        left out. A `last_modified` later than `now` (seconds since the epoch) becomes `now`
        (RFC 9110 8.8.2.1); without a time zone it is taken as UTC.
        """
        self.complete_length = size
        self.forward_only = False
        given = {name.lower() for name, _ in self.fields}
        added = self._missing_validators(given, etag, last_modified, now)
        if (
            content_type is not None
            and b"content-type" not in given
            and is_field_value(content_type)
        ):
            self.content_type = content_type
            added.append((b"content-type", content_type.encode("latin-1")))
        self.source_fields = added

    def add_validator(self, validator: str | datetime, now: float) -> None:
        """Note an ETag or a Last-Modified as if the app had given it, unless it has.

        A `str` is a quoted entity-tag; what is none is left out. See `know_source` for a date.
        """
        etag, last_modified = (validator, None) if isinstance(validator, str) else (None, validator)
        given = {name.lower() for name, _ in self.fields}
        self.fields = [*self.fields, *self._missing_validators(given, etag, last_modified, now)]

    def _missing_validators(
        self, given: set[bytes], etag: str | None, last_modified: datetime | None, now: float
    ) -> list[Field]:
        """Note those of the two that the app has not given itself; the fields for them.

        `given` are the names of the app's own fields, in lower case.
        """
        added: list[Field] = []
        if etag is not None and b"etag" not in given and is_entity_tag(etag):
            self.etag = etag
            added.append((b"etag", etag.encode("latin-1")))
        if last_modified is not None and b"last-modified" not in given:
            if last_modified.tzinfo is None:
                last_modified = last_modified.replace(tzinfo=timezone.utc)
            self.last_modified = format_http_date(min(last_modified.timestamp(), now))
            added.append((b"last-modified", self.last_modified.encode("ascii")))
        return added


def materialize(fields: Iterable[Iterable[bytes]]) -> Sequence[Field]:
    """The same `fields` if they can be read again and again; else a list of them, read once.

    ASGI allows any iterable of two-item iterables.
    """
    if isinstance(fields, (list, tuple)):
        for pair in fields:
            if type(pair) is not tuple and type(pair) is not list:
                break
        else:
            pairs: Any = fields
            return pairs  # type: ignore[no-any-return]
    return [cast("Field", tuple(pair)) for pair in fields]


def read_representation(fields: Iterable[Field]) -> Representation:
    """The representation that the fields of a response describe; names may be in any case."""
    kept = materialize(fields)
    representation = Representation(kept)
    singletons: dict[bytes, bytes | None] = {}  # `None` if there are two different values
    lists: dict[bytes, list[bytes]] = {}
    for name, value in kept:
        lowered = name.lower()
        if lowered in _SINGLETONS:
            singletons[lowered] = value if singletons.get(lowered, value) == value else None
        elif lowered in _LISTS:
            lists.setdefault(lowered, []).append(value)
    for lowered, only in singletons.items():
        text = only.decode("latin-1").strip(" \t") if only is not None else None
        if lowered == b"content-type":
            representation.content_type = text
        elif lowered == b"content-length":
            length = _length(text)
            representation.content_length = representation.complete_length = length
            representation.length_in_doubt = length is None
        elif lowered == b"etag":
            representation.etag = text
        elif lowered == b"last-modified":
            representation.last_modified = text
        else:
            representation.has_content_range = True
            representation.content_range = text
    if b"content-encoding" in lists:
        codings = elements(lists[b"content-encoding"])
        representation.coded = not codings <= {b"", b"identity"}
    if b"accept-ranges" in lists:
        representation.accepts_ranges = b"none" not in elements(lists[b"accept-ranges"])
    return representation


def elements(values: list[bytes]) -> set[bytes]:
    """The elements of a list field, in lower case."""
    return {element.strip().lower() for value in values for element in value.split(b",")}


def _length(text: str | None) -> int | None:
    """The Content-Length in bytes; `None` unless it is one number (RFC 9110 8.6)."""
    if text is None or len(text) > MAX_LENGTH_DIGITS or not (text.isascii() and text.isdigit()):
        return None
    return int(text)
