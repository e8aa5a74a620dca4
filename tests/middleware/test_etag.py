"""The entity-tag of a file that is handed over: `etag=`, and what the app has said itself."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from support.apps import BODY, ETAG, PART, RANGE, hands_over
from support.driver import Answer, ask

from rangeserve import (
    RangeMiddleware,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film"
    path.write_bytes(BODY)
    return path


async def answer_with_etag(film: Path, etag: Any) -> Answer:
    app = RangeMiddleware(hands_over(film), etag=etag)
    answer = await ask(app, headers=RANGE)
    assert (answer.status, answer.body) == (206, PART)
    return answer


async def test_a_file_has_a_strong_etag_and_a_date(film: Path) -> None:
    answer = await ask(RangeMiddleware(hands_over(film)))
    assert answer["etag"].startswith('"')
    assert answer["last-modified"].endswith(" GMT")
    again = await ask(
        RangeMiddleware(hands_over(film)),
        headers=[("If-None-Match", answer["etag"])],
    )
    assert again.status == 304


async def test_the_etag_callable_is_given_the_descriptors_stat(film: Path) -> None:
    seen: list[Any] = []

    def own(file: Any) -> str:
        seen.append(file.status)
        return '"own"'

    assert (await answer_with_etag(film, own))["etag"] == '"own"'
    assert seen[0].st_ino == film.stat().st_ino
    assert (await answer_with_etag(film, None)).get("etag") is None


@pytest.mark.parametrize("given", [None, "no quotes", '"a\r\nb"', 42, b'"bytes"'])
async def test_what_an_etag_callable_makes_that_is_no_etag_is_left_out(
    film: Path, given: Any
) -> None:
    assert (await answer_with_etag(film, lambda _: given)).get("etag") is None


async def test_an_etag_callable_that_raises_costs_the_etag_only(
    film: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(status: Any) -> str:
        raise LookupError("the callable's own")

    assert (await answer_with_etag(film, fail)).get("etag") is None
    (record,) = caplog.records
    assert record.levelno == logging.ERROR


async def test_an_etag_callable_is_not_asked_when_the_app_gave_one(film: Path) -> None:
    asked: list[Any] = []
    answer = await ask(RangeMiddleware(hands_over(film, ETAG), etag=asked.append))
    assert answer["etag"] == '"v1"'
    assert asked == []
