"""Validators: entity-tags with their two comparisons, and HTTP-dates.

Knows RFC 9110 8.8 and 5.6.7 only. Each parser takes text in which a character is one octet
(ISO 8859-1), returns `None` for what does not match the grammar, and never raises.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timezone
from functools import lru_cache
from typing import Final, NamedTuple

__all__ = [
    "EntityTag",
    "format_http_date",
    "is_entity_tag",
    "lists_tag",
    "parse_entity_tag",
    "parse_entity_tags",
    "parse_http_date",
    "strong_match",
    "weak_match",
]

# RFC 9110 8.8.3: entity-tag = [ weak ] opaque-tag; etagc = %x21 / %x23-7E / obs-text.
_ENTITY_TAG: Final = re.compile('(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_LISTED: Final = re.compile('(?:W/)?"[^"]*"')  # the tags of a list that is known to be valid
# RFC 9110 5.6.1.2: list elements may be empty. No two alternatives start with the same
# character, so the scan takes linear time for any text.
_ENTITY_TAGS: Final = re.compile(
    '[ \t,]*(?:(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"(?:[ \t]*,[ \t,]*|[ \t]*\\Z))*'
)

_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTH: Final = f"(?P<month>{'|'.join(_MONTHS)})"
_TIME: Final = "(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_DAY_NAME: Final = f"(?:{'|'.join(_DAYS)})"
_DAY_NAME_LONG: Final = "(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)"
# RFC 9110 5.6.7, in its order: IMF-fixdate, rfc850-date, asctime-date. Case-sensitive.
_HTTP_DATES: Final = (
    re.compile(f"{_DAY_NAME}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT"),
    re.compile(f"{_DAY_NAME_LONG}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT"),
    re.compile(f"{_DAY_NAME} {_MONTH} (?P<day>[0-9]{{2}}| [0-9]) {_TIME} (?P<year>[0-9]{{4}})"),
)
_LONGEST_DATE: Final = len("Wednesday, 21-Oct-15 07:28:00 GMT")
_EPOCH: Final = date(1970, 1, 1).toordinal()
_DAYS_IN_400_YEARS: Final = 146097


class EntityTag(NamedTuple):
    """An entity-tag (RFC 9110 8.8.3): its opaque text without the quotes, and whether it is weak.

    `str` gives the tag as a field value, with its quotes.
    """

    opaque: str
    weak: bool = False

    def __str__(self) -> str:
        return f'W/"{self.opaque}"' if self.weak else f'"{self.opaque}"'


def is_entity_tag(value: str) -> bool:
    """Whether `value` is one entity-tag (RFC 9110 8.8.3)."""
    return _ENTITY_TAG.fullmatch(value) is not None


def parse_entity_tag(value: str) -> EntityTag | None:
    """Parse one entity-tag, the value of an ETag field (RFC 9110 8.8.3); `None` if malformed."""
    match = _ENTITY_TAG.fullmatch(value)
    return EntityTag(match[2], match[1] is not None) if match else None


def parse_entity_tags(value: str) -> tuple[EntityTag, ...] | None:
    """Parse a list of entity-tags (RFC 9110 13.1.1); `None` if any element is malformed.

    The list is scanned and not split at its commas, because a tag may contain one.
    """
    if not _ENTITY_TAGS.fullmatch(value):
        return None
    return tuple(EntityTag(opaque, bool(weak)) for weak, opaque in _ENTITY_TAG.findall(value))


def lists_tag(value: str, tag: EntityTag, *, strong: bool) -> bool:
    """Whether the list `value` names `tag`, by strong or by weak comparison.

    A malformed list names no tag. The result is that of comparing `tag` with each of
    `parse_entity_tags(value)`, but faster.
    """
    quoted = f'"{tag.opaque}"'
    if (strong and tag.weak) or quoted not in value or not _ENTITY_TAGS.fullmatch(value):
        return False
    listed = _LISTED.findall(value)
    return quoted in listed or (not strong and f"W/{quoted}" in listed)


def strong_match(one: EntityTag, other: EntityTag) -> bool:
    """Whether two tags match by strong comparison: same text, neither weak (RFC 9110 8.8.3.2)."""
    return not one.weak and not other.weak and one.opaque == other.opaque


def weak_match(one: EntityTag, other: EntityTag) -> bool:
    """Whether two tags match by weak comparison: same text (RFC 9110 8.8.3.2)."""
    return one.opaque == other.opaque


def parse_http_date(value: str, now: float) -> int | None:
    """Parse an HTTP-date in one of its three forms (RFC 9110 5.6.7), into seconds since the epoch.

    `None` for anything else. `now`, in seconds since the epoch, decides the century of the
    two-digit year in the obsolete RFC 850 form: a date that seems more than 50 years ahead of
    `now` is in the past.
    """
    if len(value) > _LONGEST_DATE:
        return None
    for form in _HTTP_DATES:
        match = form.fullmatch(value)
        if match is not None:
            return _seconds(match, now)
    return None


def _seconds(match: re.Match[str], now: float) -> int | None:
    """The seconds since the epoch of a matched date; `None` if there is no such day or time."""
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"])
    if hour > 23 or minute > 59 or second > 60:  # 60 is a leap second (RFC 9110 5.6.7)
        return None
    year, month, day = int(match["year"]), _MONTHS.index(match["month"]) + 1, int(match["day"])
    if len(match["year"]) == 2:
        today = datetime.fromtimestamp(now, timezone.utc)
        year += today.year - today.year % 100
        in_50_years = (today.year + 50, *today.timetuple()[1:6])
        if (year, month, day, hour, minute, second) > in_50_years:
            year -= 100
    cycles = 0 if year else 1  # the grammar allows the year 0000, `date` does not
    try:
        ordinal = date(year + 400 * cycles, month, day).toordinal()
    except ValueError:  # no such day
        return None
    days = ordinal - _EPOCH - _DAYS_IN_400_YEARS * cycles
    return days * 86400 + hour * 3600 + minute * 60 + second


def format_http_date(seconds: float) -> str:
    """The IMF-fixdate (RFC 9110 5.6.7) of `seconds` since the epoch, without the fraction."""
    return _imf_fixdate(int(seconds))


@lru_cache(maxsize=1024)  # the same files are requested again and again
def _imf_fixdate(seconds: int) -> str:
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return (
        f"{_DAYS[moment.weekday()]}, {moment.day:02d} {_MONTHS[moment.month - 1]} "
        f"{moment.year:04d} {moment:%H:%M:%S} GMT"
    )
