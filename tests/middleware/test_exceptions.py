"""What an app raises, and what of it reaches the server."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest
from support.apps import BODY, LENGTH, RANGE, plain_part
from support.driver import ask
from support.messages import (
    App,
    body,
    content_length,
    says,
    start,
)

from rangeserve import (
    RangeMiddleware,
    ResponseError,
)

if sys.version_info < (3, 11):
    from exceptiongroup import ExceptionGroup


pytestmark = pytest.mark.anyio


def caused_by(error: Exception) -> Exception:
    other = RuntimeError("wrapped")
    other.__cause__ = error
    return other


def raised_from_ours(make: Callable[[Exception], Exception]) -> App:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(content_length(1_000_000)))
        try:
            for _ in range(100):
                await send(body(BODY, True))
        except OSError as error:
            raise make(error)  # noqa: B904

    return app


@pytest.mark.parametrize(
    ("make", "level"),
    [
        pytest.param(lambda error: error, None, id="ours itself"),
        pytest.param(lambda error: ExceptionGroup("g", [error]), None, id="a group of ours"),
        pytest.param(lambda _: RuntimeError("wrapped"), logging.WARNING, id="ours as context"),
        pytest.param(
            lambda error: ExceptionGroup("g", [error, caused_by(error)]),
            logging.WARNING,
            id="ours as a cause, in a group",
        ),
    ],
)
async def test_our_exception_is_taken_back(
    make: Any, level: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await ask(RangeMiddleware(raised_from_ours(make)), headers=RANGE)
    assert answer.complete
    assert [record.levelno for record in caplog.records] == ([] if level is None else [level])


async def test_from_a_group_only_ours_is_taken() -> None:
    other = ValueError("another task's")
    app = raised_from_ours(lambda error: ExceptionGroup("g", [error, other]))
    with pytest.raises(ExceptionGroup) as caught:
        await ask(RangeMiddleware(app), headers=RANGE)
    assert caught.value.exceptions == (other,)


async def test_an_unrelated_error_after_the_end_is_raised() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await plain_part(send)
        raise LookupError("something else")

    with pytest.raises(LookupError, match="something else"):
        await ask(RangeMiddleware(app), headers=RANGE)


class Fatal(BaseException):
    """Not an `Exception`."""


async def test_a_base_exception_always_propagates() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await plain_part(send)
        raise Fatal

    with pytest.raises(Fatal):
        await ask(RangeMiddleware(app), headers=RANGE)


async def test_an_app_that_returns_too_early_is_an_error() -> None:
    with pytest.raises(ResponseError, match="returned"):
        await ask(RangeMiddleware(says(start(LENGTH), body(BODY[:200], True))), headers=RANGE)
