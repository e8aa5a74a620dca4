"""The demo in a real Chromium: it plays, it seeks, and it shows what was sent."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from support.clips import SECONDS, squares
from support.demo import HYPERCORN, QUART, UVICORN, VARIABLE, demo
from support.servers import Server
from support.waiting import eventually
from support.wire import fetch

from .conftest import OpenPage, observed

SOURCES = ["/video.mp4", "/stream.mp4"]
DESKTOP = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "color_scheme": "dark",
    "is_mobile": True,
    "has_touch": True,
}
LOOKS = [DESKTOP, {**DESKTOP, "color_scheme": "dark"}, PHONE, {**PHONE, "color_scheme": "light"}]
LOOK_NAMES = ["desktop, light", "desktop, dark", "phone, dark", "phone, light"]

# Whether the newest lane shows that something was sent of a place, a part of the whole.
SENT_OF = """place => {
  const track = document.querySelector(".lane .track");
  const { x, width } = track.getBoundingClientRect();
  return [...track.querySelectorAll(".sent")].some(
    bar => Math.abs((bar.getBoundingClientRect().x - x) / width - place) < 0.03
  );
}"""

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
    """For longer than what is fetched before Play is pressed."""
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
        for second in (3590.5, 50.5, 1820.5):
            assert seek(page, second) == second
            assert shown(page) == int(second) % SECONDS


@pytest.mark.parametrize("source", SOURCES)
def test_play_then_drag(server: Server, open_page: OpenPage, source: str) -> None:
    """The first minute of everybody: each drag is a new lane, and little of the film is sent."""
    with open_page(server, **DESKTOP) as page:
        choose(page, source)
        click_play(page)
        page.wait_for_function("video.currentTime > 1")
        size = int(page.locator("main").get_attribute("data-size"))
        for place in (0.8, 0.3, 0.95, 0.5, 0.15):
            page.wait_for_timeout(1000)  # those that follow each other sooner share a lane
            before = page.locator(".lane").count()
            drag(page, place)
            page.wait_for_function("n => document.querySelectorAll('.lane').length > n", arg=before)
            page.wait_for_function("!video.seeking && video.readyState >= 3")
            assert page.evaluate("video.currentTime / video.duration") == pytest.approx(
                place, abs=0.03
            )
            lane = page.locator(".lane").first
            assert lane.get_attribute("data-status") == "206"
            assert is_in_view(lane, page)
            # The bars are under the slider.
            page.wait_for_function(SENT_OF, arg=place)
        page.evaluate("video.pause()")
    ours = [event for event in observed(server) if event["path"] == source]
    assert {event["status"] for event in ours} == {206}
    sent = sum(event["sent"] for event in ours)
    assert 2_000_000 < sent < size / 4, [(event["ranges"], event["sent"]) for event in ours]
    assert "Traceback" not in server.log


def click_play(page: Any) -> None:
    """On the button of the video's own control; a click on the picture is not needed."""
    box = page.locator("video").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 60)
    page.evaluate("video.muted = true")
    page.mouse.click(box["x"] + 25, box["y"] + box["height"] - 48)
    page.wait_for_function("!video.paused")


def drag(page: Any, place: float) -> None:
    """Drag the slider of the video's own control to a place, from a little before it."""
    box = page.locator("video").bounding_box()
    left, width = box["x"] + 16, box["width"] - 32
    height = box["y"] + box["height"] - 22
    page.mouse.move(left + width * place - 40, height)
    page.mouse.down()
    page.mouse.move(left + width * place, height, steps=6)
    page.mouse.up()


def is_in_view(lane: Any, page: Any) -> bool:
    box = lane.bounding_box()
    return bool(box["y"] >= 0 and box["y"] + box["height"] <= page.viewport_size["height"])


def test_on_a_phone_the_lanes_are_in_view(server: Server, open_page: OpenPage) -> None:
    with open_page(server, **PHONE) as page:
        for place in (0.25, 0.5, 0.75):
            page.evaluate("place => { video.currentTime = place * video.duration }", place)
            page.wait_for_function("!video.seeking && video.readyState >= 2")
            page.wait_for_timeout(1000)
        for number in range(3):
            assert is_in_view(page.locator(".lane").nth(number), page)
        video = page.locator("video").bounding_box()
        page.mouse.wheel(0, 300)
        page.wait_for_function("scrollY > 100")
        assert 0 <= page.locator("video").bounding_box()["y"] <= video["y"]


def test_the_keyboard(server: Server, open_page: OpenPage) -> None:
    """Each control is reached with Tab, and does its work; what has the focus can be seen."""
    with open_page(server, **DESKTOP) as page:
        page.locator("input[name=source]:checked").focus()
        page.keyboard.press("ArrowDown")
        page.wait_for_function("video.currentSrc.includes('/stream') && video.readyState >= 2")
        for _ in range(2):
            page.keyboard.press("Tab")
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) == "solid"
        page.keyboard.press("Enter")
        page.wait_for_function("!video.seeking && video.currentTime > 1799")
        assert page.evaluate("video.currentTime") == pytest.approx(1800, abs=1)


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
    """A lane for each request of any client, coloured where bytes were sent."""
    with open_page(server, **DESKTOP) as page:
        seek(page, 3000.5)
        choose(page, "/stream.mp4")
        asked = "bytes=50000000-59999999,100000000-109999999"
        fetch(server.port, "/stream.mp4", [("Range", asked)])
        fetch(server.port, "/stream.mp4", [("Range", "bytes=999999999-")])
        fetch(server.port, "/stream.mp4", [("If-Match", '"x"')])
        parts, beyond, failed = (
            page.locator(".lane", has_text=text) for text in ("2 parts", "416", "412")
        )
        failed.wait_for()
        page.wait_for_function("!document.querySelector('.lane[data-open]')")
        assert failed.get_attribute("data-answer") == "error"
        assert beyond.get_attribute("data-answer") == "error"
        assert beyond.locator("i").count() == 0
        assert parts.get_attribute("data-status") == "206"
        assert bars(parts, page) == pytest.approx([50.0, 10.0, 100.0, 10.0], abs=1.0)
        assert page.locator(".lane").count() >= 6
        assert page.locator("#file i.sent").count() >= 1
        assert "requests" in page.locator("#total").inner_text()
        page.screenshot(path=artifacts / "demo-desktop-light.png", full_page=True)


def test_why_a_range_was_not_honoured(clip_server: Server, open_page: OpenPage) -> None:
    with open_page(clip_server, **DESKTOP) as page:
        fetch(clip_server.port, "/video.mp4", [("Range", "bytes=5-1")])
        lane = page.locator(".lane[data-status='200']")
        lane.wait_for()
        assert "does not match the grammar" in lane.inner_text()


def bars(lane: Any, page: Any) -> list[float]:
    """Where the bars of a lane begin and how long they are, in MB."""
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
        page.get_by_text("client left").first.wait_for()
        page.screenshot(path=artifacts / "demo-phone-dark.png", full_page=True)


@pytest.mark.parametrize("context", LOOKS, ids=LOOK_NAMES)
def test_it_fits_and_can_be_named(
    server: Server, open_page: OpenPage, context: dict[str, Any]
) -> None:
    """Nothing sticks out sideways; every control has a name; the colours follow the system."""
    with open_page(server, **context) as page:
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        for role, name in (
            ("radio", "/video.mp4 read at offsets"),
            ("radio", "/stream.mp4 a stream, sliced"),
            ("button", "25 %"),
            ("heading", "Which bytes of the file were sent"),
            ("list", "Requests, the latest first"),
        ):
            assert page.get_by_role(role, name=name).count() == 1
        red = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]")
        assert (int(red) > 127) is (context["color_scheme"] == "light")


@pytest.mark.parametrize("context", LOOKS, ids=LOOK_NAMES)
def test_axe_finds_nothing(
    server: Server, open_page: OpenPage, axe: str, context: dict[str, Any]
) -> None:
    """The rules of axe-core: contrast, names, landmarks, order."""
    with open_page(server, **context) as page:
        seek(page, 1800.5)
        fetch(server.port, "/video.mp4", [("Range", "bytes=999999999-")])
        fetch(server.port, "/video.mp4", [("Range", "bytes=0-9"), ("If-Range", '"other"')])
        page.locator(".lane .why").nth(1).wait_for()
        page.evaluate("document.getElementById('trouble').textContent = 'A sentence.'")
        page.evaluate("document.getElementById('trouble').hidden = false")
        page.evaluate(axe)
        found = page.evaluate("axe.run()")
        assert len(found["passes"]) > 20
        assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []


def test_seven_tabs(server: Server, open_page: OpenPage) -> None:
    """A browser opens six connections to a server; an event stream for each tab would be one."""
    with open_page(server, **DESKTOP) as page:
        pages = [page, *(page.context.new_page() for _ in range(6))]
        for other in pages[1:]:
            other.goto(server.url)
            other.wait_for_function("document.querySelector('video').readyState >= 2")
            other.wait_for_selector("#live[data-state=on]")
            other.wait_for_selector(".lane")
        fetch(server.port, "/video.mp4", [("Range", "bytes=999999999-")])
        for each in pages:
            each.wait_for_selector(".lane[data-status='416']")
        pages[0].close()  # the one that had the stream
        fetch(server.port, "/video.mp4", [("Range", "bytes=1-1"), ("If-Match", '"none"')])
        for each in pages[1:]:
            each.wait_for_selector(".lane[data-status='412']")


@pytest.mark.parametrize(
    "parts", [HYPERCORN, UVICORN, QUART], ids=["hypercorn", "uvicorn", "quart"]
)
def test_ctrl_c_and_another_start(folder: Path, browser: Any, parts: tuple[str, ...]) -> None:
    """The page is open, and its video paused in the middle: the demo ends, and the page says so.

    When the demo is started again the page goes on where it was.
    """
    page = browser.new_page()
    with demo(folder, parts) as server:
        page.goto(server.url)
        page.wait_for_function("video.readyState >= 2")
        page.evaluate("() => { video.muted = true; return video.play() }")
        seek(page, 1800)
        page.evaluate("video.pause()")
        page.wait_for_selector(".lane[data-open]")
        os.killpg(server.process.pid, signal.SIGINT)
        assert eventually(lambda: server.process.poll() is not None)
        assert "Traceback" not in server.log
    sentence = "The demo has ended; this page goes on when it is started again."
    page.get_by_text(sentence).wait_for()
    assert page.locator(".lane[data-open]").count() == 0  # nothing is said to be under way
    with demo(folder, parts, port=server.port) as server:
        page.wait_for_selector("#live[data-state=on]")
        page.wait_for_function("video.readyState >= 2 && video.currentTime >= 1800")
        page.wait_for_selector(".lane")
        assert not page.get_by_text(sentence).is_visible()
        page.close()


def test_a_missing_video_is_one_sentence_on_the_page(
    folder: Path, tmp_path: Path, browser: Any
) -> None:
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


def test_what_is_no_video_is_one_sentence(folder: Path, tmp_path: Path, browser: Any) -> None:
    video = tmp_path / "notes.mp4"
    video.write_text("no video at all\n" * 100, encoding="utf-8")
    with demo(folder, env={VARIABLE: str(video)}) as server:
        page = browser.new_page()
        page.goto(server.url)
        alert = page.get_by_role("alert")
        alert.wait_for()
        assert alert.inner_text() == "notes.mp4 is no video that this browser can play."
        page.close()


def test_without_javascript_it_plays(server: Server, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(server.url)
    hint = page.locator("noscript .hint")
    assert hint.is_visible()
    assert hint.inner_text() == "The chart needs JavaScript; the video does not."
    assert page.locator("video[controls]").is_visible()
    for name in ("25 %", "/stream.mp4"):  # what would do nothing is not shown
        assert not page.get_by_text(name).is_visible()
    assert {event["path"] for event in observed(server)} == {"/video.mp4"}
    context.close()
