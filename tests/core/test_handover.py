"""`handover.py`: what a view and the middleware tell each other."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from rangeserve import hand_over, requested_range
from rangeserve.handover import EXTENSION, Offer, offer_of
from rangeserve.request import REPEATED
from rangeserve.sources.memory import BytesSource


def scope_with(offer: object) -> dict[str, Any]:
    return {"type": "http", "method": "GET", "extensions": {EXTENSION: offer}}


def test_a_view_sees_what_was_asked() -> None:
    asked = requested_range(scope_with(Offer("bytes=0-9,-5")))
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
    assert requested_range(scope_with(Offer(field))) is None


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
    assert offer_of(scope) is None
    assert requested_range(scope) is None
    with pytest.raises(RuntimeError, match="nobody takes this source") as caught:
        hand_over(scope, "film.mp4")
    assert str(scope.get("method", "websocket")) in str(caught.value)


@pytest.mark.parametrize("path", ["film.mp4", Path("film.mp4"), "./x/../film.mp4"])
def test_a_relative_path_is_resolved_at_once(
    path: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = Offer()
    monkeypatch.chdir(tmp_path)
    hand_over(scope_with(offer), path)
    monkeypatch.chdir("/")
    assert offer.source == os.path.join(os.path.realpath(tmp_path), "film.mp4")


def test_a_source_is_handed_over_as_it_is_and_the_last_one_counts() -> None:
    offer = Offer()
    source = BytesSource(b"abc")
    hand_over(scope_with(offer), "first")
    hand_over(scope_with(offer), source)
    assert offer.source is source
    assert not offer.served
