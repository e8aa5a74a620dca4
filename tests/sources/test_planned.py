"""A file as it was when somebody looked at it."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest
from support.descriptors import nothing_left_open
from support.files import DATA
from support.reading import read_of

from rangeserve import ResponseError, stat_etag
from rangeserve.sources import file as file_module
from rangeserve.sources import planned, threads
from rangeserve.sources.crc32 import Progress
from rangeserve.sources.file import FileSource
from rangeserve.sources.planned import PlannedFile, add_to_each

pytestmark = pytest.mark.anyio


def plan(path: Path) -> PlannedFile:
    return PlannedFile(str(path), path.stat())


async def test_it_has_the_facts_of_its_status_and_reads_any_window(path: Path) -> None:
    source = plan(path)
    assert (source.size, source.etag) == (len(DATA), stat_etag(path.stat()))
    assert source.last_modified is not None
    assert source.last_modified.timestamp() == int(path.stat().st_mtime)
    assert source.content_type is None
    with nothing_left_open(path.parent):
        assert await read_of(source) == DATA
        assert await read_of(source, 699_990, 700_000) == DATA[-10:]


async def test_what_is_not_regular_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResponseError, match="not a regular file"):
        plan(tmp_path)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def shrink(path: Path) -> None:
    os.truncate(path, 1000)


def touch(path: Path) -> None:
    os.utime(path, (1, 1_600_000_000))


def replace(path: Path) -> None:
    """Another file of the same size and time: its bytes are others."""
    status = path.stat()
    other = path.with_name("other")
    other.write_bytes(bytes(len(DATA)))
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


CHANGES = [grow, shrink, touch, replace, Path.unlink]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
async def test_a_file_that_has_changed_gives_nothing(
    path: Path, change: Callable[[Path], None]
) -> None:
    source = plan(path)
    change(path)
    with nothing_left_open(path.parent), pytest.raises(ResponseError):
        await read_of(source, 0, 10)
    with pytest.raises((ResponseError, OSError)):
        source.add_to(Progress(), 10)


@pytest.mark.parametrize("local", [True, False], ids=["local", "far"])
@pytest.mark.parametrize("change", [grow, touch], ids=lambda change: change.__name__)
async def test_a_file_that_changes_while_it_is_read_does_not_end_well(
    path: Path, change: Callable[[Path], None], local: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not local:
        monkeypatch.setattr(file_module, "is_local", lambda device: False)
    source = plan(path)
    got = b""

    async def read() -> None:
        nonlocal got
        async with aclosing(source.read(0, len(DATA))) as chunks:
            async for chunk in chunks:
                if not got:
                    change(path)
                got += chunk

    with nothing_left_open(path.parent), pytest.raises(ResponseError, match="has changed"):
        await read()
    assert got == DATA


async def test_without_a_free_thread_the_response_is_cut(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = plan(path)
    monkeypatch.setattr(planned, "FileSource", Stuck)
    with pytest.raises(ResponseError, match="no thread"):
        await read_of(source)


class Stuck(FileSource):
    """A file on a device whose threads all wait."""

    async def in_thread(self, work, *args):  # type: ignore[no-untyped-def, override]
        workers = threads._Workers(threads.LOOK_UPS, None)
        raise workers.unavailable()


async def test_a_crc_is_computed_in_turns(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planned, "_TURN_BYTES", 300_000)
    monkeypatch.setattr(planned, "_BLOCK_BYTES", 100_000)
    small = path.with_name("small")
    small.write_bytes(b"small")
    one, two = Progress(), Progress()
    positions = []
    with nothing_left_open(path.parent):
        for _ in range(4):
            add_to_each([(plan(path), one), (plan(small), two)])
            positions.append((one.position, two.position))
    assert positions == [(300_000, 0), (600_000, 0), (700_000, 5), (700_000, 5)]
    assert (one.result(700_000), two.result(5)) == (zlib.crc32(DATA), zlib.crc32(b"small"))


async def test_a_file_that_is_cut_while_its_crc_is_computed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_first(file: FileSource, size: int, start: int) -> bytes:
        shrink(path)
        return os.pread(file._fd, size, start)

    source = plan(path)
    monkeypatch.setattr(FileSource, "read_now", cut_first)
    with nothing_left_open(path.parent), pytest.raises(ResponseError, match="has changed"):
        add_to_each([(source, Progress())])
    monkeypatch.setattr(FileSource, "read_now", lambda file, size, start: b"")
    with pytest.raises(ResponseError, match="has changed"):
        add_to_each([(plan(path), Progress())])
