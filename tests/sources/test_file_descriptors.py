"""`sources/file.py`: no descriptor is lost, nor closed under a thread that reads from it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.descriptors import nothing_left_open, open_files
from support.files import read
from support.waiting import SECONDS, eventually, until

from rangeserve import ResponseError
from rangeserve.sources.file import FileSource
from rangeserve.sources.opening import open_file

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_folder_is_known")]


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
        assert self.go.wait(SECONDS)
        return self.work(*args)

    async def reached(self) -> None:
        await until(self.entered.is_set)


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
