"""Chromium's `<video>`: it seeks, shows the frame of that second, and asks for ranges."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.chromium import chromium
from support.cutting import cutting
from support.servers import serving
from support.site import Site
from support.wire import fetch

HERE = Path(__file__).parent
PAGE = "<!doctype html><video id=v src={name} muted preload=metadata></video>"

SEEK = """async (second) => {
    const video = document.getElementById('v') || document.querySelector('video');
    const once = (name) => new Promise((done, fail) => {
        video.addEventListener(name, done, {once: true});
        video.addEventListener('error', () => fail(new Error(video.error.message)), {once: true});
    });
    if (video.readyState < 1) { const known = once('loadedmetadata'); video.load(); await known; }
    const seeked = once('seeked');
    video.currentTime = second;
    await seeked;
    if (video.readyState < 2) await once('canplay');
    const canvas = document.createElement('canvas');
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    const pen = canvas.getContext('2d');
    pen.drawImage(video, 0, 0);
    const pixels = pen.getImageData(0, 0, canvas.width, canvas.height).data;
    let sum = 0;
    for (let i = 1; i < pixels.length; i += 4) sum += pixels[i];
    return {
        duration: video.duration,
        seekable: video.seekable.end(0),
        time: video.currentTime,
        grey: sum / (pixels.length / 4),
    };
}"""


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    with chromium("--mute-audio") as browser:
        page = browser.new_page()
        page.set_default_timeout(30_000)
        yield page


def shown_second(grey: float) -> float:
    """Which second a frame shows: its luma is 16 + 3 for each, and 16 to 235 is 0 to 255."""
    return grey * (235 - 16) / 255 / 3


def seeks(page: Any, seconds: list[int]) -> None:
    for second in seconds:
        seen = page.evaluate(SEEK, second + 0.5)
        assert seen["time"] == second + 0.5
        assert seen["duration"] == pytest.approx(60, abs=0.2)
        assert seen["seekable"] == pytest.approx(60, abs=0.2)
        assert shown_second(seen["grey"]) == pytest.approx(second, abs=1)


@pytest.mark.parametrize("where", ["front", "end"])
def test_chromium_seeks_in_a_file(site: Site, clips: dict[str, str], page: Any, where: str) -> None:
    name = f"browser-{where}.mp4"
    (site.folder / name).symlink_to(clips[where])
    (site.folder / f"{where}.html").write_text(PAGE.format(name=name), encoding="utf-8")
    page.goto(site.url(f"{where}.html"))
    seeks(page, [50, 20, 40])
    starts = [int(access.ranges.partition("-")[0]) for access in site.ranged(name, 2)]
    size = (site.folder / name).stat().st_size
    assert max(starts) > size / 2  # it did not wait for what lies before


def test_chromium_plays_in_the_listing(site: Site, clips: dict[str, str], page: Any) -> None:
    (site.folder / "films").mkdir()
    name = "<i>&amp; 100% ünï?.mp4"
    (site.folder / "films" / name).symlink_to(f"../{clips['front']}")
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.goto(site.url("films/"))
    assert page.locator("li a").nth(1).inner_text() == name
    assert page.locator("video").is_visible() is False
    page.get_by_text("play", exact=True).click()
    assert page.locator("video").is_visible()
    seeks(page, [45])
    assert problems == []  # the page keeps its own Content-Security-Policy
    page.set_viewport_size({"width": 320, "height": 600})
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 320


def test_chromium_resumes_an_archive(site: Site, page: Any) -> None:
    """The connection breaks in the middle of a download, which goes on by itself."""
    folder = site.folder / "album"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.bin").write_bytes(random.Random(number).randbytes(6 << 20))
    whole = fetch(site.server.port, "/album/?zip")
    with cutting(site.server.port, "/album/?zip", after=7 << 20) as relay:
        page.goto(f"http://127.0.0.1:{relay.port}/album/")
        with page.expect_download() as downloading:
            page.get_by_text("download this folder").click()
        download = downloading.value
        assert download.failure() is None
        assert download.suggested_filename == "album.zip"
        assert Path(download.path()).read_bytes() == whole.body
        first, resumed = relay.asked
        assert first == []
        ranged, condition = resumed
        assert re.fullmatch(r"Range: bytes=7\d{6}-", ranged)
        assert condition == f"If-Range: {whole['etag']}"
        page.goto("about:blank")


def test_chromium_seeks_in_a_stream(
    site: Site, clips: dict[str, str], page: Any, tmp_path: Path
) -> None:
    clip = site.folder / clips["end"]
    shutil.copy(HERE / "stream_app.py", tmp_path)
    env = {"STREAM_FILE": str(clip)}
    with serving("hypercorn", "stream_app:app", cwd=tmp_path, env=env) as server:
        stream = Site(server, tmp_path)
        page.goto(stream.url(""))
        seeks(page, [50, 10])
        starts = [int(access.ranges.partition("-")[0]) for access in stream.ranged("stream.mp4", 2)]
        assert max(starts) > clip.stat().st_size / 2
        page.goto("about:blank")
