"""Faults of clients: they read slowly, and nothing runs ahead of them."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from support.clients import KIB, PART, SIZE, WAYS, Client, FromFile, FromStream, turns
from support.waiting import until

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("headers", WAYS)
async def test_a_stream_never_runs_ahead_of_the_client(headers: Any) -> None:
    app = FromStream()
    sent = 0

    async def slow(client: Client, count: int) -> None:
        nonlocal sent
        await turns()
        if client.messages[-1]["type"] == "http.response.body":
            sent += 1
            assert app.produced - sent <= 1

    client = Client(slow)
    await client.ask(app, headers)
    assert client.final


async def test_a_slow_reader_costs_a_bounded_amount(film: Path) -> None:
    """100 clients that read nothing hold one small chunk each."""
    clients = 100

    async def stall(client: Client, count: int) -> None:
        if count == 2:
            await released.wait()
        if count > 2:
            client.gone.set()
            await turns()

    released = anyio.Event()
    await Client().ask(FromFile(film), PART)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        async with anyio.create_task_group() as group:
            waiting = [Client(stall) for _ in range(clients)]
            for client in waiting:
                group.start_soon(client.ask, FromFile(film), PART)
            await until(lambda: all(len(client.messages) >= 2 for client in waiting))
            held, _ = tracemalloc.get_traced_memory()
            released.set()
    finally:
        tracemalloc.stop()
    assert (held - before) / clients < 200 * KIB


async def test_reads_do_not_run_ahead_of_sends(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0
    preadv = os.preadv

    def noted(*args: Any) -> int:
        nonlocal read
        count = preadv(*args)
        read += count
        return count

    async def slow(client: Client, count: int) -> None:
        await turns()
        assert read - client.received <= KIB * KIB

    monkeypatch.setattr(os, "preadv", noted)
    client = Client(slow)
    await client.ask(FromFile(film), PART)
    assert client.received == read == SIZE - 19
