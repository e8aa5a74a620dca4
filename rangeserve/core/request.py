"""`Request`: the method of a request and its fields of RFC 9110 sections 13 and 14.

Knows how repeated field lines combine (RFC 9110 5.3). Field values stay text; `ranges.py` and
`validators.py` parse them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from .limits import Limits
from .ranges import is_in_bytes

__all__ = [
    "METHODS",
    "OVER_LIMITS",
    "REPEATED",
    "Request",
    "accepts_coding",
    "hides_range",
    "read_request",
]

METHODS: Final = frozenset({"GET", "HEAD"})
"""The methods that the middleware takes part in."""

REPEATED: Final = "\x00repeated"
"""Stands for a singleton field that came more than once. Its NUL occurs in no field value."""

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
_NAME_LENGTHS: Final = frozenset(map(len, _ATTRIBUTES))
_ACCEPT_ENCODING_LENGTH: Final = len(b"accept-encoding")


@dataclass(slots=True)
class Request:
    """The method of one request, and its Range and precondition fields (RFC 9110 13.1 and 14.2).

    Each field is its value as text, `None` if absent. `range` may be `REPEATED` or
    `OVER_LIMITS`, and `if_range` may be `REPEATED`. A date that came twice counts as absent.
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
        """Whether any of the four preconditions is present that are evaluated before Range."""
        return not (
            self.if_match is None
            and self.if_none_match is None
            and self.if_modified_since is None
            and self.if_unmodified_since is None
        )


def read_request(
    method: str, headers: Iterable[tuple[bytes, bytes]], limits: Limits = _DEFAULT_LIMITS
) -> Request | None:
    """The Range and precondition fields among `headers`; `None` if there are none.

    `headers` are pairs of a name, in any case, and a value, as in an ASGI scope. A Range field
    that is over one of the `limits` is read as `OVER_LIMITS`. Never raises.
    """
    lines: dict[str, list[str]] | None = None
    for name, value in headers:
        if len(name) in _NAME_LENGTHS:
            attribute = _ATTRIBUTES.get(name.lower())
            if attribute is not None:
                line = value.decode("latin-1").strip(" \t")
                if lines is None:
                    lines = {attribute: [line]}
                elif attribute in lines:
                    lines[attribute].append(line)
                else:
                    lines[attribute] = [line]
    if lines is None:
        return None
    fields = {
        attribute: values[0] if len(values) == 1 else _combine(attribute, values)
        for attribute, values in lines.items()
    }
    range_field = fields.get("range")
    if range_field is not None and not limits.admit(range_field):
        fields["range"] = OVER_LIMITS
    return Request(method, **fields)


def hides_range(
    request: Request, headers: Iterable[tuple[bytes, bytes]], *, shows_ranges: bool
) -> bool:
    """Whether the app must not see the Range of a `request`, and the If-Range that belongs to it.

    `headers` are those of the request. A Range in bytes is hidden, unless `shows_ranges`; one that
    is over the limits always is. A Range in another unit is the app's.
    """
    range_field = request.range
    if range_field is None or (shows_ranges and range_field != OVER_LIMITS):
        return False
    if range_field not in (REPEATED, OVER_LIMITS):
        return is_in_bytes(range_field)
    lines = [value.decode("latin-1") for name, value in headers if name.lower() == b"range"]
    return any(map(is_in_bytes, lines))


def _combine(attribute: str, values: list[str]) -> str | None:
    """The value of a field that came in several lines; `None` to ignore the field."""
    if attribute in _LISTS:  # RFC 9110 5.3: list-based fields are joined
        return ", ".join(values)
    # The others are no lists, so a repeated one is an error of the client. A date is ignored. A
    # Range is ignored with a reason for the observer. An If-Range is a condition that fails.
    return REPEATED if attribute in ("range", "if_range") else None


def accepts_coding(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether an Accept-Encoding among `headers` names a coding other than `identity`."""
    for name, value in headers:
        if len(name) == _ACCEPT_ENCODING_LENGTH and name.lower() == b"accept-encoding":
            for element in value.split(b","):
                if element.partition(b";")[0].strip(b" \t").lower() not in (b"", b"identity"):
                    return True
    return False
