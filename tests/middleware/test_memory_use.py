"""How much memory a response needs."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from support.apps import RANGE, plain
from support.driver import ask
from support.messages import (
    body,
    content_length,
    start,
)

from rangeserve import (
    RangeMiddleware,
)

pytestmark = pytest.mark.anyio


async def test_the_tail_of_a_gibibyte_needs_less_than_a_mebibyte() -> None:
    size, chunk = 1 << 30, bytes(65_536)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(content_length(size)))
        for at in range(0, size, len(chunk)):
            await send(body(chunk, at + len(chunk) < size))

    await ask(RangeMiddleware(plain), headers=RANGE)
    tracemalloc.start()
    try:
        answer = await ask(RangeMiddleware(app), headers=[("Range", "bytes=-1000")])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (answer.status, answer["content-length"]) == (206, "1000")
    assert answer.body == bytes(1000)
    assert peak < 1 << 20
