"""`RangeMiddleware` around `RangeMiddleware`."""

from __future__ import annotations

from typing import Any

import pytest
from support.apps import BODY, PART, RANGE, Producer, plain
from support.driver import ask
from support.messages import (
    body,
    start,
)

from rangeserve import (
    RangeMiddleware,
    hand_over,
)
from rangeserve.sources.memory import BytesSource

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "app", [plain, Producer(), Producer(listens=True)], ids=["plain", "endless", "listening"]
)
async def test_wrapped_twice(app: Any) -> None:
    answer = await ask(RangeMiddleware(RangeMiddleware(app)), headers=RANGE)
    assert (answer.status, answer.body, answer.complete) == (206, PART, True)
    assert len(answer.all("accept-ranges")) == 1


async def test_a_source_handed_over_under_two_wrappings() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        hand_over(scope, BytesSource(BODY, etag='"s"'))
        await send(start())
        await send(body())

    answer = await ask(RangeMiddleware(RangeMiddleware(app)), headers=RANGE)
    assert (answer.status, answer.body, answer["etag"]) == (206, PART, '"s"')


async def test_the_outer_one_does_the_work() -> None:
    seen: list[str] = []
    inner = RangeMiddleware(plain, observer=lambda event: seen.append("inner"), pathsend=True)
    outer = RangeMiddleware(inner, observer=lambda event: seen.append("outer"))
    answer = await ask(outer, headers=RANGE)
    assert (answer.status, answer.body) == (206, PART)
    assert seen == ["outer", "outer"]
