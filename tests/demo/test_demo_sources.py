"""`demo_app.py`: what its two sources serve."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from support.demo import (
    CLIP,
    SOURCES,
    VARIABLE,
    demo,
)
from support.driver import ask
from support.servers import Server
from support.wire import fetch


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with demo(folder) as server:
        yield server


class TestSources:
    @pytest.mark.parametrize("path", SOURCES)
    @pytest.mark.parametrize(
        ("asked", "start", "stop"),
        [
            pytest.param("bytes=0-99", 0, 100, id="the first hundred"),
            pytest.param("bytes=0-1", 0, 2, id="Safari's probe"),
            pytest.param("bytes=-100", -100, None, id="the last hundred"),
            pytest.param("bytes=1000000-1000999", 1000000, 1001000, id="in the middle"),
        ],
    )
    def test_a_range(
        self, server: Server, path: str, asked: str, start: int, stop: int | None
    ) -> None:
        clip = CLIP.read_bytes()
        answer = fetch(server.port, path, [("Range", asked)])
        assert answer.status == 206
        assert answer.body == clip[start:stop]
        assert answer["content-type"] == "video/mp4"

    @pytest.mark.parametrize("path", SOURCES)
    def test_the_whole(self, server: Server, path: str) -> None:
        answer = fetch(server.port, path)
        assert (answer.status, answer["accept-ranges"]) == (200, "bytes")
        assert answer.body == CLIP.read_bytes()

    @pytest.mark.parametrize("path", SOURCES)
    def test_a_seek_with_if_range(self, server: Server, path: str) -> None:
        etag = fetch(server.port, path, method="HEAD")["etag"]
        asked = [("Range", "bytes=2000000-2000009"), ("If-Range", etag)]
        answer = fetch(server.port, path, asked)
        assert (answer.status, answer.body) == (206, CLIP.read_bytes()[2000000:2000010])
        stale = fetch(server.port, path, [asked[0], ("If-Range", '"other"')])
        assert (stale.status, len(stale.body)) == (200, CLIP.stat().st_size)

    @pytest.mark.parametrize("path", SOURCES)
    def test_a_player_gets_a_short_clip_in_portions(self, server: Server, path: str) -> None:
        asked = [("Range", "bytes=100-"), ("Sec-Fetch-Dest", "video")]
        answer = fetch(server.port, path, asked)
        assert (answer.status, answer["content-length"]) == (206, "262144")
        assert answer.body == CLIP.read_bytes()[100 : 100 + 262144]

    @pytest.mark.parametrize("path", SOURCES)
    def test_anybody_else_gets_what_was_asked_for(self, server: Server, path: str) -> None:
        answer = fetch(server.port, path, [("Range", "bytes=100-")])
        assert (answer.status, answer.body) == (206, CLIP.read_bytes()[100:])

    @pytest.mark.parametrize("destination", ["empty", "video"])
    def test_a_request_is_observed_once(self, module: ModuleType, destination: str) -> None:
        asked = [("Host", "localhost"), ("Range", "bytes=0-1"), ("Sec-Fetch-Dest", destination)]
        answer = asyncio.run(ask(module.app, path="/video.mp4", headers=asked))
        assert (answer.status, len(answer.body)) == (206, 2)
        assert module.feed.newest == 2  # started, finished

    def test_a_video_that_goes_away_is_one_sentence(self, folder: Path, tmp_path: Path) -> None:
        video = tmp_path / "mine.mp4"
        video.write_bytes(b"x" * 1000)
        sentence = f"There is no video to play: {video.name}: no such file or directory."
        with demo(folder, env={VARIABLE: str(video)}) as server:
            for path in ("/", *SOURCES):
                assert fetch(server.port, path).status == 200
            video.unlink()
            for path in ("/", *SOURCES):
                answer = fetch(server.port, path)
                assert answer.status == (200 if path == "/" else 404)
                assert sentence in answer.body.decode()
                assert str(tmp_path) not in answer.body.decode()
            assert server.log == ""

    def test_no_path_leads_to_another_file(self, server: Server) -> None:
        for path in ("/demo_app.py", "/static/../demo_app.py", "/static/%2e%2e/demo_app.py"):
            assert fetch(server.port, path).status == 404
