"""`demo_app.py`: clients that pause, and what is left of those that leave."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
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
from support.servers import free_port
from support.wire import Connection


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
