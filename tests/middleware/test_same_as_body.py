"""Integrations hand over behind a view's back: `Handover.same_as_body`, also by the body itself."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from support.content import numbered
from support.driver import ask

from rangeserve import RangeMiddleware
from rangeserve.handover import handover_of
from rangeserve.sources.memory import BytesSource

pytestmark = pytest.mark.anyio

BODY = numbered(1000)
RANGE = [("Range", "bytes=100-199")]


def app(
    source: Any,
    fields: Iterable[tuple[bytes, bytes]],
    body: bytes = BODY,
    *,
    when: str = "start",
    served: list[bool] | None = None,
) -> Any:
    """Hands `source` over before the start, or as its body is asked for."""

    async def called(scope: dict[str, Any], receive: Any, send: Any) -> None:
        handover = handover_of(scope)
        assert handover is not None
        if when == "start":
            handover.same_as_body(source)
        await send({"type": "http.response.start", "status": 200, "headers": list(fields)})
        if when == "body":
            handover.same_as_body(source)
        for start in range(0, len(body), 250):
            if not handover.accepted:
                piece = body[start : start + 250]
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        if served is not None:
            served.append(handover.accepted)
        await send({"type": "http.response.body"})

    return RangeMiddleware(called)


@pytest.mark.parametrize("when", ["start", "body"])
@pytest.mark.parametrize(
    ("headers", "status", "body"),
    [
        pytest.param(RANGE, 206, BODY[100:200], id="a short range"),
        pytest.param([("Range", "bytes=100-")], 206, BODY[100:], id="an open range"),
        pytest.param([], 200, BODY, id="the whole"),
    ],
)
async def test_the_source_is_taken_while_the_length_stands(
    headers: list[tuple[str, str]], status: int, body: bytes, when: str
) -> None:
    served: list[bool] = []
    source = BytesSource(BODY, etag='"s"')
    wrapped = app(source, [(b"content-length", b"1000")], b"x" * 1000, when=when, served=served)
    answer = await ask(wrapped, headers=headers)
    assert (answer.status, answer.body, answer["etag"]) == (status, body, '"s"')
    assert served == [True]


@pytest.mark.parametrize("when", ["start", "body"])
async def test_a_path_is_opened(when: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(BODY)
    wrapped = app(str(path), [(b"content-length", b"1000")], b"x" * 1000, when=when)
    answer = await ask(wrapped, headers=RANGE)
    assert (answer.status, answer.body) == (206, BODY[100:200])


@pytest.mark.parametrize("when", ["start", "body"])
@pytest.mark.parametrize(
    ("fields", "body"),
    [
        pytest.param([(b"content-encoding", b"gzip")], b"coded" * 100, id="coded, no length"),
        pytest.param([(b"content-length", b"500")], b"other" * 100, id="another length"),
        pytest.param([], b"other" * 100, id="no length"),
    ],
)
async def test_a_body_that_was_changed_since_is_sent_instead(
    when: str,
    fields: list[tuple[bytes, bytes]],
    body: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    served: list[bool] = []
    wrapped = app(BytesSource(BODY), fields, body, when=when, served=served)
    answer = await ask(wrapped)
    assert (answer.status, answer.body, served) == (200, body, [False])
    if not fields:
        answer = await ask(wrapped, headers=RANGE)
        assert (answer.status, answer.body) == (200, body)
    assert not caplog.records


async def test_a_changed_body_is_still_sliced_if_it_can_be() -> None:
    wrapped = app(BytesSource(BODY), [(b"content-length", b"500")], b"other" * 100, when="body")
    answer = await ask(wrapped, headers=RANGE)
    assert (answer.status, answer.body) == (206, b"other" * 20)
    assert answer["content-range"] == "bytes 100-199/500"
