"""Faults of the app: it raises, stops early, or says what cannot be true.

A client never gets a final message unless the promised bytes are complete, and never a
wrong 206; what is wrong is raised to the server, which cuts the connection.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from support.apps import BODY, LENGTH, PART, RANGE, hands_over
from support.driver import Answer, http_scope
from support.messages import body, is_final, pathsend, says, start
from support.waiting import SECONDS

from rangeserve import Outcome, RangeMiddleware, ResponseError
from rangeserve.sources.memory import BytesSource

pytestmark = pytest.mark.anyio

SEVERAL = [("Range", "bytes=10-19,600-609")]

WAYS = [
    pytest.param([], id="whole"),
    pytest.param(RANGE, id="part"),
    pytest.param(SEVERAL, id="parts"),
]


class Broken(Exception):
    """The app's own."""


async def run(app: Any, headers: Any = (), **options: Any) -> tuple[Answer, Exception | None]:
    """What reached the server, and what was raised to it."""
    answer, events = Answer(), []
    complete = anyio.Event()

    async def send(message: dict[str, Any]) -> None:
        answer.messages.append(message)
        if is_final(message):
            complete.set()

    async def receive() -> dict[str, Any]:
        await complete.wait()
        return {"type": "http.disconnect"}

    raised: Exception | None = None
    wrapped = RangeMiddleware(app, observer=events.append, **options)
    try:
        with anyio.fail_after(SECONDS):
            await wrapped(http_scope(headers=headers), receive, send)
    except Exception as error:
        raised = error
    if events:
        started, finished = events
        assert finished.number == started.number
        failed = raised is not None and not looks_complete(answer)
        assert (finished.outcome is Outcome.FAILED) == failed
    return answer, raised


def looks_complete(answer: Answer) -> bool:
    """Whether a final message reached the server."""
    return any(map(is_final, answer.messages))


# It raises


@pytest.mark.parametrize("headers", WAYS)
@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([], id="before the start"),
        pytest.param([start(LENGTH)], id="after the start"),
        pytest.param([start()], id="after a start without a length"),
        pytest.param([start(LENGTH), body(BODY[:5], True)], id="before the part"),
        pytest.param([start(LENGTH), body(BODY[:200], True)], id="in the middle"),
        pytest.param([start(status=500), body(b"o", True)], id="in a 500"),
    ],
)
async def test_what_the_app_raises_is_passed_on(headers: Any, messages: list[Any]) -> None:
    answer, raised = await run(says(*messages, Broken()), headers)
    assert isinstance(raised, Broken)
    assert not looks_complete(answer)


async def test_nothing_has_been_sent_if_it_raises_while_its_start_is_held() -> None:
    """So that the server can still answer 500."""
    answer, raised = await run(says(start(LENGTH), Broken()), RANGE)
    assert isinstance(raised, Broken)
    assert answer.messages == []


# It stops early, or says what cannot be true

WRONG = [
    pytest.param([start(LENGTH)], id="no body"),
    pytest.param([start(LENGTH), body(BODY[:200], True)], id="no final message"),
    pytest.param([start(LENGTH), body(BODY[:200], True), body()], id="fewer bytes"),
    pytest.param([start(LENGTH), body(BODY[:200])], id="fewer bytes, one message"),
    pytest.param([start(LENGTH), body(b"x" * 1001)], id="more bytes, one message"),
    pytest.param([body(BODY)], id="a body before the start"),
    pytest.param([start(LENGTH), start(LENGTH), body(BODY)], id="two starts"),
    pytest.param([start(LENGTH), body(BODY[:5], True), start(LENGTH)], id="two starts, mid-body"),
]


@pytest.mark.parametrize("headers", WAYS)
@pytest.mark.parametrize("messages", WRONG)
@pytest.mark.parametrize("swallows", [False, True], ids=["", "and swallows the error"])
async def test_a_broken_promise_is_raised_and_never_looks_complete(
    headers: Any, messages: list[Any], swallows: bool
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            try:
                await send(message)
            except ResponseError:
                if not swallows:
                    raise

    answer, raised = await run(app, headers)
    if answer.messages or not swallows:
        assert isinstance(raised, ResponseError)
    assert not looks_complete(answer)


@pytest.mark.parametrize("headers", WAYS)
async def test_more_bytes_than_promised_never_reach_the_client(headers: Any) -> None:
    app = says(start(LENGTH), *[body(BODY[:600], True)] * 3, body())
    answer, raised = await run(app, headers)
    if headers:  # the parts were complete before
        assert (answer.status, raised) == (206, None)
    else:
        assert isinstance(raised, ResponseError)
        assert not looks_complete(answer)
        assert len(answer.body) <= 1000


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([b"-1"], id="negative"),
        pytest.param([b"1_000"], id="underscore"),
        pytest.param([b"+1000"], id="sign"),
        pytest.param([b" 1000 x"], id="text"),
        pytest.param([b""], id="empty"),
        pytest.param([b"\xb9\xb2"], id="superscript digits"),
        pytest.param([b"9" * 400], id="400 digits"),
        pytest.param([b"9" * 5000], id="5,000 digits"),
        pytest.param([b"1000", b"999"], id="two that differ"),
        pytest.param([b"1000, 1000"], id="a list"),
    ],
)
@pytest.mark.parametrize("pieces", [1, 3])
async def test_an_absurd_content_length_makes_no_206(values: list[bytes], pieces: int) -> None:
    fields = [(b"content-length", value) for value in values]
    size = len(BODY) // pieces + 1
    cut = [BODY[at : at + size] for at in range(0, len(BODY), size)]
    bodies = [body(piece, place < len(cut) - 1) for place, piece in enumerate(cut)]
    answer, raised = await run(says(start(*fields), *bodies), RANGE)
    assert raised is None
    assert (answer.status, answer.body) == (200, BODY)
    assert answer.get("accept-ranges") is None


async def test_a_content_length_repeated_alike_counts_once() -> None:
    answer, _ = await run(says(start(LENGTH, LENGTH), body(BODY)), RANGE)
    assert (answer.status, answer["content-length"]) == (206, "200")


@pytest.mark.parametrize("headers", WAYS)
@pytest.mark.parametrize(
    "after",
    [
        pytest.param(body(b"x"), id="a final message"),
        pytest.param(body(b"x", True), id="a message with more to come"),
        pytest.param(start(LENGTH), id="a start"),
    ],
)
async def test_data_after_the_end_never_reaches_the_server(headers: Any, after: Any) -> None:
    answer, raised = await run(says(start(LENGTH), body(BODY), after), headers)
    assert answer.complete
    assert len(answer.starts) == 1
    if not headers:
        assert isinstance(raised, ResponseError)


# Response splitting, boundaries


@pytest.mark.parametrize(
    "kind", [b"text/plain\r\nSet-Cookie: a=1", b"text/plain\n\nx", b"a\x00b", b"a\x7fb", b"a\x0bb"]
)
async def test_a_content_type_with_control_bytes_stands_in_no_part(kind: bytes) -> None:
    app = says(start(LENGTH, (b"content-type", kind)), body(BODY))
    answer, _ = await run(app, SEVERAL)
    assert (answer.status, answer.body) == (200, BODY)
    single, _ = await run(app, RANGE)
    assert (single.status, single.body) == (206, PART)


async def test_boundaries_are_fresh_long_and_from_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = set()
    for _ in range(50):
        answer, _ = await run(says(start(LENGTH), body(BODY)), SEVERAL)
        match = re.fullmatch(r"multipart/byteranges; boundary=(\S{24,70})", answer["content-type"])
        assert match is not None
        seen.add(match[1])
    assert len(seen) == 50

    bits = 0

    def noted(count: int) -> str:
        nonlocal bits
        bits += 8 * count
        return token_hex(count)

    token_hex = secrets.token_hex
    monkeypatch.setattr(secrets, "token_hex", noted)
    await run(says(start(LENGTH), body(BODY)), SEVERAL)
    assert bits >= 96


# Sources and paths in the wrong state


@pytest.mark.parametrize("headers", WAYS)
@pytest.mark.parametrize(
    "before",
    [
        pytest.param([body(BODY[:5], True)], id="in the body"),
        pytest.param([body(BODY)], id="after the end"),
        pytest.param([], id="before the start"),
    ],
)
async def test_pathsend_in_the_wrong_state_is_raised(
    headers: Any, before: list[Any], tmp_path: Any
) -> None:
    (tmp_path / "film").write_bytes(BODY)
    sent = pathsend(tmp_path / "film")
    messages = [start(LENGTH), *before, sent] if before else [sent]
    answer, raised = await run(says(*messages), headers)
    if before == [body(BODY)] and headers:
        assert (raised, answer.complete) == (None, True)  # the response was complete
        return
    assert isinstance(raised, ResponseError)
    if before == [body(BODY)]:
        assert len(answer.body) == len(BODY)
    else:
        assert not looks_complete(answer)


class Wrong(BytesSource):
    """Says one size and gives another."""

    def __init__(self, said: int, gives: int) -> None:
        super().__init__(BODY)
        self.size = said
        self._gives = gives

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        for at in range(start, self._gives):
            yield BODY[at : at + 1]


@pytest.mark.parametrize("headers", [[], [("Range", "bytes=90-")]], ids=["whole", "part"])
@pytest.mark.parametrize(("said", "gives"), [(100, 99), (100, 0), (100, 101), (100, 500)], ids=str)
async def test_a_source_with_the_wrong_size_is_raised(headers: Any, said: int, gives: int) -> None:
    answer, raised = await run(hands_over(Wrong(said, gives)), headers)
    assert isinstance(raised, ResponseError)
    assert not looks_complete(answer)
    assert len(answer.body) < int(answer["content-length"])


# Unknown messages and extensions


@pytest.mark.parametrize("headers", WAYS)
async def test_unknown_messages_and_extensions_pass(headers: Any) -> None:
    unknown = {"type": "http.response.of_2030", "x": object()}
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["extensions"]["of.2030"])
        await send(unknown)
        await send(start(LENGTH))
        await send(body(BODY[:100], True))
        await send(unknown)
        await send(body(BODY[100:]))

    answer = Answer()

    async def send(message: Any) -> None:
        answer.messages.append(message)

    extension = {"y": 1}
    scope = http_scope(headers=headers, extensions={"of.2030": extension})
    await RangeMiddleware(app)(scope, anyio.sleep_forever, send)
    assert seen[0] is extension
    assert [m for m in answer.messages if m["type"] == unknown["type"]] == [unknown] * 2
    assert all(m is unknown for m in answer.messages if m["type"] == unknown["type"])
    assert looks_complete(answer)
