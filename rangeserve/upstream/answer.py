"""What an answer of an upstream says of a representation, and whether it is to be believed.

Pure: sends nothing. The rules of RFC 9110 are those of `core`, here from the client's side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ..core.partial import complaint_about_partial
from ..core.preconditions import if_range_holds
from ..core.ranges import parse_content_range
from ..core.representation import Field, Representation, is_field_value, read_representation
from ..core.request import Request
from ..core.validators import parse_entity_tag
from ..sources.unavailable import SourceUnavailable

__all__ = ["Answer", "Mistrust", "Version", "kept_fields", "read_answer", "unavailable"]

_KEPT: Final = frozenset(
    {b"cache-control", b"content-disposition", b"content-language", b"expires"}
)
_MAX_RETRY_AFTER: Final = 3600  # seconds
# Statuses of the upstream that mean the same to our client; see `unavailable`.
_SAME_FOR_CLIENT: Final = {401: 403, 403: 403, 404: 404, 410: 404, 429: 503, 503: 503, 504: 504}


class Mistrust(Exception):
    """The upstream's answer contradicts itself, or the request; the message says how."""


@dataclass(frozen=True)
class Version:
    """What tells two versions of a representation apart: its `size` in bytes and validators.

    `etag` and `last_modified` are field values, `None` for a field that did not come.
    """

    size: int
    etag: str | None
    last_modified: str | None

    def is_strong(self, now: float) -> bool:
        """Whether two answers with these validators can only be of the same bytes.

        It is so with a strong ETag, or a Last-Modified that is at least a second old (RFC 9110
        8.8.2.2). `now` is in seconds since the epoch.
        """
        tag = parse_entity_tag(self.etag) if self.etag is not None else None
        if tag is not None and not tag.weak:
            return True
        date = self.last_modified
        return date is not None and if_range_holds(date, None, date, now)

    def condition(self) -> dict[str, str]:
        """The field of a request that is to be answered for this version only (RFC 9110 13.1)."""
        tag = parse_entity_tag(self.etag) if self.etag is not None else None
        if self.etag is not None and tag is not None and not tag.weak:
            return {"If-Match": self.etag}
        if self.last_modified is not None:
            return {"If-Unmodified-Since": self.last_modified}
        return {}

    def allows(self, later: Version) -> bool:
        """Whether `later` may be the same version: nothing that is known of this one differs."""
        return (
            self.size == later.size
            and self.etag in (None, later.etag)
            and self.last_modified in (None, later.last_modified)
        )


@dataclass(frozen=True)
class Answer:
    """A 200 or 206: the bytes `[start, stop)` that its body has, and of which `version`.

    `is_whole`: a 200. `content_type` is a field value, `None` if there is none.
    """

    version: Version
    start: int
    stop: int
    is_whole: bool
    content_type: str | None
    fields: Sequence[Field]


def read_answer(status: int, fields: Iterable[Field], range_field: str | None) -> Answer:
    """What a 200, or a 206 to a request with `range_field`, says.

    `Mistrust` if the complete length is missing, the response is coded although the identity was
    asked for, or a 206 has not what was asked for. A 206 may have less than that: it begins
    where the range begins.
    """
    facts = read_representation(fields)
    if facts.coded:
        raise Mistrust("the response is coded, although the identity was asked for")
    if facts.length_in_doubt:
        raise Mistrust("there are several Content-Lengths, or one that is no number")
    if status == 200:
        if facts.content_length is None:
            raise Mistrust("there is no Content-Length")
        return _answer(facts, facts.content_length, 0, facts.content_length, is_whole=True)
    complaint = complaint_about_partial(Request(range=range_field), facts)
    if complaint is not None:
        raise Mistrust(f"the 206 is not what was asked for: {complaint}")
    sent = parse_content_range(facts.content_range or "")
    if sent is None:
        raise Mistrust("the 206 has several parts, and one was asked for")
    if sent.complete_length is None:
        raise Mistrust("the 206 has no complete length")
    return _answer(facts, sent.complete_length, sent.start, sent.stop, is_whole=False)


def _answer(facts: Representation, size: int, start: int, stop: int, *, is_whole: bool) -> Answer:
    version = Version(size, facts.etag, facts.last_modified)
    media_type = facts.content_type
    if media_type is not None and not is_field_value(media_type):
        media_type = None
    return Answer(version, start, stop, is_whole, media_type, facts.fields)


def kept_fields(fields: Iterable[Field]) -> list[Field]:
    """The fields beside the validators and the media type that a proxy may take over."""
    return [
        (name.lower(), value)
        for name, value in fields
        if name.lower() in _KEPT and is_field_value(value.decode("latin-1"))
    ]


def unavailable(status: int, fields: Iterable[Field] = ()) -> SourceUnavailable:
    """The status for our client if the upstream answers with `status` before any byte is sent.

    401 and 403 are 403, 404 and 410 are 404; 429 and 503 are 503, with the upstream's
    Retry-After if it is a number of seconds of at most an hour; 504 is 504, all else 502.
    """
    ours = _SAME_FOR_CLIENT.get(status, 502)
    waits = [value for name, value in fields if name.lower() == b"retry-after"]
    retry_after: int | None = None
    if ours == 503 and len(waits) == 1 and len(waits[0]) <= 4 and waits[0].isdigit():
        retry_after = min(int(waits[0]), _MAX_RETRY_AFTER)
    return SourceUnavailable(ours, retry_after=retry_after)
