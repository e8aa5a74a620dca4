"""Which responses may be given a validator that their app did not give."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from rangeserve.core.representation import read_representation
from rangeserve.core.tagging import may_be_tagged


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        pytest.param({}, True, id="no fields"),
        pytest.param({"Content-Type": "text/html; charset=utf-8"}, True, id="a page"),
        pytest.param({"Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}, True, id="a date"),
        pytest.param({"Cache-Control": "private, no-cache"}, True, id="private"),
        pytest.param({"Content-Encoding": "identity"}, True, id="identity"),
        pytest.param({"X-Accel-Buffering": "yes"}, True, id="may be buffered"),
        pytest.param({"ETag": '"a"'}, False, id="an ETag"),
        pytest.param({"ETag": 'W/"a"'}, False, id="a weak ETag"),
        pytest.param({"Content-Encoding": "gzip"}, False, id="coded"),
        pytest.param({"Content-Range": "bytes 0-1/2"}, False, id="a part"),
        pytest.param({"Content-Type": "Text/Event-Stream; x=y"}, False, id="events"),
        pytest.param({"Content-Type": "multipart/x-mixed-replace; x"}, False, id="frames"),
        pytest.param({"Cache-Control": "private, No-Store"}, False, id="no-store"),
        pytest.param({"X-Accel-Buffering": "No"}, False, id="must not be buffered"),
    ],
)
def test_may_be_tagged(fields: dict[str, str], may: bool) -> None:
    pairs = [(name.encode(), value.encode()) for name, value in fields.items()]
    assert may_be_tagged(read_representation(pairs)) is may


def test_what_is_added_counts_as_the_apps_own() -> None:
    moment = datetime(2015, 10, 21, 7, 28, tzinfo=timezone.utc)
    representation = read_representation([(b"x-app", b"1")])
    representation.add_validator(moment, 1.8e9)
    representation.add_validator('"a"', 1.8e9)
    representation.add_validator('"b"', 1.8e9)  # there is one
    assert (representation.etag, representation.last_modified) == (
        '"a"',
        "Wed, 21 Oct 2015 07:28:00 GMT",
    )
    assert list(representation.fields) == [
        (b"x-app", b"1"),
        (b"last-modified", b"Wed, 21 Oct 2015 07:28:00 GMT"),
        (b"etag", b'"a"'),
    ]
