"""`DirectoryApp` gives every descriptor back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.descriptors import open_files
from support.driver import ask
from support.targets import get, scope_of
from support.waiting import eventually, until

from rangeserve.directory import DirectoryApp

pytestmark = pytest.mark.anyio


async def test_every_descriptor_is_given_back(root: Path) -> None:
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("descriptors cannot be counted here")
    app = DirectoryApp(root)
    (root / "out").symlink_to("/etc")
    os.mkfifo(root / "fifo")
    for raw in ("/", "/film.mp4", "/sub", "/site/", "/out", "/fifo", "/a.txt/", "/sub/deep/"):
        await get(app, raw)
        await get(app, raw, ("Range", "bytes=1-2"))
        await get(app, raw, ("If-None-Match", "*"))
    await ask(app, scope=scope_of("/film.mp4"), leave_after=1)
    assert eventually(lambda: open_files(str(root)) == [])


async def test_cancelled_at_any_moment_no_descriptor_is_lost(root: Path) -> None:
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("descriptors cannot be counted here")
    app = DirectoryApp(root)

    async def never() -> dict[str, Any]:
        await anyio.sleep_forever()
        raise AssertionError

    for step in range(12):  # cancelled after so many turns of the loop
        async with anyio.create_task_group() as group:
            sent: list[Any] = []

            async def send(message: Any, sent: list[Any] = sent) -> None:
                sent.append(message)
                if message["type"] == "http.response.body":
                    await anyio.sleep_forever()

            group.start_soon(app, scope_of("/film.mp4"), never, send)
            for _ in range(step):
                await anyio.lowlevel.checkpoint()
            if step == 11:
                await until(lambda sent=sent: len(sent) > 1)
                assert open_files(str(root))
            group.cancel_scope.cancel()
        await until(lambda: not open_files(str(root)))  # a thread may still be at it
