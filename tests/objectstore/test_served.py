"""A bucket behind a real Hypercorn, on asyncio and on trio."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import obstore
import pytest
from objectstore.bucket import BUCKET
from objectstore.proxy import Behaviour, Proxy
from support.servers import HOST, Server, serving
from support.wire import Connection, Truncated, fetch

MIB = 2**20


@pytest.fixture(params=["hypercorn", "hypercorn-trio"])
def server(request: pytest.FixtureRequest, proxy: Proxy) -> Iterator[Server]:
    env = {
        "RANGESERVE_TEST_STORE": f"s3://{BUCKET}",
        "RANGESERVE_TEST_ENDPOINT": f"http://{HOST}:{proxy.port}",
    }
    here = Path(__file__).parent
    with serving(request.param, "served_app:app", cwd=here, env=env) as server:
        yield server


@pytest.fixture
def large(direct: Any) -> bytes:
    """32 MiB under the key `large.bin`."""
    content = hashlib.shake_128(b"large").digest(32 * MIB)
    obstore.put(direct, "large.bin", content, use_multipart=False)
    return content


def test_bytes_arrive_as_they_are(server: Server, proxy: Proxy, large: bytes) -> None:
    whole = fetch(server.port, "/large.bin")
    assert whole.body == large
    proxy.reset()
    part = fetch(server.port, "/large.bin", [("Range", "bytes=20000000-20999999")])
    assert (part.status, part.body) == (206, large[20000000:21000000])
    assert [(each.method, each.sent) for each in proxy.asked] == [("GET", 1_000_000)]
    assert fetch(server.port, "/%2e%2e/large.bin").status == 404
    assert fetch(server.port, "/a%00b").status == 404


def until_cut(connection: Connection) -> bytes:
    got = b""
    try:
        while True:
            got += connection.take(4096)
    except Truncated:
        return got


def test_a_cut_body_is_seen_and_resumed(server: Server, proxy: Proxy, large: bytes) -> None:
    proxy.behave(Behaviour(cut_after=3 * MIB))
    with Connection(server.port) as connection:
        connection.send("GET", "/large.bin")
        head = connection.read_head()
        got = until_cut(connection)
    proxy.reset()
    assert len(got) < len(large)
    assert got == large[: len(got)]
    rest = fetch(
        server.port, "/large.bin", [("Range", f"bytes={len(got)}-"), ("If-Range", head["etag"])]
    )
    assert rest.status == 206
    assert hashlib.sha256(got + rest.body).digest() == hashlib.sha256(large).digest()


def test_a_client_that_leaves_frees_the_store(server: Server, proxy: Proxy, large: bytes) -> None:
    with Connection(server.port) as connection:
        connection.send("GET", "/large.bin")
        connection.read_head()
        connection.take(MIB)
    (asked,) = proxy.asked
    assert asked.over.wait(15)
    assert asked.sent < len(large)
    assert fetch(server.port, "/large.bin", [("Range", "bytes=0-0")]).status == 206


def resident(server: Server) -> int:
    """The resident memory of the server and its workers, in bytes."""
    pages = 0
    for status in Path("/proc").glob("[0-9]*/statm"):
        try:
            group = int(
                (status.parent / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[2]
            )
            if group == server.process.pid:
                pages += int(status.read_text(encoding="utf-8").split()[1])
        except OSError:
            continue
    return pages * 4096


def test_a_waiting_client_holds_little_memory(server: Server, large: bytes) -> None:
    """8 MiB a request at most, of one range and of several."""
    if not Path("/proc/self/statm").exists():
        pytest.skip("needs /proc to measure memory")
    several = "bytes=" + ",".join(f"{n * 5 * MIB}-{(n * 5 + 4) * MIB}" for n in range(6))
    clients = 8
    with ThreadPoolExecutor(clients) as pool:  # what a process needs once
        list(pool.map(lambda _: fetch(server.port, "/large.bin"), range(clients)))
    before = resident(server)
    with ExitStack() as stack:
        for number in range(clients):
            connection = stack.enter_context(Connection(server.port))
            headers = [("Range", several)] if number % 2 else []
            connection.send("GET", "/large.bin", headers)
            assert connection.read_head().status in (200, 206)
            connection.take(100_000)
        time.sleep(2)  # each has taken what it will
        growth = resident(server) - before
    assert growth < clients * 8 * MIB
