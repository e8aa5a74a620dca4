"""What `RangeMiddleware` passes on: the same objects, unchanged, and as they come."""

from __future__ import annotations

from typing import Any

import anyio
import anyio.lowlevel
import pytest
from asgiref.testing import ApplicationCommunicator
from support.apps import BODY, ETAG, LENGTH, RANGE, plain
from support.driver import ask, http_scope
from support.frozen import frozen
from support.messages import (
    PATHSEND,
    ZEROCOPYSEND,
    body,
    says,
    start,
)

from rangeserve import (
    RangeMiddleware,
)

pytestmark = pytest.mark.anyio

only_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])


async def test_one_range_is_a_206() -> None:
    answer = await ask(RangeMiddleware(plain), headers=[("Range", "bytes=150-349")])
    assert answer.status == 206
    assert answer["content-range"] == "bytes 150-349/1000"
    assert answer["content-length"] == "200"
    assert answer.body == BODY[150:350]
    assert answer.complete


WEBSOCKET = {"type": "websocket", "path": "/", "headers": [(b"range", b"bytes=0-1")]}


@pytest.mark.parametrize(
    ("scope", "skip"),
    [
        *[
            pytest.param(http_scope(method, headers=RANGE), None, id=method)
            for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "get")
        ],
        pytest.param(WEBSOCKET, None, id="websocket"),
        pytest.param({"type": "lifespan"}, None, id="lifespan"),
        pytest.param(http_scope(headers=RANGE), lambda scope: scope["path"] == "/", id="skipped"),
    ],
)
async def test_the_very_same_objects_are_passed_on(scope: Any, skip: Any) -> None:
    seen: list[Any] = []

    async def app(*given: Any) -> None:
        seen.extend(given)

    async def receive() -> None: ...

    async def send(message: Any) -> None: ...

    await RangeMiddleware(app, skip=skip)(scope, receive, send)
    assert all(one is other for one, other in zip(seen, (scope, receive, send), strict=True))


@only_asyncio
async def test_a_post_through_asgirefs_communicator() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        await send(start(LENGTH, status=200))
        await send(body(message["body"]))

    scope = http_scope("POST", headers=RANGE)
    communicator = ApplicationCommunicator(RangeMiddleware(app), scope)
    await communicator.send_input({"type": "http.request", "body": BODY})
    assert await communicator.receive_output() == start(LENGTH)
    assert await communicator.receive_output() == body(BODY)
    await communicator.wait()


async def test_messages_of_a_404_are_the_same_objects() -> None:
    messages = [start(status=404), body(b"no", True), body(b"t here")]
    answer = await ask(RangeMiddleware(says(*messages)), headers=RANGE)
    assert all(one is other for one, other in zip(answer.messages, messages, strict=True))


@pytest.mark.parametrize("headers", [[], RANGE, [("Range", "bytes=0-1,5-9"), ("If-Range", '"x"')]])
async def test_nothing_of_the_servers_or_the_apps_is_changed(headers: Any) -> None:
    extensions = {PATHSEND: {}, ZEROCOPYSEND: {}}
    scope = frozen(http_scope(headers=headers, extensions=extensions, spec_version="2.5"))
    messages = frozen(
        [start(LENGTH, ETAG, trailers=True), body(BODY[:400], True), body(BODY[400:])]
    )
    request = frozen([{"type": "http.request", "body": b"", "more_body": False}])
    answer = await ask(RangeMiddleware(says(*messages)), scope=scope, request_body=request)
    assert answer.complete


async def test_an_event_stream_opens_before_its_first_event() -> None:
    first_event = anyio.Event()

    async def events(scope: Any, receive: Any, send: Any) -> None:
        await send(start((b"content-type", b"text/event-stream")))
        await first_event.wait()
        await send(body(b"data: 1\n\n"))

    async def sent(message: Any) -> None:
        if message["type"] == "http.response.start":
            first_event.set()

    answer = await ask(RangeMiddleware(events), on_send=sent)
    assert answer.get("accept-ranges") is None
    assert answer.body == b"data: 1\n\n"


async def test_a_body_is_passed_on_as_it_comes() -> None:
    """Back-pressure: the app's next message waits until the server has taken the last."""
    in_flight = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal in_flight
        await send(start(LENGTH))
        for at in range(0, 1000, 100):
            in_flight += 1
            await send(body(BODY[at : at + 100], at < 900))
            in_flight -= 1

    async def slow(message: Any) -> None:
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
            assert in_flight <= 1

    for headers in ([], RANGE):
        answer = await ask(RangeMiddleware(app), headers=headers, on_send=slow)
        assert answer.complete


TRAILERS = {"type": "http.response.trailers", "headers": [(b"x", b"1")]}


async def test_trailers_of_a_whole_are_passed_on_and_of_a_part_left_out() -> None:
    app = RangeMiddleware(says(start(LENGTH, trailers=True), body(BODY), TRAILERS))
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    await app(http_scope(), receive, send)
    assert [m.get("trailers") for m in sent[:1]] == [True]
    assert sent[-1] is TRAILERS
    sent.clear()
    await app(http_scope(headers=RANGE), receive, send)
    assert sent[0]["trailers"] is False
    assert [m["type"] for m in sent] == ["http.response.start", "http.response.body"]


async def test_zerocopysend_is_not_offered_and_is_passed_on() -> None:
    seen: list[Any] = []
    zerocopysend = {"type": ZEROCOPYSEND, "file": 3}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(set(scope["extensions"]))
        await send(start(LENGTH))
        await send(zerocopysend)

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = http_scope(headers=RANGE, extensions={ZEROCOPYSEND: {}})
    await RangeMiddleware(app)(scope, anyio.sleep_forever, send)
    assert seen == [{"rangeserve"}]
    assert sent[1] is zerocopysend


async def test_a_skip_that_raises_is_raised_before_the_app_is_called() -> None:
    called: list[bool] = []

    async def app(*_: Any) -> None:
        called.append(True)

    def fail(scope: Any) -> bool:
        raise LookupError("the predicate's own")

    with pytest.raises(LookupError, match="the predicate's own"):
        await ask(RangeMiddleware(app, skip=fail))
    assert called == []
