"""The demo in a real Chromium: it plays, it seeks, and it shows what was sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.clips import SECONDS, squares
from support.servers import Server
from support.wire import fetch

from .conftest import OpenPage, observed

SOURCES = ["/video.mp4", "/stream.mp4"]
DESKTOP = {"viewport": {"width": 1100, "height": 900}, "color_scheme": "light"}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "color_scheme": "dark",
    "is_mobile": True,
    "has_touch": True,
}

# The second that is written in the picture itself, read from its black and white squares.
READ_SECOND = """squares => {
  const video = document.querySelector("video");
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(video, 0, 0);
  let second = 0;
  for (const [x, y, size, worth] of squares) {
    const [red] = pen.getImageData(x + size / 2, y + size / 2, 1, 1).data;
    if (red > 127) second += worth;
  }
  return second;
}"""
SEEK = """to => new Promise(done => {
  const video = document.querySelector("video");
  video.addEventListener("seeked", () => done(video.currentTime), { once: true });
  video.currentTime = to;
})"""


def shown(page: Any) -> int:
    second: int = page.evaluate(READ_SECOND, [list(square) for square in squares()])
    return second


def seek(page: Any, to: float) -> float:
    where: float = page.evaluate(SEEK, to)
    return where


def choose(page: Any, source: str) -> None:
    page.get_by_role("radio", name=source).check(force=True)
    page.wait_for_function(
        "source => video.currentSrc.includes(source) && video.readyState >= 2", arg=source
    )


def test_it_plays(server: Server, open_page: OpenPage) -> None:
    """Past the first portion of the clip, so that the browser has come back for more."""
    with open_page(server, **DESKTOP) as page:
        assert shown(page) == 0
        page.evaluate("() => { video.muted = true; video.playbackRate = 4; return video.play() }")
        page.wait_for_function("video.currentTime > 12")
        page.evaluate("video.pause()")
        assert abs(shown(page) - page.evaluate("video.currentTime")) <= 1.1


@pytest.mark.parametrize("source", SOURCES)
def test_a_seek_shows_that_second(server: Server, open_page: OpenPage, source: str) -> None:
    with open_page(server, **DESKTOP) as page:
        choose(page, source)
        assert seek(page, 50.5) == 50.5
        assert shown(page) == 50
        assert seek(page, 20.5) == 20.5
        assert shown(page) == 20


def test_a_click_on_the_slider(server: Server, open_page: OpenPage) -> None:
    with open_page(server, **DESKTOP) as page:
        box = page.locator("video").bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 60)
        left, width = box["x"] + 16, box["width"] - 32
        page.mouse.click(left + width * 50.5 / 60, box["y"] + box["height"] - 20)
        page.wait_for_function("video.currentTime > 0 && !video.seeking")
        second = page.evaluate("video.currentTime")
        assert 49 < second < 52
        assert shown(page) == int(second)


@pytest.mark.parametrize("source", SOURCES)
def test_a_seek_in_a_large_video_fetches_little(
    large_server: Server, large_clip: Path, open_page: OpenPage, source: str
) -> None:
    size = large_clip.stat().st_size
    with open_page(large_server, **DESKTOP) as page:
        choose(page, source)
        assert seek(page, 110.5) == 110.5
        assert shown(page) == 110 % SECONDS
    ours = [event for event in observed(large_server) if event["path"] == source]
    answers = [event for event in ours if event["ranges"] and event["ranges"][0][0] > size / 2]
    assert answers, "no answer starts past half of the file"
    assert {event["status"] for event in answers} == {206}
    sent = [(event["ranges"], event["sent"]) for event in ours]
    assert sum(count for _, count in sent) < size / 2, sent
    assert "Traceback" not in large_server.log


def test_the_picture(server: Server, open_page: OpenPage, artifacts: Path) -> None:
    """A lane for each request, coloured where bytes were sent; and one for any other client."""
    with open_page(server, **DESKTOP) as page:
        seek(page, 50.5)
        choose(page, "/stream.mp4")
        before = page.locator(".lane").count()
        assert before >= 3
        fetch(server.port, "/stream.mp4", [("Range", "bytes=1000000-1099999,2000000-2099999")])
        fetch(server.port, "/stream.mp4", [("Range", "bytes=999999999-")])
        fetch(server.port, "/stream.mp4", [("Range", "bytes=5-1")])
        page.wait_for_function(
            "n => document.querySelectorAll('.lane').length == n", arg=before + 3
        )
        page.wait_for_function("!document.querySelector('.lane[data-open]')")
        malformed, beyond, parts = (page.locator(".lane").nth(place) for place in range(3))
        assert malformed.get_attribute("data-status") == "200"
        assert "does not match the grammar" in malformed.inner_text()
        assert beyond.get_attribute("data-status") == "416"
        assert beyond.locator("i").count() == 0
        assert parts.get_attribute("data-status") == "206"
        assert bars(parts, page) == pytest.approx([1.0, 0.1, 2.0, 0.1], abs=0.02)
        assert "206" in parts.inner_text()
        assert page.locator("#file i.sent").count() >= 1
        assert "requests" in page.locator("#total").inner_text()
        page.screenshot(path=artifacts / "demo-desktop-light.png", full_page=True)


def bars(lane: Any, page: Any) -> list[float]:
    """Where the bars of a lane begin and how long they are, in MB of the clip."""
    megabytes = int(page.locator("main").get_attribute("data-size")) / 1e6
    boxes: list[float] = lane.evaluate(
        """lane => {
          const track = lane.querySelector(".track").getBoundingClientRect();
          return [...lane.querySelectorAll("i.sent")].flatMap(bar => {
            const box = bar.getBoundingClientRect();
            return [(box.x - track.x) / track.width, box.width / track.width];
          });
        }"""
    )
    return [number * megabytes for number in boxes]


def test_a_client_that_leaves_is_shown(
    large_server: Server, open_page: OpenPage, artifacts: Path
) -> None:
    with open_page(large_server, **PHONE) as page:
        seek(page, 60.5)
        seek(page, 150.5)
        page.wait_for_selector(".lane i.unsent", state="attached")
        assert (
            "client left" in page.locator(".lane", has=page.locator("i.unsent")).first.inner_text()
        )
        page.screenshot(path=artifacts / "demo-phone-dark.png", full_page=True)


@pytest.mark.parametrize("context", [DESKTOP, PHONE], ids=["desktop, light", "phone, dark"])
def test_it_fits_and_can_be_named(
    server: Server, open_page: OpenPage, context: dict[str, Any]
) -> None:
    """Nothing sticks out sideways; every control has a name; the colours follow the system."""
    with open_page(server, **context) as page:
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        for role, name in (
            ("radio", "/video.mp4 a file, read at offsets"),
            ("radio", "/stream.mp4 a stream, sliced"),
            ("button", "a quarter"),
            ("heading", "What was sent"),
            ("list", "Requests, the latest first"),
        ):
            assert page.get_by_role(role, name=name).count() == 1
        red = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]")
        assert (int(red) > 127) is (context["color_scheme"] == "light")


def test_a_missing_video_is_one_sentence_on_the_page(
    folder: Path, tmp_path: Path, browser: Any
) -> None:
    from support.demo import VARIABLE, demo

    video = tmp_path / "mine.mp4"
    video.write_bytes(b"x")
    with demo(folder, env={VARIABLE: str(video)}) as server:
        video.unlink()
        page = browser.new_page()
        page.goto(server.url)
        assert page.get_by_role("alert").inner_text() == (
            f"There is no video to play: {video.name}: no such file or directory."
        )
        page.close()
