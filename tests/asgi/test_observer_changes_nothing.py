"""A law: with and without an observer the same messages go out, and the same error is raised.

So they do with and without the fast paths: a plain 200 goes down one, and whatever it does not
know is taken over by an exchange; without them there is an exchange from the beginning.
"""

from __future__ import annotations

import re
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.driver import http_scope

from rangeserve import RangeMiddleware, hand_over
from rangeserve.sources import BytesSource

BODY = b"0123456789"
BOUNDARY = re.compile(rb"[0-9a-f]{32}")

fields = st.sampled_from(
    [
        (),
        *[((b"content-length", b"10"),)] * 6,
        ((b"content-type", b"text/plain"), (b"Content-Length", b"10"), (b"etag", b'"v"')),
        ((b"content-length", b"10"), (b"content-length", b"10")),
        ((b"content-length", b"x"),),
        ((b"content-length", b"10"), (b"content-encoding", b"gzip")),
        ((b"content-length", b"10"), (b"accept-ranges", b"none")),
        ((b"content-length", b"10"), (b"accept-ranges", b"bytes")),
    ]
)
starts = st.builds(
    lambda status, headers: {"type": "http.response.start", "status": status, "headers": headers},
    st.sampled_from([200] * 8 + [206, 404]),
    fields.map(list),
)
bodies = st.builds(
    lambda body, more: {"type": "http.response.body", "body": body, "more_body": more},
    st.sampled_from([*[BODY] * 4, BODY[:4], BODY[4:], b"", BODY + b"0"]),
    st.booleans(),
)
others = st.sampled_from(
    [
        {"type": "http.response.early_hint", "links": []},
        {"type": "http.response.trailers", "headers": []},
        {"type": "http.response.zerocopysend", "file": 3},
        {"type": "http.response.body"},
        "hand over",
        "hand over another length",
        "stop",
    ]
)
apps = st.tuples(
    starts, st.lists(st.one_of(bodies, bodies, bodies, starts, others), max_size=4)
).map(lambda both: [both[0], *both[1]]) | st.lists(st.one_of(starts, bodies, others), max_size=4)
asked = st.sampled_from(
    [
        *[[]] * 6,
        [("Range", "bytes=2-5")],
        [("Range", "bytes=0-1,5-6")],
        [("Range", "bytes=99-")],
        [("Range", "lines=1")],
        [("If-None-Match", '"v"')],
        [("Range", "bytes=0-0"), ("If-Range", '"w"')],
    ]
)


def outcome(
    method: str, headers: Any, steps: list[Any], *, is_fast: bool = True, **options: Any
) -> tuple[Any, ...]:
    """What goes out and what is raised when an app takes these steps.

    Without `is_fast` there is an exchange from the beginning.
    """
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for step in steps:
            if step == "stop":
                return
            if step == "hand over":
                hand_over(scope, BytesSource(BODY))
            elif step == "hand over another length":
                hand_over(scope, BytesSource(BODY * 2, etag='"s"'))
            else:
                await send(step)

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> str | None:
        try:
            wrapped = RangeMiddleware(app, **options)
            if not is_fast:
                wrapped._settings.has_fast_path = wrapped._settings.has_short_ranges = False
            await wrapped(http_scope(method, headers=headers), anyio.sleep_forever, send)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return None

    error = anyio.run(run)
    return BOUNDARY.sub(b"boundary", repr(sent).encode()), error


@pytest.mark.filterwarnings("ignore:.*never awaited")
@settings(max_examples=500, deadline=None)
@given(st.sampled_from(["GET", "GET", "GET", "HEAD"]), asked, apps)
def test_an_observer_changes_nothing(method: str, headers: Any, steps: list[Any]) -> None:
    events: list[Any] = []
    slow_events: list[Any] = []
    expected = outcome(method, headers, steps, is_fast=False)
    assert outcome(method, headers, steps) == expected
    assert outcome(method, headers, steps, observer=events.append) == expected
    assert outcome(method, headers, steps, is_fast=False, observer=slow_events.append) == expected
    assert list(map(told, events)) == list(map(told, slow_events))
    assert len(events) in (0, 2)


def told(event: Any) -> dict[str, Any]:
    """What an event says, but for what every request has of its own."""
    return {name: value for name, value in vars(event).items() if name not in ("number", "seconds")}
