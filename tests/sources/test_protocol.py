"""What a source is, and when it is closed."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import anyio
import pytest
from support.content import CONTENT
from support.driver import ask

from rangeserve import RangeMiddleware, hand_over, serve
from rangeserve.sources import (
    BytesSource,
    Closable,
    OpenFileSource,
    ReadsSideBySide,
    Source,
)

pytestmark = pytest.mark.anyio


class Held(BytesSource):
    def __init__(self, close: Callable[[], None]) -> None:
        super().__init__(CONTENT, etag='"v1"')
        self._close = close

    async def aclose(self) -> None:
        await anyio.lowlevel.checkpoint()
        self._close()


@pytest.mark.parametrize(
    ("method", "headers", "leave_after"),
    [
        pytest.param("GET", [], None, id="read to its end"),
        pytest.param("HEAD", [], None, id="not read: HEAD"),
        pytest.param("GET", [("If-None-Match", '"v1"')], None, id="not read: 304"),
        pytest.param("GET", [("Range", "bytes=900000-")], None, id="not read: 416"),
        pytest.param("GET", [], 300_000, id="the client leaves"),
    ],
)
async def test_a_source_is_closed_once(
    method: str, headers: list[tuple[str, str]], leave_after: int | None
) -> None:
    closed: list[None] = []
    source = Held(lambda: closed.append(None))
    await ask(serve(source), method, headers=headers, leave_after=leave_after)
    assert len(closed) == 1


async def test_a_source_is_closed_when_the_view_fails() -> None:
    closed: list[None] = []

    async def view(scope: dict[str, Any], receive: Any, send: Any) -> None:
        hand_over(scope, Held(lambda: closed.append(None)))
        raise LookupError("a bug")

    with pytest.raises(LookupError):
        await ask(RangeMiddleware(view))
    assert len(closed) == 1


async def test_a_source_that_fails_as_it_is_closed_harms_no_response(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails() -> None:
        raise OSError("cannot close")

    assert (await ask(serve(Held(fails)))).body == CONTENT
    assert "failed when it was closed" in caplog.text


def test_the_adapters_are_what_they_say() -> None:
    assert isinstance(BytesSource(b""), Source)
    assert not isinstance(BytesSource(b""), Closable)
    assert not isinstance(BytesSource(b""), ReadsSideBySide)
    assert isinstance(OpenFileSource(BytesIO()), Closable)
