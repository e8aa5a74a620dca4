"""Preconditions, in the order of RFC 9110 13.2.2, and If-Range.

Knows the conditional fields of a request and the two validators of the selected
representation. It refuses to know methods, statuses and ranges: `selection.py` does.
"""

from __future__ import annotations

from enum import Enum

from .request import REPEATED, Request
from .validators import lists_tag, parse_entity_tag, parse_http_date

__all__ = ["Verdict", "evaluate", "if_range_holds"]


class Verdict(Enum):
    """What the preconditions of a GET or HEAD lead to."""

    PROCEED = "proceed"
    NOT_MODIFIED = "not modified"
    FAILED = "precondition failed"


def evaluate(request: Request, etag: str | None, last_modified: str | None, now: float) -> Verdict:
    """Judge a GET or HEAD against the validators of an existing representation.

    `etag` and `last_modified` are field values, `None` if there is none; `now` is in
    seconds since the epoch. The numbers are the steps of RFC 9110 13.2.2.
    """
    if request.if_match is not None:  # 1
        if not _if_match_holds(request.if_match, etag):
            return Verdict.FAILED
    elif request.if_unmodified_since is not None:  # 2
        modified, since = _dates(last_modified, request.if_unmodified_since, now)
        if modified is not None and since is not None and modified > since:
            return Verdict.FAILED
    if request.if_none_match is not None:  # 3
        if not _if_none_match_holds(request.if_none_match, etag):
            return Verdict.NOT_MODIFIED
    elif request.if_modified_since is not None:  # 4
        modified, since = _dates(last_modified, request.if_modified_since, now)
        if modified is not None and since is not None and modified <= since:
            return Verdict.NOT_MODIFIED
    return Verdict.PROCEED


def if_range_holds(condition: str, etag: str | None, last_modified: str | None, now: float) -> bool:
    """Whether an If-Range value still names the selected representation (RFC 9110 13.1.5).

    A strong entity-tag, equal to the current one; or octet for octet the Last-Modified
    field, which is a strong validator only once it is at least a second old (8.8.2.2).
    """
    if condition == REPEATED:
        return False
    asked = parse_entity_tag(condition)
    if asked is not None:  # strong comparison (8.8.3.2): the same octets, and no `W/`
        return condition == etag and not asked.weak
    if last_modified is None or condition != last_modified:
        return False
    modified = parse_http_date(last_modified, now)
    return modified is not None and now - modified >= 1


def _if_match_holds(condition: str, etag: str | None) -> bool:
    """RFC 9110 13.1.1, strong comparison. A malformed list names no tag, so it cannot match."""
    if condition == "*":
        return True
    current = parse_entity_tag(etag) if etag is not None else None
    if current is None:
        return False
    return lists_tag(condition, current, strong=True)


def _if_none_match_holds(condition: str, etag: str | None) -> bool:
    """RFC 9110 13.1.2, weak comparison. A malformed list names no tag, so none can match."""
    if condition == "*":
        return False
    current = parse_entity_tag(etag) if etag is not None else None
    if current is None:
        return True
    return not lists_tag(condition, current, strong=False)


def _dates(last_modified: str | None, condition: str, now: float) -> tuple[int | None, int | None]:
    if last_modified is None:
        return (None, None)
    return (parse_http_date(last_modified, now), parse_http_date(condition, now))
