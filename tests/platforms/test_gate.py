"""A film of 200 MB in a real Chromium, through a gate of 6 MB; Mangum is in between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from e2e.test_browser import READ_SECOND, SEEK
from platforms.conftest import Serve, told
from support.clips import SECONDS, squares
from support.wire import fetch

MOST = 6_291_556
CAP = 4_500_000


def shown(page: Any) -> int:
    second: int = page.evaluate(READ_SECOND, [list(square) for square in squares()])
    return second


def test_it_plays_and_seeks(serve: Serve, page: Any, large_clip: Path) -> None:
    size = large_clip.stat().st_size
    assert size > 195_000_000
    with serve("gated_app:app", PLATFORMS_FILM=str(large_clip)) as server:
        page.goto(f"{server.url}/")
        page.wait_for_function("document.querySelector('video').readyState >= 2")
        for second in (150.5, 20.5, 100.5):
            assert page.evaluate(SEEK, second) == second
            assert shown(page) == int(second) % SECONDS
        page.evaluate(SEEK, 60.0)
        page.evaluate("""() => {
            const video = document.querySelector("video");
            video.playbackRate = 4;
            return video.play();
        }""")
        # Far more than one answer has: a second is more than 1 MB.
        page.wait_for_function("document.querySelector('video').currentTime > 72")
        page.evaluate("document.querySelector('video').pause()")
        passed = [each for each in told(server, "/passed") if each["path"] == "/film.mp4"]
    assert {each["status"] for each in passed} == {206}
    assert max(each["size"] for each in passed) <= MOST
    assert len(passed) > 5
    for each in passed:
        span, _, _ = each["content_range"].removeprefix("bytes ").partition("/")
        first, _, last = span.partition("-")
        assert int(last) - int(first) < CAP
        assert each["content_range"].endswith(f"/{size}")


def test_without_a_cap_it_does_not_play(serve: Serve, page: Any, large_clip: Path) -> None:
    """The gate does refuse, or the test above would prove nothing."""
    with serve("gated_app:plain", PLATFORMS_FILM=str(large_clip)) as server:
        answer = fetch(server.port, "/film.mp4", headers=[("Range", "bytes=0-9999999")])
        assert (answer.status, answer.body) == (502, b"too large")
        page.goto(f"{server.url}/")
        page.wait_for_function("document.querySelector('video').error !== null")


@pytest.mark.parametrize(
    ("fields", "status", "content_range"),
    [
        pytest.param({"Range": "bytes=0-"}, 206, f"bytes 0-{CAP - 1}/", id="open"),
        pytest.param(
            {"Range": "bytes=1000-99999999"}, 206, f"bytes 1000-{CAP + 999}/", id="closed"
        ),
        pytest.param({"Range": "bytes=0-9,20-99999999"}, 206, None, id="several"),
        pytest.param({"Range": "bytes=-10000000"}, 206, "bytes ", id="suffix"),
        pytest.param({}, 501, None, id="whole"),
    ],
)
def test_what_passes(
    serve: Serve,
    tmp_path: Path,
    fields: dict[str, str],
    status: int,
    content_range: str | None,
) -> None:
    film = tmp_path / "film.mp4"
    with film.open("wb") as file:
        file.truncate(200_000_000)  # sparse
    with serve("gated_app:app", PLATFORMS_FILM=str(film)) as server:
        answer = fetch(server.port, "/film.mp4", headers=fields.items())
        (passed,) = told(server, "/passed")
    assert answer.status == status
    assert passed["size"] <= MOST
    if content_range is not None:
        assert answer["content-range"].startswith(content_range)


def test_a_head_tells_the_size(serve: Serve, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    with film.open("wb") as file:
        file.truncate(200_000_000)
    with serve("gated_app:app", PLATFORMS_FILM=str(film)) as server:
        answer = fetch(server.port, "/film.mp4", method="HEAD")
    assert (answer.status, answer["content-length"]) == (200, "200000000")
