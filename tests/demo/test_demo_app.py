"""`demo_app.py`: how it starts, what it serves, and what its listeners leave behind.

The video named in the environment, of which docs/tutorial.md speaks, is among it.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypercorn.asyncio import serve
from hypercorn.config import Config
from support.demo import (
    CLIP,
    HYPERCORN,
    QUART,
    QUART_BY_VARIABLE,
    VARIABLE,
    command,
    copy_demo,
    demo,
    load_demo,
)
from support.driver import ask, http_scope
from support.servers import Server, free_port
from support.wire import Connection, fetch

from rangeserve import ByteRange, Event, Outcome, Reason, ResponseFinished, ResponseStarted

SOURCES = ["/video.mp4", "/stream.mp4"]
LARGE = 32 * 1024 * 1024


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with demo(folder) as server:
        yield server


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.delenv(VARIABLE, raising=False)
    return load_demo()


class TestStarting:
    @pytest.mark.parametrize(
        ("parts", "env"),
        [
            pytest.param(HYPERCORN, {}, id="hypercorn"),
            pytest.param(QUART, {}, id="quart --app"),
            pytest.param(QUART_BY_VARIABLE, {"QUART_APP": "demo_app:app"}, id="QUART_APP"),
        ],
    )
    def test_it_starts_and_serves(
        self, folder: Path, parts: tuple[str, ...], env: dict[str, str]
    ) -> None:
        with demo(folder, parts, env) as server:
            page = fetch(server.port, "/")
            assert page.status == 200
            assert b"<video" in page.body
            answer = fetch(server.port, "/video.mp4", [("Range", "bytes=0-1")])
            assert (answer.status, answer.body) == (206, CLIP.read_bytes()[:2])

    @pytest.mark.parametrize(
        ("parts", "named", "why"),
        [
            pytest.param(HYPERCORN, "none.mp4", "no such file or directory", id="missing"),
            pytest.param(QUART, "none.mp4", "no such file or directory", id="missing, quart"),
            pytest.param(HYPERCORN, ".", "it is a folder", id="a folder"),
            pytest.param(HYPERCORN, "fifo", "it is not a regular file", id="a FIFO"),
            pytest.param(HYPERCORN, "empty.mp4", "it is empty", id="empty"),
        ],
    )
    def test_a_video_that_cannot_be_played_is_one_sentence(
        self, folder: Path, parts: tuple[str, ...], named: str, why: str
    ) -> None:
        if not (folder / "fifo").exists():
            os.mkfifo(folder / "fifo")
            (folder / "empty.mp4").touch()
        run = subprocess.run(
            command([part.format(port=free_port()) for part in parts]),
            cwd=folder,
            env={**os.environ, VARIABLE: named, "PYTHONPATH": ""},
            capture_output=True,
            encoding="utf-8",
            timeout=30,
        )
        path = (folder / named).absolute()
        assert (run.stdout + run.stderr).strip() == (
            f"There is no video to play: {path}: {why}. "
            f"Set {VARIABLE} to a video file, or unset it."
        )

    @pytest.mark.parametrize(
        ("named", "own", "expected"),
        [
            pytest.param(None, False, "static/clip.mp4", id="the shipped clip"),
            pytest.param(None, True, "video.mp4", id="a video.mp4 beside the module"),
            pytest.param("other.webm", True, "other.webm", id="the one that is named"),
            pytest.param("", True, "video.mp4", id="an empty name is none"),
        ],
    )
    def test_which_video(
        self, module: ModuleType, tmp_path: Path, named: str | None, own: bool, expected: str
    ) -> None:
        (tmp_path / "static").mkdir()
        for name in ["static/clip.mp4", "other.webm", *(["video.mp4"] if own else [])]:
            (tmp_path / name).write_bytes(b"x")
        environ = {} if named is None else {VARIABLE: named and str(tmp_path / named)}
        assert module.choose_video(environ, tmp_path) == tmp_path / expected

    def test_a_video_that_may_not_be_read(self, module: ModuleType, tmp_path: Path) -> None:
        secret = tmp_path / "secret.mp4"
        secret.write_bytes(b"x")
        secret.chmod(0)
        with nobody(), pytest.raises(SystemExit, match="permission denied"):
            module.choose_video({VARIABLE: str(secret)}, tmp_path)


@contextmanager
def nobody() -> Iterator[None]:
    """Root may read everything: be somebody else for a while."""
    is_root = os.geteuid() == 0
    if is_root:
        os.setreuid(65534, -1)
    try:
        yield
    finally:
        if is_root:
            os.setreuid(0, -1)


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
        sentence = f"There is no video to play: {video}: no such file or directory."
        with demo(folder, env={VARIABLE: str(video)}) as server:
            for path in ("/", *SOURCES):
                assert fetch(server.port, path).status == 200
            video.unlink()
            for path in ("/", *SOURCES):
                answer = fetch(server.port, path)
                assert answer.status == (200 if path == "/" else 404)
                assert sentence in answer.body.decode()
            assert server.log == ""

    def test_no_path_leads_to_another_file(self, server: Server) -> None:
        for path in ("/demo_app.py", "/static/../demo_app.py", "/static/%2e%2e/demo_app.py"):
            assert fetch(server.port, path).status == 404


def event(kind: type[Any] = ResponseStarted, number: int = 1, **fields: Any) -> Event:
    values: dict[str, Any] = {
        "number": number,
        "method": "GET",
        "path": "/video.mp4",
        "status": 206,
        "complete_length": 1000,
        "ranges": (ByteRange(0, 10),),
        "reason": None,
    }
    if kind is ResponseFinished:
        values |= {"bytes_sent": 10, "seconds": 0.5, "outcome": Outcome.COMPLETE}
    made: Event = kind(**{**values, **fields})
    return made


def read(text: str) -> tuple[int, str, dict[str, Any]]:
    """The id, the type and the data of one Server-Sent Event."""
    fields = dict(line.split(": ", 1) for line in text.strip().split("\n"))
    return int(fields["id"]), fields["event"], json.loads(fields["data"])


class TestFeed:
    def test_what_an_event_says(self, module: ModuleType) -> None:
        finished = event(
            ResponseFinished, reason=Reason.IF_RANGE, outcome=Outcome.CLIENT_GONE, bytes_sent=4
        )
        assert module.describe(finished) == {
            "number": 1,
            "method": "GET",
            "path": "/video.mp4",
            "status": 206,
            "length": 1000,
            "ranges": ((0, 10),),
            "reason": "the If-Range condition does not hold",
            "sent": 4,
            "seconds": 0.5,
            "outcome": "client gone",
        }

    def test_other_paths_are_of_no_concern(self, module: ModuleType) -> None:
        module.feed.observe(event(path="/static/demo.js"))
        assert module.feed.newest == 0

    def test_a_listener_catches_up_and_then_follows(self, module: ModuleType) -> None:
        async def listen() -> list[str]:
            feed = module.Feed()
            for number in range(1, 4):
                feed.observe(event(number=number))
            listener = feed.listen(1)
            heard = [await anext(listener) for _ in range(3)]
            coming = asyncio.ensure_future(anext(listener))
            await asyncio.sleep(0)
            feed.observe(event(ResponseFinished, number=4))
            heard.append(await coming)
            await listener.aclose()
            return heard

        heard = asyncio.run(listen())
        assert heard[0].startswith("retry: ")
        assert [read(text)[:2] for text in heard[1:]] == [
            (2, "started"),
            (3, "started"),
            (4, "finished"),
        ]

    def test_a_listener_that_falls_behind_costs_no_memory(self, module: ModuleType) -> None:
        async def listen() -> list[int]:
            feed = module.Feed(kept=10)
            listener = feed.listen(0)
            await anext(listener)
            for number in range(1000):
                feed.observe(event(number=number))
            heard = [read(await anext(listener))[0] for _ in range(10)]
            await listener.aclose()
            return heard

        assert asyncio.run(listen()) == list(range(991, 1001))

    def test_a_comment_keeps_the_connection_alive(self, module: ModuleType) -> None:
        async def listen() -> list[str]:
            listener = module.Feed(keep_alive=0.01).listen(0)
            heard = [await anext(listener) for _ in range(3)]
            await listener.aclose()
            return heard

        assert all(text.startswith(": ") for text in asyncio.run(listen())[1:])

    def test_a_listener_that_leaves_is_forgotten(self, module: ModuleType) -> None:
        async def listen() -> None:
            feed = module.Feed()
            listener = feed.listen(0)
            await anext(listener)
            waiting = asyncio.ensure_future(anext(listener))
            await asyncio.sleep(0)
            assert len(feed.listeners) == 1
            waiting.cancel()
            await asyncio.wait([waiting])
            assert not feed.listeners

        asyncio.run(listen())

    @pytest.mark.parametrize(
        ("query", "headers", "expected"),
        [
            pytest.param(b"after=1", [], [2, 3], id="after the page was made"),
            pytest.param(b"after=1", [("Last-Event-ID", "2")], [3], id="a reconnection"),
            pytest.param(b"after=99", [], [1, 2, 3], id="from before a restart"),
            pytest.param(b"after=x", [("Last-Event-ID", "y")], [], id="nonsense"),
        ],
    )
    def test_which_events_a_page_gets(
        self, module: ModuleType, query: bytes, headers: list[tuple[str, str]], expected: list[int]
    ) -> None:
        for number in range(1, 4):
            module.feed.observe(event(number=number))
        scope = {**http_scope(path="/events", headers=headers), "query_string": query}

        async def listen() -> bytes:
            heard = b""
            enough = asyncio.Event()

            async def send(message: dict[str, Any]) -> None:
                nonlocal heard
                heard += message.get("body", b"")
                if heard.count(b"id: ") == len(expected) and b"retry" in heard:
                    enough.set()

            async def receive() -> dict[str, Any]:
                await enough.wait()
                await asyncio.sleep(0.05)
                return {"type": "http.disconnect"}

            await asyncio.wait_for(module.app(scope, receive, send), 10)
            return heard

        texts = asyncio.run(listen()).decode().split("\n\n")
        assert [read(text)[0] for text in texts if text.startswith("id: ")] == expected
        assert not module.feed.listeners

    @pytest.mark.parametrize("path", SOURCES)
    def test_a_request_is_told_of(self, module: ModuleType, path: str) -> None:
        answer = asyncio.run(ask(module.app, path=path, headers=[("Range", "bytes=5-9")]))
        assert answer.status == 206
        heard = [read(text) for _, text in module.feed._history]
        assert [kind for _, kind, _ in heard] == ["started", "finished"]
        assert heard[1][2]["ranges"] == [[5, 10]]
        assert heard[1][2]["sent"] == 5
        assert heard[1][2]["outcome"] == "complete"


class TestPatience:
    def test_a_paused_viewer_and_a_listener_are_not_cut_off(
        self, folder: Path, tmp_path: Path
    ) -> None:
        """Although RESPONSE_TIMEOUT is one second."""
        (folder / "impatient.py").write_text(
            "from demo_app import app\napp.config['RESPONSE_TIMEOUT'] = 1\n", encoding="utf-8"
        )
        with (tmp_path / "large.mp4").open("wb") as file:
            file.truncate(LARGE)
        parts = [part.replace("demo_app", "impatient") for part in HYPERCORN]
        with demo(folder, parts, {VARIABLE: str(tmp_path / "large.mp4")}) as server:
            paused = [Connection(server.port) for _ in SOURCES]
            with Connection(server.port) as events, paused[0], paused[1]:
                events.send("GET", "/events")
                assert events.read_head().status == 200
                for viewer, path in zip(paused, SOURCES, strict=True):
                    viewer.send("GET", path)
                    assert viewer.read_head().status == 200
                time.sleep(3)
                for viewer in paused:
                    assert viewer.take(LARGE) == bytes(LARGE)
                heard = b""
                while heard.count(b"event: finished") < 2:
                    heard += events.take(1)
            assert server.log == ""


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="descriptors are seen in /proc")
class TestLeaving:
    def test_nothing_is_left_of_clients_that_leave(
        self, module: ModuleType, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Under a real Hypercorn in this process: no task, no listener, no descriptor."""
        video = tmp_path / "large.mp4"
        with video.open("wb") as file:
            file.truncate(LARGE)
        module.app.config["VIDEO"] = video

        async def visit() -> None:
            async with served(module.app) as port:
                await leave(port, "/video.mp4")  # whatever is made once is made now
                await settled(lambda: held(video) == 0)
                before = len(asyncio.all_tasks())
                for _ in range(3):
                    for path in (*SOURCES, "/events"):
                        await leave(port, path)
                await settled(lambda: not module.feed.listeners and held(video) == 0)
                await settled(lambda: len(asyncio.all_tasks()) <= before)

        asyncio.run(visit())
        assert not [record for record in caplog.records if record.levelname == "ERROR"]


def held(path: Path) -> int:
    """How many descriptors of this process are open on a file."""
    count = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            count += os.readlink(f"/proc/self/fd/{name}") == str(path)
        except FileNotFoundError:
            continue
    return count


async def settled(holds: Callable[[], bool]) -> None:
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("did not settle within 10 seconds")


async def leave(port: int, path: str) -> None:
    """Ask for something, take some of it, and reset the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nRange: bytes=9-\r\n\r\n".encode())
    assert await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[int]:
    port = free_port()
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.graceful_timeout = 1
    over = asyncio.Event()
    task = asyncio.ensure_future(serve(app, config, shutdown_trigger=over.wait))
    try:
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                break
        yield port
    finally:
        over.set()
        await task
