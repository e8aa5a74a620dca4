"""rangeserve and a second, slow evaluator agree on requests made at random.

`support/oracle.py` is a transcription of the RFC; `support/cases.py` makes the requests, from a
seed. RANGESERVE_ORACLE_REQUESTS says how many (tox -e conformance: 100,000).
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timezone
from random import Random
from typing import Any

import pytest
from support.cases import random_case
from support.driver import ask, http_scope
from support.oracle import Case, Expected, answer

from rangeserve import ByteRange, Limits, RangeMiddleware, Reason, ResponseStarted, hand_over
from rangeserve._asgi.exchange import Exchange, Serve
from rangeserve.core.multipart import Segment
from rangeserve.core.request import read_request
from rangeserve.core.validators import parse_http_date
from rangeserve.handover import Handover

SEED = 9110
REQUESTS = int(os.environ.get("RANGESERVE_ORACLE_REQUESTS", "3000"))

BOUNDARY = re.compile("multipart/byteranges; boundary=([0-9a-f]{32})")


class Held:
    """The bytes of a case as a source."""

    def __init__(self, case: Case) -> None:
        supplied = dict(case.supplied)
        modified = supplied.get("last-modified")
        seconds = parse_http_date(modified, case.now) if modified is not None else None
        self.size = len(case.data)
        self.etag = supplied.get("etag")
        self.content_type = supplied.get("content-type")
        self.last_modified = (
            datetime.fromtimestamp(seconds, timezone.utc) if seconds is not None else None
        )
        self._data = case.data

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        yield self._data[start:stop]


def encoded(lines: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1")) for name, value in lines]


def messages(case: Case, random: Random) -> list[dict[str, Any]]:
    """The app's answer: a start, and the body in chunks of any size."""
    start = {"type": "http.response.start", "status": 200, "headers": encoded(case.given)}
    if case.source:
        return [start]
    cuts = sorted(random.randrange(len(case.data) + 1) for _ in range(random.randrange(6)))
    chunks = [case.data[a:b] for a, b in zip([0, *cuts], [*cuts, len(case.data)], strict=True)]
    if case.one_message:
        chunks = [case.data]
    elif len(chunks) == 1:
        chunks.append(b"")
    last = len(chunks) - 1
    return [start] + [
        {"type": "http.response.body", "body": chunk, "more_body": place != last}
        for place, chunk in enumerate(chunks)
    ]


def limits_of(case: Case) -> Limits:
    return Limits(
        max_field_size=case.limits.max_field_size,
        max_ranges=case.limits.max_ranges,
        part_overhead=case.limits.part_overhead,
        slack=case.limits.slack,
        max_partial_size=case.limits.max_partial_size,
    )


def decide(case: Case, random: Random) -> Expected:
    """What rangeserve makes of a case, without an event loop."""
    handover = Handover(None)
    if case.source:
        handover.source = Held(case)
    asked = encoded(case.asked)
    request = read_request(case.method, asked, limits_of(case))
    exchange = Exchange(
        case.method, request, handover, limits_of(case), lambda: case.now, request_fields=asked
    )
    status, headers, body = 0, [], b""
    for message in messages(case, random):
        for action in exchange.feed(message):
            if isinstance(action, Serve):
                body += b"".join(filled(case, segment) for segment in action.plan.segments)
            elif isinstance(action, dict) and action["type"] == "http.response.start":
                status, headers = action["status"], action["headers"]
            else:
                assert isinstance(action, dict)
                body += action["body"]
        if exchange.response.complete:
            break
    return actual(status, headers, body, exchange.response.reason)


def filled(case: Case, segment: Segment) -> bytes:
    return case.data[slice(*segment)] if isinstance(segment, ByteRange) else segment


def actual(status: int, headers: Any, body: bytes, reason: Reason | None) -> Expected:
    lines = [(name.decode().lower(), value.decode("latin-1")) for name, value in headers]
    return Expected(status, lines, body, reason.name if reason is not None else None)


def boundary_of(got: Expected) -> str:
    for name, value in got.headers:
        match = BOUNDARY.fullmatch(value)
        if name == "content-type" and match is not None:
            return match[1]
    return ""


def check(case: Case, got: Expected) -> None:
    want = answer(case, boundary_of(got))
    if case.method == "HEAD":
        assert got.body == b""
    assert (got.status, got.reason, sorted(got.headers), got.body) == (
        want.status,
        want.reason,
        sorted(want.headers),
        want.body,
    ), case


@pytest.mark.timeout(600)  # 100,000 requests take half a minute of one core
def test_both_evaluators_agree() -> None:
    random = Random(SEED)
    statuses: Counter[int] = Counter()
    reasons: Counter[str | None] = Counter()
    multipart = 0
    for _ in range(REQUESTS):
        case = random_case(random)
        got = decide(case, random)
        check(case, got)
        statuses[got.status] += 1
        reasons[got.reason] += 1
        multipart += boundary_of(got) != ""
    print(f"{REQUESTS} requests: {dict(statuses)}, {multipart} multipart, {dict(reasons)}")
    # The requests are worth it: every outcome comes up, and often.
    floor = REQUESTS // 1000
    assert {status: count for status, count in statuses.items() if count >= floor}.keys() == {
        200, 206, 304, 412, 416,
    }  # fmt: skip
    assert multipart >= floor
    assert {name for name, count in reasons.items() if name is not None and count >= floor} == {
        reason.name for reason in Reason
    } - {"NOT_A_200", "UNKNOWN_MESSAGE"}


@pytest.mark.anyio
async def test_the_whole_middleware_agrees(
    anyio_backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same through `RangeMiddleware`, with an app that streams or hands over."""
    random = Random(SEED + 1)
    for _ in range(REQUESTS // 50):
        case = random_case(random)
        events: list[Any] = []
        sent = messages(case, random)

        async def app(
            scope: Any, receive: Any, send: Any, case: Case = case, sent: Any = sent
        ) -> None:
            if case.source:
                hand_over(scope, Held(case))
            for message in sent:
                await send(message)
            if case.source:
                await send({"type": "http.response.body"})

        monkeypatch.setattr("rangeserve._asgi.call.time.time", lambda now=case.now: now)
        middleware = RangeMiddleware(app, limits=limits_of(case), observer=events.append)
        scope = http_scope(case.method, headers=case.asked)
        result = await ask(middleware, scope=scope)
        assert result.complete
        started = events[0]
        assert isinstance(started, ResponseStarted)
        got = Expected(result.status, result.headers, result.body, None)
        reason = started.reason.name if started.reason is not None else None
        check(case, Expected(got.status, got.headers, got.body, reason))
