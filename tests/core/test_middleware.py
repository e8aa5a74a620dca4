"""`RangeMiddleware` on asyncio and trio."""

from __future__ import annotations

from typing import Any

import pytest
from support.driver import ask

from rangeserve import RangeMiddleware

pytestmark = pytest.mark.anyio

BODY = bytes(i % 251 for i in range(1000))


async def plain(scope: dict[str, Any], receive: Any, send: Any) -> None:
    headers = [(b"content-length", b"1000"), (b"etag", b'"v1"')]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for start in range(0, 1000, 100):
        piece = BODY[start : start + 100]
        await send({"type": "http.response.body", "body": piece, "more_body": start < 900})


async def test_one_range_is_a_206() -> None:
    answer = await ask(RangeMiddleware(plain), headers=[("Range", "bytes=150-349")])
    assert answer.status == 206
    assert answer["content-range"] == "bytes 150-349/1000"
    assert answer["content-length"] == "200"
    assert answer.body == BODY[150:350]
    assert answer.complete
