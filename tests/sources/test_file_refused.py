"""`sources/file.py` opens regular, stored files and nothing else."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.descriptors import open_files
from support.waiting import SECONDS

from rangeserve import ResponseError
from rangeserve.sources import file as file_module
from rangeserve.sources import opening
from rangeserve.sources.opening import open_file

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_folder_is_known")]


def a_folder(folder: Path) -> Path:
    return folder


def a_fifo(folder: Path) -> Path:
    os.mkfifo(folder / "fifo")
    return folder / "fifo"


def a_socket(folder: Path) -> Path:
    os.chdir(folder)  # the path of a socket is at most 108 bytes
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
    return folder / "socket"


def a_loop(folder: Path) -> Path:
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    return folder / "a"


def a_link_to_a_fifo(folder: Path) -> Path:
    (folder / "link").symlink_to(a_fifo(folder))
    return folder / "link"


def below_a_file(folder: Path) -> Path:
    (folder / "file").write_bytes(b"x")
    return folder / "file" / "x"


REFUSED: list[Any] = [
    pytest.param(lambda folder: folder / "none", FileNotFoundError, id="missing"),
    pytest.param(a_folder, ResponseError, id="directory"),
    pytest.param(a_fifo, ResponseError, id="FIFO"),
    pytest.param(a_link_to_a_fifo, ResponseError, id="link to a FIFO"),
    pytest.param(a_socket, OSError, id="socket"),
    pytest.param(a_loop, OSError, id="symlink loop"),
    pytest.param(below_a_file, NotADirectoryError, id="below a file"),
    pytest.param(lambda folder: folder / ("x" * 300), OSError, id="name too long"),
    pytest.param(lambda folder: folder / ("x/" * 3000), OSError, id="path too long"),
    pytest.param(lambda folder: f"{folder}/a\0b", ValueError, id="NUL"),
    pytest.param(lambda _: "", FileNotFoundError, id="empty"),
    pytest.param(lambda _: "/dev/zero", ResponseError, id="device without end"),
    pytest.param(lambda _: "/dev/null", ResponseError, id="device without bytes"),
    pytest.param(lambda _: "/proc/self/status", ResponseError, id="/proc, of size 0"),
    pytest.param(lambda _: "/proc/self/environ", ResponseError, id="/proc, of size 0 and binary"),
    pytest.param(lambda _: "/proc/self/fd", ResponseError, id="/proc, directory"),
]


@pytest.mark.parametrize("again", [False, True], ids=["in a thread", "inline"])
@pytest.mark.parametrize(("make", "error"), REFUSED)
async def test_anything_but_a_regular_file_is_refused(
    make: Callable[[Path], Any],
    error: type[Exception],
    again: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    path = str(make(tmp_path))
    if again:
        opening._quick_folders[os.path.dirname(path)] = False
    before = open_files()
    with anyio.fail_after(SECONDS), pytest.raises(error):
        await open_file(path)
    assert open_files() == before


async def test_a_file_whose_content_is_made_as_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond /proc there are others (cgroups, tracing): size 0, and yet there is content."""
    path = tmp_path / "made-up"
    path.touch()
    monkeypatch.setattr(os, "pread", lambda *_: b"x")
    with pytest.raises(ResponseError, match="not a stored file"):
        await open_file(str(path))


async def test_what_lies_on_the_device_of_proc_is_refused_whatever_its_size(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`/proc/kcore` is a regular file of 128 TiB."""
    assert file_module._device_of("/proc") == os.stat("/proc").st_dev
    monkeypatch.setattr(file_module, "_GENERATED", {path.stat().st_dev})
    with pytest.raises(ResponseError, match="not a stored file"):
        await open_file(str(path))


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="there is no /sys here")
async def test_a_file_of_sys_is_refused() -> None:
    """Its size is said to be 4,096 bytes, and its content is another."""
    with pytest.raises(ResponseError, match="not a stored file"):
        await open_file("/sys/kernel/uevent_seqnum")
