"""What a request asks: its method and the fields of RFC 9110 sections 13 and 14.

Knows how repeated field lines combine (RFC 9110 5.3). The values stay text; their grammars
live in `ranges.py` and `validators.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from .limits import Limits

__all__ = ["OVER_LIMITS", "REPEATED", "Request", "read_request"]

REPEATED: Final = "\x00repeated"
"""Stands for a singleton field that came more than once. No field value can hold its NUL."""

OVER_LIMITS: Final = "\x00over limits"
"""Stands for a Range field that is over one of the `Limits`."""

_ATTRIBUTES: Final = {
    b"range": "range",
    b"if-range": "if_range",
    b"if-match": "if_match",
    b"if-none-match": "if_none_match",
    b"if-modified-since": "if_modified_since",
    b"if-unmodified-since": "if_unmodified_since",
}
_DEFAULT_LIMITS: Final = Limits()
_LISTS: Final = frozenset({"if_match", "if_none_match"})
_LENGTHS: Final = frozenset(map(len, _ATTRIBUTES))


@dataclass(slots=True)
class Request:
    """The Range and precondition fields of one request. `None`: the field is absent.

    `range` may be `REPEATED` or `OVER_LIMITS`, `if_range` may be `REPEATED`; a date that
    came twice is ignored, and so absent.
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


def read_request(
    method: str, headers: Iterable[tuple[bytes, bytes]], limits: Limits = _DEFAULT_LIMITS
) -> Request | None:
    """Collect the Range and precondition fields from ASGI `headers`, names in any case.

    `None` if the request has none of them: the common case, kept cheap.
    """
    lines: dict[str, list[str]] | None = None
    for name, value in headers:
        if len(name) in _LENGTHS:
            attribute = _ATTRIBUTES.get(name.lower())
            if attribute is not None:
                if lines is None:
                    lines = {}
                lines.setdefault(attribute, []).append(value.decode("latin-1").strip(" \t"))
    if lines is None:
        return None
    fields = {attribute: _combine(attribute, values) for attribute, values in lines.items()}
    ranges = fields.get("range")
    if ranges is not None and not limits.admit(ranges):
        fields["range"] = OVER_LIMITS
    return Request(method, **fields)


def _combine(attribute: str, values: list[str]) -> str | None:
    if len(values) == 1:
        return values[0]
    if attribute in _LISTS:  # RFC 9110 5.3: list-based fields are joined
        return ", ".join(values)
    # Not lists, so the request is in error: a date is ignored; a Range is ignored too, and an
    # observer told why; an If-Range is a condition that cannot hold.
    return REPEATED if attribute in ("range", "if_range") else None
