"""What a source adds to the fields of an app."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pytest

from rangeserve.core import Representation, read_representation
from rangeserve.sources import Source

LM = "Wed, 21 Oct 2015 07:28:00 GMT"
MODIFIED = datetime(2015, 10, 21, 7, 28, 0, 999999, tzinfo=timezone.utc)
NOW = MODIFIED.timestamp() + 1e6


@dataclass
class Made:
    """A source with the attributes of the protocol."""

    size: int = 1000
    etag: str | None = '"s"'
    last_modified: datetime | None = MODIFIED
    content_type: str | None = "video/mp4"

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        yield bytes(stop - start)


def know(representation: Representation, source: Made, now: float = NOW) -> None:
    """Tell `representation` of `source`, as the exchange does."""
    representation.know_source(
        source.size, source.etag, source.last_modified, source.content_type, now
    )


ALL = [(b"etag", b'"s"'), (b"last-modified", LM.encode()), (b"content-type", b"video/mp4")]
EAST = timezone(timedelta(hours=2))

ROWS = [
    pytest.param([], Made(), ALL, id="the app gave none"),
    pytest.param([(b"ETag", b'"app"')], Made(), ALL[1:], id="the app gave an ETag"),
    pytest.param([(b"ETag", b"")], Made(), ALL[1:], id="the app gave an empty ETag"),
    pytest.param([(b"Last-Modified", b"x")], Made(), [ALL[0], ALL[2]], id="and a Last-Modified"),
    pytest.param([(b"CONTENT-TYPE", b"a/b")], Made(), ALL[:2], id="and a Content-Type"),
    pytest.param([], Made(etag=None), ALL[1:], id="the source has no tag"),
    pytest.param([], Made(etag="s"), ALL[1:], id="its tag has no quotes"),
    pytest.param([], Made(etag='"a b"'), ALL[1:], id="its tag has a space"),
    pytest.param([], Made(etag='"a"\r\nx: y'), ALL[1:], id="its tag has a second line"),
    pytest.param(
        [], Made(etag='W/"\xe9"'), [(b"etag", b'W/"\xe9"'), *ALL[1:]], id="a weak tag, obs-text"
    ),
    pytest.param([], Made(last_modified=None), [ALL[0], ALL[2]], id="it has no date"),
    pytest.param([], Made(content_type=None), ALL[:2], id="it has no type"),
    pytest.param(
        [], Made(last_modified=MODIFIED.replace(tzinfo=None)), ALL, id="a naive date is UTC"
    ),
    pytest.param([], Made(last_modified=MODIFIED.astimezone(EAST)), ALL, id="a date with a zone"),
]


@pytest.mark.parametrize(("fields", "source", "added"), ROWS)
def test_what_a_source_adds(
    fields: list[tuple[bytes, bytes]], source: Made, added: list[tuple[bytes, bytes]]
) -> None:
    assert isinstance(source, Source)
    representation = read_representation(fields)
    know(representation, source)
    assert representation.source_fields == added
    assert representation.fields == fields


def test_what_a_source_adds_decides() -> None:
    representation = read_representation([(b"content-length", b"0")])
    assert representation.forward_only
    know(representation, Made())
    assert representation.complete_length == 1000
    assert representation.etag == '"s"'
    assert representation.last_modified == LM
    assert representation.content_type == "video/mp4"
    assert not representation.forward_only


def test_what_the_app_gave_decides() -> None:
    fields = [(b"etag", b'"app"'), (b"last-modified", b"x"), (b"content-type", b"a/b")]
    representation = read_representation(fields)
    know(representation, Made())
    assert representation.etag == '"app"'
    assert representation.last_modified == "x"
    assert representation.content_type == "a/b"


@pytest.mark.parametrize(
    ("ahead", "sent"),
    [
        pytest.param(-1, "Wed, 21 Oct 2015 07:28:00 GMT", id="past"),
        pytest.param(0, "Wed, 21 Oct 2015 07:28:00 GMT", id="now"),
        pytest.param(1, "Wed, 21 Oct 2015 07:27:59 GMT", id="a second ahead"),
        pytest.param(86400 * 365, "Tue, 21 Oct 2014 07:28:00 GMT", id="a year ahead"),
    ],
)
def test_a_date_in_the_future_becomes_now(ahead: int, sent: str) -> None:
    """RFC 9110 8.8.2.1: MUST NOT be later than the message's origination."""
    representation = read_representation([])
    know(representation, Made(), MODIFIED.timestamp() - ahead)
    assert representation.last_modified == sent
    assert (b"last-modified", sent.encode()) in representation.source_fields


def test_has_field() -> None:
    representation = read_representation([(b"X-Y", b"")])
    assert representation.has_field(b"x-y")
    assert not representation.has_field(b"x-z")
