"""What the wrapped app sees: a scope without ranges, in the server's task and context."""

from __future__ import annotations

import contextvars
from typing import Any

import pytest
from support.apps import RANGE, plain
from support.driver import ask, http_scope

from rangeserve import (
    RangeMiddleware,
    requested_range,
)

pytestmark = pytest.mark.anyio


async def test_the_app_sees_a_scope_without_ranges() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)
        await plain(scope, receive, send)

    given = http_scope(headers=[*RANGE, ("If-Match", "*")], spec_version="2.4")
    given["state"] = {"db": 1}
    await ask(RangeMiddleware(app), scope=given)
    (scope,) = seen
    assert scope["headers"] == [(b"if-match", b"*")]
    assert scope["asgi"]["spec_version"] == "2.3"
    assert scope["state"] is given["state"]
    asked = requested_range(scope)
    assert asked is not None
    assert asked.ranges == [(150, 350)]


@pytest.mark.parametrize(
    "field",
    [
        pytest.param("bytes=" + "0-1," * 65, id="specs"),
        pytest.param("bytes=0-" + "1" * 8192, id="octets"),
    ],
)
async def test_a_view_sees_no_range_that_is_over_the_limits(field: str) -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(requested_range(scope))
        await plain(scope, receive, send)

    answer = await ask(RangeMiddleware(app), headers=[("Range", field)])
    assert answer.status == 200
    assert seen == [None]


async def test_request_headers_that_can_be_read_only_once() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(scope["headers"])
        await plain(scope, receive, send)

    scope = http_scope(headers=[*RANGE, ("X", "1")])
    scope["headers"] = iter(scope["headers"])
    answer = await ask(RangeMiddleware(app), scope=scope)
    assert answer.status == 206
    assert seen == [(b"x", b"1")]


async def test_the_app_runs_in_the_servers_task_and_context() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        variable.set("by the app")
        await plain(scope, receive, send)

    await ask(RangeMiddleware(app), headers=RANGE)
    assert variable.get() == "by the app"
