"""How a file is read: one test for each branch of the reader, and of how it is opened."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from support.content import numbered

from rangeserve.sources import file as file_module
from rangeserve.sources import opening
from rangeserve.sources.file import FileSource
from rangeserve.sources.opening import open_file
from rangeserve.sources.pace import Pace

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_folder_is_known")]

KIB = 1024
DATA = numbered(700 * KIB)


class Reads:
    """What `os.pread` was asked for: sizes, and whether in the event loop's thread."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        self.inline: list[bool] = []
        pread = os.pread
        here = threading.current_thread()

        def noted(fd: int, size: int, offset: int) -> bytes:
            if size > 1:  # opening a file of size 0 looks at one byte
                self.sizes.append(size)
                self.inline.append(threading.current_thread() is here)
            return pread(fd, size, offset)

        monkeypatch.setattr(os, "pread", noted)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    return path


async def read_all(path: Path) -> bytes:
    source = await open_file(str(path))
    try:
        return b"".join([chunk async for chunk in source.read(0, source.size)])
    finally:
        source.close()


def answer(monkeypatch: pytest.MonkeyPatch, error: int | None) -> list[int]:
    """Let every read without waiting end with `error`, `None` for success; where they asked."""
    monkeypatch.setattr(file_module, "_NOWAIT", 8)
    asked: list[int] = []
    pread = os.pread

    def preadv(fd: int, buffers: Any, offset: int, flags: int) -> int:
        asked.append(offset)
        if error is not None:
            raise OSError(error, os.strerror(error))
        assert flags == 8
        (buffer,) = buffers
        chunk = pread(fd, len(buffer), offset)
        buffer[: len(chunk)] = chunk
        return len(chunk)

    monkeypatch.setattr(os, "preadv", preadv, raising=False)
    return asked


async def test_resident_bytes_are_read_inline(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer(monkeypatch, None)
    reads = Reads(monkeypatch)
    assert await read_all(path) == DATA
    assert not reads.sizes, "no other read than the one that does not wait"
    assert asked == list(range(0, len(DATA), 64 * KIB))


async def test_what_is_not_resident_is_read_in_a_thread_and_asked_for_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer(monkeypatch, errno.EAGAIN)
    reads = Reads(monkeypatch)
    assert await read_all(path) == DATA
    assert not any(reads.inline)
    assert len(asked) == len(reads.sizes)


async def test_nothing_before_the_end_of_the_file_is_read_in_a_thread(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux 5.9 and 5.10 say 0 where they should say EAGAIN (readv(2), BUGS)."""
    monkeypatch.setattr(file_module, "_NOWAIT", 8)
    monkeypatch.setattr(os, "preadv", lambda *_: 0, raising=False)
    reads = Reads(monkeypatch)
    assert await read_all(path) == DATA
    assert not any(reads.inline)


@pytest.mark.parametrize("error", [errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.ESPIPE])
async def test_a_file_system_that_cannot_say_is_asked_once(
    path: Path, error: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer(monkeypatch, error)
    reads = Reads(monkeypatch)
    assert await read_all(path) == DATA
    assert asked == [0]
    assert not any(reads.inline)
    assert reads.sizes[:2] == [256 * KIB, 256 * KIB], "a thread costs more than a small read"


async def test_a_system_without_the_flag_reads_in_threads(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer(monkeypatch, None)
    monkeypatch.setattr(file_module, "_NOWAIT", None)
    reads = Reads(monkeypatch)
    assert await read_all(path) == DATA
    assert not asked
    assert not any(reads.inline)


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="there is no /dev/shm here")
async def test_a_file_on_tmpfs(monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(f"/dev/shm/rangeserve-{os.getpid()}")
    try:
        path.write_bytes(DATA)
        assert await read_all(path) == DATA
    finally:
        path.unlink()


async def test_chunks_are_as_large_as_the_pace_says(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, None)
    source = await open_file(str(path))
    source.pace = Pace()
    source.pace.size = 300 * KIB
    chunks = [chunk async for chunk in source.read(0, source.size)]
    source.close()
    assert b"".join(chunks) == DATA
    assert list(map(len, chunks)) == [300 * KIB, 300 * KIB, 100 * KIB]


# Opening


class Opens:
    """How long each open takes, in seconds of a clock of our own; and who opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.takes = 0.0
        self.inline: list[bool] = []
        self._now = 0.0
        here = threading.current_thread()
        really = FileSource.open

        def noted(source: FileSource, *, follow: bool = True) -> None:
            self.inline.append(threading.current_thread() is here)
            self._now += self.takes
            really(source, follow=follow)

        monkeypatch.setattr(FileSource, "open", noted)
        monkeypatch.setattr(opening, "perf_counter", lambda: self._now)

    async def __call__(self, path: Path, takes: float) -> bool:
        """Open and close the file; whether it was opened inline."""
        self.takes = takes
        (await open_file(str(path))).close()
        return self.inline[-1]


QUICK, SLOW = 0.0001, 0.01


async def test_a_quick_folder_is_opened_inline_until_it_is_slow_twice(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens = Opens(monkeypatch)
    took = [QUICK, QUICK, SLOW, QUICK, SLOW, SLOW, SLOW, QUICK, QUICK]
    inline = [await opens(path, seconds) for seconds in took]
    assert inline == [False, True, True, True, True, True, False, False, True]


async def test_folders_are_known_one_by_one(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "folder" / "file"
    other.parent.mkdir()
    other.touch()
    opens = Opens(monkeypatch)
    assert [await opens(each, QUICK) for each in (path, other, path)] == [False, False, True]
