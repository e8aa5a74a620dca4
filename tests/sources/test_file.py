"""`sources/file.py`: one descriptor, opened once, read at offsets."""

from __future__ import annotations

import errno
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.descriptors import eventually, nothing_left_open, open_files

from rangeserve import ResponseError, Source, stat_etag
from rangeserve.sources import file as file_module
from rangeserve.sources.file import FileSource, open_file

pytestmark = pytest.mark.anyio

DATA = bytes(i % 251 for i in range(700_000))
EDGES = [0, 1, 4095, 4096, 65_535, 65_536, 65_537, 300_000, 699_999, 700_000]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "film"
    path.write_bytes(DATA)
    return path


@pytest.fixture(autouse=True)
def _forget_folders() -> Iterator[None]:
    file_module._quick_folders.clear()
    yield
    file_module._quick_folders.clear()


async def read(source: FileSource, start: int, stop: int) -> bytes:
    return b"".join([chunk async for chunk in source.read(start, stop)])


async def test_it_is_a_source(path: Path) -> None:
    source = await open_file(str(path))
    assert isinstance(source, Source)
    status = path.stat()
    assert source.size == len(DATA)
    assert source.status is not None
    assert source.status.st_ino == status.st_ino
    assert source.last_modified == datetime.fromtimestamp(int(status.st_mtime), timezone.utc)
    assert (source.etag, source.content_type) == (None, None)
    source.close()


READERS = [
    pytest.param(None, id="this file system"),
    pytest.param(BlockingIOError(errno.EAGAIN, ""), id="not resident"),
    pytest.param(OSError(errno.EOPNOTSUPP, ""), id="residency unknown"),
    pytest.param(OSError(errno.EINVAL, ""), id="an old kernel"),
]


@pytest.mark.parametrize("refusal", READERS)
async def test_every_byte_from_every_offset(
    path: Path, refusal: OSError | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if refusal is not None:

        def refuse(*_: Any) -> int:
            raise refusal

        monkeypatch.setattr(os, "preadv", refuse)
    source = await open_file(str(path))
    try:
        for start in EDGES:
            for stop in EDGES:
                if start <= stop:
                    assert await read(source, start, stop) == DATA[start:stop]
    finally:
        source.close()


async def test_a_memory_file_system_gives_what_was_asked_for_and_no_more() -> None:
    if not os.path.ismount("/dev/shm"):
        pytest.skip("no memory file system on /dev/shm")
    path = Path(f"/dev/shm/rangeserve-test-{os.getpid()}")
    path.write_bytes(DATA)
    try:
        source = await open_file(str(path))
        assert await read(source, 5, 10) == DATA[5:10]
        assert await read(source, 0, len(DATA)) == DATA
        source.close()
    finally:
        path.unlink()


async def test_a_resident_chunk_is_read_without_a_thread(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[int] = set()
    pread = os.pread

    def noted(*args: Any) -> bytes:
        threads.add(threading.get_ident())
        return pread(*args)

    monkeypatch.setattr(os, "preadv", lambda *_: 1)
    monkeypatch.setattr(os, "pread", noted)
    source = await open_file(str(path))
    await read(source, 0, len(DATA))
    assert threads == {threading.get_ident()}

    threads.clear()
    monkeypatch.setattr(os, "preadv", lambda *_: (_ for _ in ()).throw(BlockingIOError()))
    await read(source, 0, len(DATA))
    assert threads
    assert threading.get_ident() not in threads
    source.close()


async def test_residency_is_asked_for_at_both_ends_of_a_chunk(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def noted(_fd: int, _buffers: Any, position: int, _flags: int) -> int:
        asked.append(position)
        return 1

    monkeypatch.setattr(os, "preadv", noted)
    source = await open_file(str(path))
    await read(source, 100_000, 150_000)
    assert asked == [100_000, 149_999]
    source.close()


@pytest.mark.parametrize("loss", [1, 1_000, 700_000])
async def test_a_file_that_becomes_shorter_is_an_error(path: Path, loss: int) -> None:
    source = await open_file(str(path))
    os.truncate(path, len(DATA) - loss)
    got = bytearray()

    async def take() -> None:
        async for chunk in source.read(0, source.size):
            got.extend(chunk)

    with pytest.raises(ResponseError, match="shorter"):
        await take()
    assert got == DATA[: len(DATA) - loss], "nothing is padded, nothing is lost"
    source.close()


async def test_what_was_opened_is_what_is_read(path: Path) -> None:
    source = await open_file(str(path))
    path.unlink()
    path.write_bytes(b"another")
    assert await read(source, 0, source.size) == DATA
    path.write_bytes(DATA + b"grown")
    assert await read(source, 0, source.size) == DATA
    source.close()


async def test_an_error_of_the_disk_is_raised(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    source = await open_file(str(path))
    monkeypatch.setattr(os, "pread", broken)
    monkeypatch.setattr(os, "preadv", broken)
    with pytest.raises(OSError, match=re.escape(os.strerror(errno.EIO))):
        await read(source, 0, 10)
    source.close()


# Refused


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
        file_module._quick_folders[os.path.dirname(path)] = False
    before = open_files()
    with anyio.fail_after(5), pytest.raises(error):
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
    assert file_module._proc_device() == os.stat("/proc").st_dev
    monkeypatch.setattr(file_module, "_PROC", path.stat().st_dev)
    with pytest.raises(ResponseError, match="not a stored file"):
        await open_file(str(path))


async def test_an_empty_file_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    source = await open_file(str(tmp_path / "empty"))
    assert source.size == 0
    assert await read(source, 0, 0) == b""
    source.close()


async def test_a_link_to_a_file_is_a_file(path: Path) -> None:
    link = path.with_name("link")
    link.symlink_to(path)
    source = await open_file(str(link))
    assert source.size == len(DATA)
    source.close()


@pytest.mark.parametrize("moment", [-(10**12), 10**12])
async def test_a_time_stamp_beyond_the_calendar(
    path: Path, moment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fstat = os.fstat

    def dated(fd: int) -> os.stat_result:
        status = list(fstat(fd))
        status[8] = moment
        return os.stat_result(status)

    monkeypatch.setattr(os, "fstat", dated)
    source = await open_file(str(path))
    monkeypatch.undo()
    assert source.last_modified is None
    source.close()


# Descriptors


async def test_closed_once_and_no_sooner(path: Path) -> None:
    with nothing_left_open(path.parent):
        source = await open_file(str(path))
        assert open_files(str(path.parent)) == [str(path)]
        await read(source, 0, 100)
        assert open_files(str(path.parent)) == [str(path)]
        source.close()
        assert open_files(str(path.parent)) == []
        stranger = os.open(path, os.O_RDONLY)  # likely with the same number
        source.close()
        os.fstat(stranger)
        os.close(stranger)


async def test_descriptors_are_not_inherited(path: Path) -> None:
    source = await open_file(str(path))
    assert not os.get_inheritable(source._fd)
    source.close()


class Gate:
    """Holds a worker thread until it is let go."""

    def __init__(self, work: Callable[..., Any]) -> None:
        self.work = work
        self.entered = threading.Event()
        self.go = threading.Event()

    def __call__(self, *args: Any) -> Any:
        self.entered.set()
        assert self.go.wait(20)
        return self.work(*args)

    async def reached(self) -> None:
        while not self.entered.is_set():  # noqa: ASYNC110
            await anyio.sleep(0.001)


def abandoned(gate: Gate, call: Callable[[], Any], backend: str) -> None:
    """Start `call`, and cancel its task for good while its thread waits at the gate.

    On trio a cancelled task waits for its thread, so the gate opens first.
    """
    if backend == "trio":

        async def main() -> None:
            async with anyio.create_task_group() as group:
                group.start_soon(call)
                await gate.reached()
                group.cancel_scope.cancel()
                gate.go.set()

        anyio.run(main, backend="trio")
        return

    import asyncio

    async def main_asyncio() -> None:
        task = asyncio.create_task(call())
        await gate.reached()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gate.go.set()

    asyncio.run(main_asyncio())


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cancelled_while_a_thread_is_opening(
    backend: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(os.open)
    monkeypatch.setattr(os, "open", gate)

    async def call() -> None:
        source = await open_file(str(path))
        source.close()

    abandoned(gate, call, backend)
    monkeypatch.undo()
    assert eventually(lambda: open_files(str(path.parent)) == [])


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cancelled_while_a_thread_is_reading(
    backend: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of the descriptor must not be given to another file under the reader."""
    gate = Gate(os.pread)
    monkeypatch.setattr(os, "pread", gate)
    monkeypatch.setattr(os, "preadv", lambda *_: (_ for _ in ()).throw(BlockingIOError()))
    open_while_reading: list[bool] = []

    async def call() -> None:
        source = await open_file(str(path))
        try:
            await read(source, 0, 10)
        finally:
            source.close()
            if not gate.go.is_set():
                open_while_reading.append(open_files(str(path.parent)) == [str(path)])

    abandoned(gate, call, backend)
    monkeypatch.undo()
    assert all(open_while_reading)
    assert eventually(lambda: open_files(str(path.parent)) == [])


async def test_closed_before_the_thread_had_begun(path: Path) -> None:
    source = FileSource(str(path))
    source.close()
    with pytest.raises(ResponseError, match="closed while waiting"):
        await source.in_thread(source.open)
    assert open_files(str(path.parent)) == []


async def test_at_most_32_threads_work_for_us(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = 0
    most = 0
    lock = threading.Lock()
    pread = os.pread

    def slow(*args: Any) -> bytes:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        threading.Event().wait(0.01)
        with lock:
            at_once -= 1
        return pread(*args)

    monkeypatch.setattr(os, "preadv", lambda *_: (_ for _ in ()).throw(BlockingIOError()))
    source = await open_file(str(path))
    monkeypatch.setattr(os, "pread", slow)

    async with anyio.create_task_group() as group:
        for _ in range(80):
            other = await open_file(str(path))
            group.start_soon(closing, other)
    source.close()
    assert 2 <= most <= 32


async def closing(source: FileSource) -> None:
    try:
        assert await read(source, 0, 10) == DATA[:10]
    finally:
        source.close()


# Entity-tags


def stat_of(size: int, mtime_ns: int, inode: int = 1) -> Any:
    class Status:
        st_size = size
        st_mtime_ns = mtime_ns
        st_ino = inode

    return Status()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param((5, 10), (5, 10), True, id="the same"),
        pytest.param((5, 10, 1), (5, 10, 2), True, id="on another replica"),
        pytest.param((5, 10), (6, 10), False, id="another size"),
        pytest.param((5, 10), (5, 11), False, id="a nanosecond later"),
        pytest.param((0x11, 0x1), (0x1, 0x11), False, id="no confusion of the two"),
    ],
)
def test_the_entity_tag_of_a_file(one: Any, other: Any, same: bool) -> None:
    assert (stat_etag(stat_of(*one)) == stat_etag(stat_of(*other))) is same
    assert re.fullmatch('"[0-9a-f-]+"', stat_etag(stat_of(*one)))
