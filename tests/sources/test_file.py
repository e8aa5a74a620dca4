"""`sources/file.py`: one descriptor, opened once, read at offsets."""

from __future__ import annotations

import errno
import os
import re
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from support.files import DATA, read

from rangeserve import ResponseError, Source
from rangeserve.sources.opening import open_file

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_folder_is_known")]


EDGES = [0, 1, 4095, 4096, 65_535, 65_536, 65_537, 300_000, 699_999, 700_000]


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

    def at_once(fd: int, buffers: Any, position: int, flags: int) -> int:
        assert flags == os.RWF_NOWAIT
        chunk = pread(fd, len(buffers[0]), position)
        buffers[0][: len(chunk)] = chunk
        return len(chunk)

    monkeypatch.setattr(os, "preadv", at_once)
    monkeypatch.setattr(os, "pread", noted)
    source = await open_file(str(path))
    assert await read(source, 0, len(DATA)) == DATA
    assert not threads

    monkeypatch.setattr(os, "preadv", lambda *_: (_ for _ in ()).throw(BlockingIOError()))
    await read(source, 0, len(DATA))
    assert threads
    assert threading.get_ident() not in threads
    source.close()


@pytest.mark.parametrize("resident", [1, 4096, 20_000, 39_999, 50_000])
async def test_what_is_not_resident_in_the_middle_of_a_chunk_is_read_in_a_thread(
    path: Path, resident: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes before the hole are given; the hole itself never keeps the event loop waiting."""
    hole = range(100_000 + resident, 140_000)
    in_threads: list[int] = []
    pread = os.pread

    def at_once(fd: int, buffers: Any, position: int, _: int) -> int:
        stop = position + len(buffers[0])
        if position in hole:
            raise BlockingIOError
        chunk = pread(
            fd, min(stop, hole.start if position < hole.start else stop) - position, position
        )
        buffers[0][: len(chunk)] = chunk
        return len(chunk)

    def noted(fd: int, size: int, position: int) -> bytes:
        assert threading.current_thread() is not threading.main_thread()
        in_threads.append(position)
        return pread(fd, size, position)

    monkeypatch.setattr(os, "preadv", at_once)
    monkeypatch.setattr(os, "pread", noted)
    source = await open_file(str(path))
    assert source.read_at_once(100_000, 150_000) == DATA[100_000 : 100_000 + resident]
    assert await read(source, 100_000, 150_000) == DATA[100_000:150_000]
    assert in_threads == ([hole.start] if hole else [])
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
