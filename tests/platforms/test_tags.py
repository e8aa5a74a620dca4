"""Chromium's If-Range holds for what its framework gives no validator."""

from __future__ import annotations

from typing import Any

import pytest
from e2e.test_browser import READ_SECOND, SEEK
from platforms.conftest import Serve, told
from support.clips import squares
from support.demo import CLIP
from support.servers import Server
from support.wire import fetch

from rangeserve.sources import content_etag

DATA = CLIP.read_bytes()
TAG = content_etag(DATA)
HOOK = '"clip-1"'
BLOB = "/films/films/1.blob?_blob_column=clip"

CLIPS = [
    pytest.param("/django/stream.mp4", HOOK, id="Django, a stream: the hook"),
    pytest.param("/django/body-stream.mp4", HOOK, id="Django, a large body: the hook"),
    pytest.param("/flask/body.mp4", TAG, id="Flask behind a2wsgi, a body"),
    pytest.param("/flask/stream.mp4", HOOK, id="Flask behind a2wsgi, a stream: the hook"),
    pytest.param(BLOB, TAG, id="Datasette, a BLOB"),
]


@pytest.mark.parametrize(("target", "tag"), CLIPS)
def test_if_range_on_the_wire(serve: Serve, target: str, tag: str) -> None:
    with serve("tagged_app:app") as server:
        whole = fetch(server.port, target)
        assert (whole.status, whole["etag"]) == (200, tag)
        asked = [("Range", "bytes=1000000-1000009"), ("If-Range", tag)]
        part = fetch(server.port, target, asked)
        assert (part.status, part.body) == (206, DATA[1_000_000:1_000_010])
        stale = fetch(server.port, target, [asked[0], ("If-Range", '"another"')])
        assert (stale.status, stale.body) == (200, DATA)


def test_a_small_body_of_django(serve: Serve) -> None:
    with serve("tagged_app:app") as server:
        assert fetch(server.port, "/django/small")["etag"] == content_etag(DATA[:60_000])


@pytest.mark.parametrize(("target", "tag"), CLIPS)
def test_chromium_asks_on_condition_and_it_holds(
    serve: Serve, page: Any, target: str, tag: str
) -> None:
    """With If-Range for what it has a part of, with If-None-Match if it has the whole by then."""
    with serve("tagged_app:app") as server:
        seen = watched(page, server, target)
    conditions = [
        (each["if-range"] or each["if-none-match"], each["status"], each["if-range"] is not None)
        for each in seen
        if each["if-range"] or each["if-none-match"]
    ]
    assert {each["etag"] for each in seen} == {tag}
    assert conditions
    assert set(conditions) <= {(tag, 206, True), (tag, 304, False)}


def test_without_the_options_chromium_has_no_condition(serve: Serve, page: Any) -> None:
    with serve("tagged_app:app", PLATFORMS_TAGS="none") as server:
        seen = watched(page, server, "/flask/stream.mp4")
    assert {each["etag"] for each in seen} == {""}
    assert not [each for each in seen if each["if-range"] or each["if-none-match"]]


def watched(page: Any, server: Server, target: str) -> list[dict[str, Any]]:
    """What Chromium asks for while it shows seconds here and there, twice."""
    for seconds in ((50.5, 20.5, 40.5, 5.5), (55.5,)):
        page.goto(f"{server.url}/page?{target}")
        page.wait_for_function("document.querySelector('video').readyState >= 1")
        for second in seconds:
            assert page.evaluate(SEEK, second) == second
            assert page.evaluate(READ_SECOND, [list(each) for each in squares()]) == int(second)
    seen: list[dict[str, Any]] = told(server, "/seen")
    return seen
