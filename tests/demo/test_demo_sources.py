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
    """The demo with the clip as a video of the user's."""
    with demo(folder, env={VARIABLE: str(CLIP)}) as server:
        yield server


@pytest.fixture(scope="module")
def film_server(folder: Path) -> Iterator[Server]:
    with demo(folder) as server:
        yield server


class TestFilm:
    """An hour of film, made of the clip."""

    @pytest.mark.parametrize("path", SOURCES)
    @pytest.mark.parametrize(
        "destination", ["empty", "video"], ids=["any client", "a player, which is held up"]
    )
    @pytest.mark.parametrize(
        ("start", "stop"),
        [
            pytest.param(0, 2, id="Safari's probe"),
            pytest.param(0, 100_000, id="in the index"),
            pytest.param(2_500_000, 2_700_000, id="from the index into the samples"),
            pytest.param(100_000_000, 103_000_000, id="more than the clip, far inside"),
            pytest.param(-100, None, id="the last hundred"),
        ],
    )
    def test_a_range(
        self,
        film_server: Server,
        film: bytes,
        path: str,
        destination: str,
        start: int,
        stop: int | None,
    ) -> None:
        asked = f"bytes={start}-{stop - 1}" if stop is not None else f"bytes={start}"
        fields = [("Range", asked), ("Sec-Fetch-Dest", destination)]
        answer = fetch(film_server.port, path, fields)
        assert (answer.status, answer["content-type"]) == (206, "video/mp4")
        assert answer["content-range"].endswith(f"/{len(film)}")
        assert answer.body == film[start:stop]

    def test_both_sources_have_the_same_validator(self, film_server: Server, film: bytes) -> None:
        heads = [fetch(film_server.port, path, method="HEAD") for path in SOURCES]
        assert len({head["etag"] for head in heads}) == 1
        assert {head["content-length"] for head in heads} == {str(len(film))}
        asked = [("Range", "bytes=0-9"), ("If-Range", heads[0]["etag"])]
        assert fetch(film_server.port, SOURCES[1], asked).status == 206

    def test_it_is_not_kept_by_a_browser(self, film_server: Server) -> None:
        """Else a seek to what has been watched before would draw nothing."""
        for path in SOURCES:
            asked = [("Range", "bytes=0-9")]
            assert fetch(film_server.port, path, asked)["cache-control"] == "no-store"


class TestSources:
    """A file of the user's."""

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
    @pytest.mark.parametrize("destination", ["empty", "video"])
    def test_a_file_is_served_as_it_is(self, server: Server, path: str, destination: str) -> None:
        asked = [("Range", "bytes=100-"), ("Sec-Fetch-Dest", destination)]
        answer = fetch(server.port, path, asked)
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
        for path in (
            "/demo_app.py",
            "/demo_film.py",
            "/static/../demo_app.py",
            "/static/%2e%2e/demo_app.py",
        ):
            assert fetch(server.port, path).status == 404
