"""What the observer and the log are told of a response."""

from __future__ import annotations

import logging
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from support.apps import PART, RANGE, plain
from support.driver import ask, http_scope
from support.messages import (
    body,
    says,
    start,
)

from rangeserve import (
    Event,
    Outcome,
    RangeMiddleware,
    Reason,
    ResponseFinished,
    ResponseStarted,
)

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("app", "headers", "reason", "sent"),
    [
        pytest.param(plain, RANGE, None, 200, id="part"),
        pytest.param(plain, [], None, 1000, id="whole"),
        pytest.param(plain, [("Range", "x")], Reason.MALFORMED, 1000, id="ignored"),
        pytest.param(
            says(start(), body(b"1", True), body(b"2")), RANGE, Reason.NO_LENGTH, 2, id="n"
        ),
    ],
)
async def test_an_observer_is_told_twice(app: Any, headers: Any, reason: Any, sent: int) -> None:
    events: list[Any] = []
    await ask(RangeMiddleware(app, observer=events.append), path="/x", headers=headers)
    started, finished = events
    assert isinstance(started, ResponseStarted)
    assert isinstance(finished, ResponseFinished)
    assert (started.method, started.path, started.reason) == ("GET", "/x", reason)
    assert (finished.number, finished.bytes_sent) == (started.number, sent)
    assert finished.outcome is Outcome.COMPLETE
    assert finished.seconds >= 0


async def test_what_takes_no_part_is_not_observed() -> None:
    events: list[Any] = []
    app = RangeMiddleware(says(start(), body()), observer=events.append, skip=lambda _: True)
    await ask(app)
    await ask(RangeMiddleware(plain, observer=events.append), "POST")
    assert events == []


async def test_a_debug_line_says_the_same(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "rangeserve")
    await ask(RangeMiddleware(plain), headers=RANGE)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("rangeserve", logging.DEBUG)
    assert "status=206" in record.getMessage()
    assert "bytes_sent=200" in record.getMessage()


async def test_an_observer_that_raises_harms_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def fail(event: Event) -> None:
        raise LookupError("the observer's own")

    answer = await ask(RangeMiddleware(plain, observer=fail), headers=RANGE)
    assert (answer.status, answer.body, answer.complete) == (206, PART, True)
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2


@pytest.mark.parametrize("headers", [[], RANGE], ids=["whole", "part"])
async def test_a_call_that_the_server_cancels_is_told_as_a_client_that_left(headers: Any) -> None:
    """Servers do so when a connection is lost; nobody but the observer is there to be told."""
    events: list[Event] = []

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            scope.cancel()
            await anyio.lowlevel.checkpoint()

    with anyio.CancelScope() as scope:
        app = RangeMiddleware(plain, observer=events.append)
        await app(http_scope(headers=headers), anyio.sleep_forever, send)
    finished = events[-1]
    assert isinstance(finished, ResponseFinished)
    assert (finished.outcome, finished.bytes_sent) == (Outcome.CLIENT_GONE, 0)
