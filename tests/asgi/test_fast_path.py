"""The fast path: what it takes, and that everything else is left to the exchange."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from support.driver import ask, http_scope
from support.messages import body, start

from rangeserve import RangeMiddleware, ResponseError, hand_over
from rangeserve._asgi.fast_path import PlainWhole
from rangeserve._asgi.response import Response
from rangeserve.handover import Handover
from rangeserve.sources.memory import BytesSource

BODY = b"0123456789"
LENGTH = (b"content-length", b"10")


def test_a_small_answer_goes_by_with_accept_ranges() -> None:
    fast_path = PlainWhole(response := Response(), Handover())
    given = start(LENGTH)
    assert fast_path.feed(given) == ()
    assert fast_path.feed(body(BODY)) == (start(LENGTH, (b"accept-ranges", b"bytes")), body(BODY))
    assert response.complete
    assert given == start(LENGTH), "the app's own message has been changed"


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(start(LENGTH, status=404), id="another status"),
        pytest.param(start(), id="no Content-Length"),
        pytest.param(start(LENGTH, (b"Content-Length", b"10")), id="two of them"),
        pytest.param(start((b"content-length", b"+10")), id="no number"),
        pytest.param(start((b"content-length", b"1" * 19)), id="too large"),
        pytest.param(start(LENGTH, (b"Content-Encoding", b"gzip")), id="coded"),
        pytest.param(start(LENGTH, (b"Content-Range", b"bytes 0-9/20")), id="Content-Range"),
        pytest.param(start(LENGTH, (b"Accept-Ranges", b"none")), id="Accept-Ranges"),
        pytest.param({**start(), "headers": iter([LENGTH])}, id="an iterator"),
        pytest.param({**start(), "headers": [iter(LENGTH)]}, id="a pair that is an iterator"),
        pytest.param({"type": "http.response.debug"}, id="another message"),
        pytest.param(body(BODY), id="a body first"),
    ],
)
def test_an_unusual_start_is_left_alone(message: dict[str, Any]) -> None:
    fast_path = PlainWhole(Response(), Handover())
    assert fast_path.feed(message) is None
    assert fast_path.held is None


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(body(BODY, more=True), id="more follows"),
        pytest.param(body(b"short"), id="too short"),
        pytest.param(body(b"01234567890"), id="too long"),
        pytest.param(start(LENGTH), id="a second start"),
        pytest.param({"type": "http.response.pathsend", "path": "/x"}, id="pathsend"),
    ],
)
def test_what_is_unusual_after_the_start_is_left_alone(message: dict[str, Any]) -> None:
    fast_path = PlainWhole(Response(), Handover())
    fast_path.feed(start(LENGTH))
    assert fast_path.feed(message) is None
    assert fast_path.held == start(LENGTH)


@pytest.mark.anyio
async def test_a_stream_leaves_the_fast_path_and_is_handed_on() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(LENGTH))
        await send(body(BODY[:4], more=True))
        await send(body(BODY[4:]))

    answer = await ask(RangeMiddleware(app))
    assert answer.complete
    assert answer.body == BODY
    assert answer["accept-ranges"] == "bytes"


@pytest.mark.anyio
async def test_a_source_handed_over_after_the_start_leaves_the_fast_path() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(LENGTH))
        hand_over(scope, BytesSource(b"abcdefghij"))
        await send(body(BODY))

    answer = await ask(RangeMiddleware(app))
    assert answer.complete
    assert answer.body == b"abcdefghij"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([start(LENGTH)], id="the app returns without a body"),
        pytest.param([start(LENGTH), body(b"short")], id="a short body"),
        pytest.param([start(LENGTH), body(BODY), body(BODY)], id="a message after the end"),
        pytest.param([start(LENGTH), body(BODY), start(LENGTH)], id="a start after the end"),
    ],
)
async def test_a_broken_app_is_still_told(messages: list[dict[str, Any]]) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    with pytest.raises(ResponseError):
        await ask(RangeMiddleware(app))


@pytest.mark.anyio
async def test_what_is_no_answer_is_passed_on_after_the_end_without_a_second_start() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in [start(LENGTH), body(BODY), {"type": "http.response.debug"}]:
            await send(message)

    sent: list[str] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message["type"])

    await RangeMiddleware(app)(http_scope(), anyio.sleep_forever, send)
    assert sent == ["http.response.start", "http.response.body", "http.response.debug"]


@pytest.mark.anyio
async def test_an_error_after_the_end_reaches_the_server() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(LENGTH))
        await send(body(BODY))
        raise KeyError("a background task")

    with pytest.raises(KeyError):
        await ask(RangeMiddleware(app))
