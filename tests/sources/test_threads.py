"""`sources/threads.py`: how many worker threads there are."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.files import DATA, read
from support.waiting import SECONDS, until

from rangeserve.sources import threads
from rangeserve.sources.file import FileSource, open_file

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_folder_is_known")]


async def test_at_most_32_threads_read_at_a_time(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """80 reads are asked for: 32 are under way and wait, and the other 48 have no thread."""
    working = 0
    lock = threading.Lock()
    go = threading.Event()
    pread = os.pread

    def held(*args: Any) -> bytes:
        nonlocal working
        with lock:
            working += 1
        assert go.wait(SECONDS)
        return pread(*args)

    sources = [await open_file(str(path)) for _ in range(80)]
    monkeypatch.setattr(os, "preadv", lambda *_: (_ for _ in ()).throw(BlockingIOError()))
    monkeypatch.setattr(os, "pread", held)
    workers = threads._workers_for(threads.READS, sources[0].status.st_dev)
    try:
        async with anyio.create_task_group() as group:
            for source in sources:
                group.start_soon(closing, source)
            await until(lambda: working + len(workers._waiting) == 80)
            most = working
            go.set()
    finally:
        go.set()
    assert most == 32


async def closing(source: FileSource) -> None:
    try:
        assert await read(source, 0, 10) == DATA[:10]
    finally:
        source.close()
