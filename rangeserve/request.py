"""What a request asks: its method and the fields of RFC 9110 sections 13 and 14.

Knows how repeated field lines combine (RFC 9110 5.3). The values stay text; their grammars
live in `ranges.py` and `validators.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = ["REPEATED", "Request", "read_request"]

REPEATED: Final = "\x00repeated"
"""Stands for a singleton field that came more than once. No field value can hold its NUL."""

_SLOTS: Final = {
    b"range": "range",
    b"if-range": "if_range",
    b"if-match": "if_match",
    b"if-none-match": "if_none_match",
    b"if-modified-since": "if_modified_since",
    b"if-unmodified-since": "if_unmodified_since",
}
_LISTS: Final = frozenset({"if_match", "if_none_match"})
_LENGTHS: Final = frozenset(map(len, _SLOTS))


@dataclass(frozen=True, slots=True)
class Request:
    """The Range and precondition fields of one request. `None`: the field is absent.

    `range` and `if_range` may be `REPEATED`; a date that came twice is ignored and so absent.
    """

    method: str = "GET"
    range: str | None = None
    if_range: str | None = None
    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_unmodified_since: str | None = None

    @property
    def has_preconditions(self) -> bool:
        """Whether any of the four preconditions that come before Range is present."""
        return not (
            self.if_match is None
            and self.if_none_match is None
            and self.if_modified_since is None
            and self.if_unmodified_since is None
        )


def read_request(method: str, headers: Iterable[tuple[bytes, bytes]]) -> Request | None:
    """Collect the fields that concern us from ASGI `headers`, names in any case.

    `None` if the request has none of them: the common case, kept cheap.
    """
    lines: dict[str, list[str]] | None = None
    for name, value in headers:
        if len(name) in _LENGTHS:
            slot = _SLOTS.get(name.lower())
            if slot is not None:
                if lines is None:
                    lines = {}
                lines.setdefault(slot, []).append(value.decode("latin-1").strip(" \t"))
    if lines is None:
        return None
    return Request(method, **{slot: _combine(slot, values) for slot, values in lines.items()})


def _combine(slot: str, values: list[str]) -> str | None:
    if len(values) == 1:
        return values[0]
    if slot in _LISTS:  # RFC 9110 5.3: list-based fields are joined
        return ", ".join(values)
    # Not lists, so the request is in error: a date is ignored, a Range too (but said so),
    # and an If-Range is a condition that cannot hold.
    return REPEATED if slot in ("range", "if_range") else None
