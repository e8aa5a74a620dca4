"""Preconditions, in the order of RFC 9110 13.2.2, and If-Range.

Knows the conditional fields of a request and the two validators of the selected
representation. Methods, statuses and ranges are left to `selection.py`.
"""

from __future__ import annotations

from enum import Enum

from .request import REPEATED, Request
from .validators import is_entity_tag, lists_tag, parse_entity_tag, parse_http_date

__all__ = ["Verdict", "evaluate", "if_range_holds"]


class Verdict(Enum):
    """The result of the preconditions of a GET or HEAD: go on, 304 or 412."""

    PROCEED = "proceed"
    NOT_MODIFIED = "not modified"
    FAILED = "precondition failed"


def evaluate(request: Request, etag: str | None, last_modified: str | None, now: float) -> Verdict:
    """Evaluate the preconditions of a GET or HEAD, in the order of RFC 9110 13.2.2.

    `etag` and `last_modified` are the field values of the selected representation, `None` for
    a missing field; `now` is in seconds since the epoch. Below, a number in a comment is a step
    of RFC 9110 13.2.2.
    """
    if request.if_match is not None:  # 1
        if not _matches(request.if_match, etag, strong=True):
            return Verdict.FAILED
    elif request.if_unmodified_since is not None:  # 2
        modified, since = _dates(last_modified, request.if_unmodified_since, now)
        if modified is not None and since is not None and modified > since:
            return Verdict.FAILED
    if request.if_none_match is not None:  # 3
        if _matches(request.if_none_match, etag, strong=False):
            return Verdict.NOT_MODIFIED
    elif request.if_modified_since is not None:  # 4
        modified, since = _dates(last_modified, request.if_modified_since, now)
        if modified is not None and since is not None and modified <= since:
            return Verdict.NOT_MODIFIED
    return Verdict.PROCEED


def if_range_holds(condition: str, etag: str | None, last_modified: str | None, now: float) -> bool:
    """Whether an If-Range field names the selected representation (RFC 9110 13.1.5).

    `condition` is the value of the If-Range field, or `REPEATED`; `etag` and `last_modified`
    are the field values of the representation; `now` is in seconds since the epoch. The
    condition holds if it is a strong entity-tag and equal to `etag`, or if it is equal to
    `last_modified` and that date is at least one second old: a younger date is not a strong
    validator (RFC 9110 8.8.2.2).
    """
    if condition == REPEATED:
        return False
    if is_entity_tag(condition):  # strong comparison (RFC 9110 8.8.3.2)
        return condition == etag and not condition.startswith("W/")
    if last_modified is None or condition != last_modified:
        return False
    modified = parse_http_date(last_modified, now)
    return modified is not None and now - modified >= 1


def _matches(condition: str, etag: str | None, *, strong: bool) -> bool:
    """Whether the value of If-Match or If-None-Match matches the current `etag`.

    `*` matches any representation, a malformed list none. The comparison is strong for If-Match
    (RFC 9110 13.1.1), which holds if there is a match, and weak for If-None-Match (13.1.2), which
    holds if there is none.
    """
    if condition == "*":
        return True
    current = parse_entity_tag(etag) if etag is not None else None
    return current is not None and lists_tag(condition, current, strong=strong)


def _dates(last_modified: str | None, condition: str, now: float) -> tuple[int | None, int | None]:
    """Last-Modified and the date of a condition, in seconds; `None` for what is not a date."""
    if last_modified is None:
        return (None, None)
    return (parse_http_date(last_modified, now), parse_http_date(condition, now))
