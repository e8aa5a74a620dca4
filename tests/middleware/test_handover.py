"""`handover.py`: what a view and the middleware tell each other."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest
from support.apps import PART, RANGE, plain
from support.driver import ask

from rangeserve import RangeMiddleware, hand_over, requested_range
from rangeserve.core.request import REPEATED
from rangeserve.handover import EXTENSION, Handover, handover_of
from rangeserve.sources.memory import BytesSource


def scope_with(handover: object) -> dict[str, Any]:
    return {"type": "http", "method": "GET", "extensions": {EXTENSION: handover}}


def test_a_view_sees_what_was_asked() -> None:
    asked = requested_range(scope_with(Handover("bytes=0-9,-5")))
    assert asked is not None
    assert (asked.units, asked.ranges) == ("bytes", [(0, 10), (-5, None)])


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(None, id="absent"),
        pytest.param(REPEATED, id="repeated"),
        pytest.param("bytes=x", id="malformed"),
        pytest.param("pages=1-2", id="unknown unit"),
    ],
)
def test_no_range_that_can_be_read(field: str | None) -> None:
    assert requested_range(scope_with(Handover(field))) is None


@pytest.mark.parametrize(
    "scope",
    [
        pytest.param({"type": "http", "method": "POST"}, id="no extensions"),
        pytest.param({"type": "http", "method": "POST", "extensions": None}, id="none"),
        pytest.param({"type": "websocket", "extensions": {}}, id="websocket"),
        pytest.param(scope_with({"path": "x"}), id="somebody else's"),
    ],
)
def test_without_the_middleware_nobody_takes_a_source(scope: dict[str, Any]) -> None:
    assert handover_of(scope) is None
    assert requested_range(scope) is None
    with pytest.raises(RuntimeError, match="no RangeMiddleware takes this source") as caught:
        hand_over(scope, "film.mp4")
    assert str(scope.get("method", "websocket")) in str(caught.value)


@pytest.mark.parametrize("path", ["film.mp4", Path("film.mp4"), "./x/../film.mp4"])
def test_a_relative_path_is_resolved_at_once(
    path: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handover = Handover()
    monkeypatch.chdir(tmp_path)
    hand_over(scope_with(handover), path)
    monkeypatch.chdir("/")
    assert handover.source == os.path.join(os.path.realpath(tmp_path), "film.mp4")


def test_a_source_is_handed_over_as_it_is_and_the_last_one_counts() -> None:
    handover = Handover()
    source = BytesSource(b"abc")
    hand_over(scope_with(handover), "first")
    hand_over(scope_with(handover), source)
    assert handover.source is source
    assert not handover.accepted


@pytest.mark.anyio
async def test_a_body_replaced_after_the_handover_wins_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        hand_over(scope, BytesSource(b"x" * 77))
        await plain(scope, receive, send)

    answer = await ask(RangeMiddleware(app), headers=RANGE)
    assert (answer.status, answer.body) == (206, PART)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("rangeserve", logging.WARNING)
    assert "77" in record.getMessage()
