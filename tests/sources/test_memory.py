"""Bytes in memory as a source."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import Any

import pytest
from support.content import CONTENT
from support.driver import ask

from rangeserve import RangeMiddleware, Source, hand_over
from rangeserve.sources import BytesSource, content_etag

pytestmark = pytest.mark.anyio


def bytes_io() -> BytesIO:
    stream = BytesIO(CONTENT)
    stream.seek(1234)
    return stream


FORMS = [
    pytest.param(lambda: CONTENT, id="bytes"),
    pytest.param(lambda: bytearray(CONTENT), id="bytearray"),
    pytest.param(lambda: memoryview(CONTENT), id="memoryview"),
    pytest.param(lambda: memoryview(CONTENT).cast("I"), id="memoryview of ints"),
    pytest.param(bytes_io, id="BytesIO that has been read from"),
]


def app(source: Source) -> RangeMiddleware:
    async def view(scope: dict[str, Any], receive: Any, send: Any) -> None:
        hand_over(scope, source)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return RangeMiddleware(view)


@pytest.mark.parametrize("form", FORMS)
async def test_every_form_gives_the_same_bytes(form: Any) -> None:
    served = app(BytesSource(form()))
    whole = await ask(served)
    assert (whole.status, whole["content-length"]) == (200, str(len(CONTENT)))
    assert whole["accept-ranges"] == "bytes"
    assert whole.body == CONTENT
    part = await ask(served, headers=[("Range", "bytes=262140-524300")])
    assert part.status == 206
    assert part["content-range"] == f"bytes 262140-524300/{len(CONTENT)}"
    assert part.body == CONTENT[262140:524301]


async def test_only_bytes_objects_are_sent_and_none_is_large() -> None:
    answer = await ask(app(BytesSource(memoryview(CONTENT))))
    chunks = [m["body"] for m in answer.messages if m["type"] == "http.response.body"]
    assert {type(chunk) for chunk in chunks} == {bytes}
    assert max(map(len, chunks)) == 256 * 1024


async def test_an_empty_source_is_an_empty_200() -> None:
    answer = await ask(app(BytesSource(b"")), headers=[("Range", "bytes=0-")])
    assert (answer.status, answer["content-length"], answer.body) == (200, "0", b"")
    assert answer.complete


async def test_what_it_knows_becomes_fields() -> None:
    etag = content_etag(CONTENT)
    served = app(BytesSource(CONTENT, etag=etag, content_type="text/plain"))
    answer = await ask(served)
    assert (answer["etag"], answer["content-type"]) == (etag, "text/plain")
    assert (await ask(served, headers=[("If-None-Match", etag)])).status == 304


def test_a_content_etag_depends_on_the_content_alone() -> None:
    expected = hashlib.blake2b(CONTENT, digest_size=16).hexdigest()
    assert content_etag(CONTENT) == content_etag(bytearray(CONTENT)) == f'"{expected}"'
    assert content_etag(CONTENT[:-1]) != content_etag(CONTENT)


def test_a_view_with_holes_is_refused() -> None:
    with pytest.raises(TypeError):
        BytesSource(memoryview(CONTENT)[::2])
