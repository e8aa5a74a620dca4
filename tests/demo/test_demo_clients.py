"""`demo_app.py`: clients that pause, and what is left of those that leave."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypercorn.asyncio import serve
from hypercorn.config import Config
from support.demo import (
    HYPERCORN,
    LARGE,
    SOURCES,
    VARIABLE,
    demo,
)
from support.descriptors import open_files
from support.servers import free_port
from support.waiting import eventually, until
from support.wire import Connection

# The demo with a RESPONSE_TIMEOUT of half a second, and a response that is cut by it.
IMPATIENT = """
import asyncio
from pathlib import Path

from demo_app import app

app.config["RESPONSE_TIMEOUT"] = 0.5

@app.get("/waiting")
async def wait():
    async def waiting():
        yield b"x"
        try:
            await asyncio.Event().wait()
        finally:
            Path("cut").touch()

    return waiting()
"""


class TestPatience:
    def test_a_paused_viewer_and_a_listener_are_not_cut_off(
        self, folder: Path, tmp_path: Path
    ) -> None:
        """They read on when Quart has cut a response that came later."""
        (folder / "impatient.py").write_text(IMPATIENT, encoding="utf-8")
        with (tmp_path / "large.mp4").open("wb") as file:
            file.truncate(LARGE)
        parts = [part.replace("demo_app", "impatient") for part in HYPERCORN]
        with demo(folder, parts, {VARIABLE: str(tmp_path / "large.mp4")}) as server:
            paused = [Connection(server.port) for _ in SOURCES]
            with (
                Connection(server.port) as events,
                paused[0],
                paused[1],
                Connection(server.port) as stream,
            ):
                events.send("GET", "/events")
                assert events.read_head().status == 200
                for viewer, path in zip(paused, SOURCES, strict=True):
                    viewer.send("GET", path)
                    assert viewer.read_head().status == 200
                stream.send("GET", "/waiting")
                assert stream.read_head().status == 200
                assert eventually((folder / "cut").exists)
                for viewer in paused:
                    assert viewer.take(LARGE) == bytes(LARGE)
                heard = b""
                while heard.count(b"event: finished") < 2:
                    heard += events.take(1)
            # The one that was cut is an error in Quart 0.22, in 0.23 it is not; no other is one.
            assert server.log.count("[ERROR]") <= 1


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
                await until(lambda: not open_files(str(video)))
                before = len(asyncio.all_tasks())
                for _ in range(3):
                    for path in (*SOURCES, "/events"):
                        await leave(port, path)
                await until(lambda: not module.feed.listeners and not open_files(str(video)))
                await until(lambda: len(asyncio.all_tasks()) <= before)

        asyncio.run(visit())
        assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def leave(port: int, path: str) -> None:
    """Ask for something, take some of it, and reset the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nRange: bytes=9-\r\n\r\n".encode())
    assert await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[int]:
    port = free_port()
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.graceful_timeout = 1
    over = asyncio.Event()
    task = asyncio.ensure_future(serve(app, config, shutdown_trigger=over.wait))
    try:
        await until(lambda: listens(port))
        yield port
    finally:
        over.set()
        await task
