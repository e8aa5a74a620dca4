"""A folder as a store: what is refused there, as in a `DirectoryApp`."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest
from support.driver import ask

from rangeserve.objectstore import ObjectStoreApp, open_object, open_store
from rangeserve.sources import SourceUnavailable

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / ".store" / "root"  # what is above the root may be hidden
    (folder / ".git").mkdir(parents=True)
    (folder / "sub").mkdir()
    (folder / "sub" / "a.txt").write_bytes(b"text")
    (folder / ".env").write_bytes(b"secret")
    (folder / ".git" / "config").write_bytes(b"secret")
    (folder / "to-hidden").symlink_to(".env")
    (folder / "git").symlink_to(".git")
    (folder / "link").symlink_to("sub/a.txt")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "fifo")
    (folder / "to-fifo").symlink_to("fifo")
    (folder.parent / "rooted").write_bytes(b"secret")
    (folder / "out").symlink_to("../rooted")
    (folder / "up").symlink_to("..")
    (folder / "null").symlink_to("/dev/null")
    (folder / "status").symlink_to("/proc/self/status")
    return folder


@pytest.mark.parametrize("path", ["/sub/a.txt", "/link"])
async def test_regular_files_are_served(folder: Path, path: str) -> None:
    answer = await ask(ObjectStoreApp(open_store(folder.as_uri())), path=path)
    assert (answer.status, answer.body) == (200, b"text")
    assert answer["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "path",
    [
        *("/fifo", "/to-fifo", "/null", "/status", "/sock", "/sub", "/dangling", "/loop", "/no"),
        *("/out", "/up/rooted"),
    ],
)
async def test_nothing_else_is_and_nobody_waits(
    folder: Path, path: str, method: str, hidden: bool
) -> None:
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(folder / "sock"))
        app = ObjectStoreApp(open_store(folder.as_uri()), hidden=hidden)
        answer = await ask(app, method, path)
    assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize("path", ["/.env", "/.git/config", "/to-hidden", "/git/config"])
async def test_hidden_names_only_when_asked_for(folder: Path, path: str) -> None:
    store: Any = open_store(folder.as_uri())
    assert (await ask(ObjectStoreApp(store), path=path)).status == 404
    shown = await ask(ObjectStoreApp(store, hidden=True), path=path)
    assert (shown.status, shown.body) == (200, b"secret")
    with pytest.raises(SourceUnavailable) as caught:
        await open_object(store, path[1:])
    assert caught.value.status == 404
    source = await open_object(store, path[1:], hidden=True)
    await source.aclose()
