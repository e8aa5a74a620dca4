"""Compares `ObjectStoreApp` on Hypercorn with obstore alone, reading the same ranges.

    python benchmarks/object_store.py

The objects are in moto (an S3 server in Python) and in a `MemoryStore`. The ranges are read
alternately through Hypercorn and with obstore, and the ratio printed is that of the medians. A
proxy before moto counts the requests to the store. Needs the dependency group `objectstore`.
"""

from __future__ import annotations

import argparse
import http.client
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import obstore
from objectstore.bucket import BUCKET, CONFIG, store_at
from objectstore.proxy import proxying
from obstore.store import MemoryStore
from support.servers import HOST, Server, running

from rangeserve.objectstore import ObjectStoreApp, open_store

MIB = 2**20
SIZE = 64 * MIB
KEY = "large.bin"


def memory_app() -> Any:
    """The app for Hypercorn with the object in memory."""
    store = MemoryStore()
    obstore.put(store, KEY, bytes(SIZE))
    return ObjectStoreApp(store)


def s3_app() -> Any:
    """The app for Hypercorn with the bucket at the endpoint that the environment names."""
    return ObjectStoreApp(open_store(f"s3://{BUCKET}", endpoint=os.environ["ENDPOINT"], **CONFIG))


if "ENDPOINT" in os.environ:
    app = s3_app() if os.environ["ENDPOINT"] else memory_app()


@contextmanager
def hypercorn(endpoint: str) -> Iterator[Server]:
    here = Path(__file__).parent
    command = [sys.executable, "-m", "hypercorn", "object_store:app", "-b", f"{HOST}:{{port}}"]
    path = f"{here}{os.pathsep}{here.parent / 'tests'}"
    env = {"ENDPOINT": endpoint, "PYTHONPATH": path, "RANGESERVE_BENCHMARK": "1"}
    with running(
        [*command, "--keep-alive", "75", "--log-level", "warning"], cwd=here, env=env
    ) as server:
        yield server


def over_http(connection: http.client.HTTPConnection, start: int, stop: int) -> int:
    connection.request("GET", f"/{KEY}", headers={"Range": f"bytes={start}-{stop - 1}"})
    response = connection.getresponse()
    assert response.status == 206
    count = 0
    while block := response.read(MIB):
        count += len(block)
    return count


def alone(store: Any, start: int, stop: int) -> int:
    result = obstore.get(store, KEY, options={"range": (start, stop)})
    return sum(len(chunk) for chunk in result.stream(min_chunk_size=MIB))


def seconds(read: Callable[[int, int], int], size: int, count: int) -> float:
    begin = time.perf_counter()
    for number in range(count):
        start = (number * 7919 * 4096) % (SIZE - size) if size < SIZE else 0
        assert read(start, start + size) == size
    return time.perf_counter() - begin


def compare(name: str, server: Server, store: Any, rounds: int) -> None:
    connection = http.client.HTTPConnection(HOST, server.port, timeout=60)
    for label, size, count in (("64 KiB", 64 * 1024, 40), ("64 MiB", SIZE, 1)):
        served: list[float] = []
        direct: list[float] = []
        for _ in range(rounds + 1):
            served.append(seconds(lambda a, b: over_http(connection, a, b), size, count))
            direct.append(seconds(lambda a, b: alone(store, a, b), size, count))
        one, other = statistics.median(served[1:]), statistics.median(direct[1:])
        rate = size * count / MIB
        print(
            f"{name:12} {label:>7}  served {rate / one:8.1f} MiB/s  {count / one:7.1f} req/s"
            f"   obstore alone {rate / other:8.1f} MiB/s  {count / other:7.1f} req/s"
            f"   ratio {other / one:.2f}"
        )
    connection.close()


def costs(port: int) -> None:
    """Print the requests to the store, and its bytes for each byte that a client gets."""
    with proxying(port) as proxy, hypercorn(f"http://{HOST}:{proxy.port}") as server:
        connection = http.client.HTTPConnection(HOST, server.port, timeout=60)
        etag = obstore.head(store_at(port), KEY)["e_tag"] or ""
        ranges = ",".join(f"{n * 8 * MIB}-{n * 8 * MIB + MIB - 1}" for n in range(6))
        for label, method, headers in (
            ("the whole", "GET", {}),
            ("one range of 1 MiB", "GET", {"Range": "bytes=1048576-2097151"}),
            ("a suffix", "GET", {"Range": "bytes=-1048576"}),
            ("six ranges of 1 MiB", "GET", {"Range": f"bytes={ranges}"}),
            ("If-Range that misses", "GET", {"Range": "bytes=0-9", "If-Range": '"x"'}),
            ("304", "GET", {"If-None-Match": etag}),
            ("200 for another tag", "GET", {"If-None-Match": '"x"'}),
            ("412", "GET", {"If-Match": '"x"'}),
            ("416", "GET", {"Range": f"bytes={SIZE}-"}),
            ("HEAD", "HEAD", {}),
        ):
            proxy.reset()
            connection.request(method, f"/{KEY}", headers=headers)
            body = len(connection.getresponse().read())
            for each in proxy.asked:
                each.over.wait(10)
            ratio = f"{proxy.bytes_sent / body:6.2f}" if body else f"({proxy.bytes_sent} bytes)"
            print(f"{label:24} {' '.join(proxy.methods):32} bytes of the store per byte: {ratio}")
        connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with ExitStack() as stack:
        command = [sys.executable, "-m", "moto.server", "-H", HOST, "-p", "{port}"]
        moto = stack.enter_context(running(command, ready_in=60))
        bucket = http.client.HTTPConnection(HOST, moto.port, timeout=20)
        bucket.request("PUT", f"/{BUCKET}")
        bucket.getresponse().read()
        s3 = store_at(moto.port, timeout=30)
        obstore.put(s3, KEY, bytes(SIZE), use_multipart=False)
        costs(moto.port)
        memory = MemoryStore()
        obstore.put(memory, KEY, bytes(SIZE))
        compare("moto", stack.enter_context(hypercorn(moto.url)), s3, rounds)
        compare("MemoryStore", stack.enter_context(hypercorn("")), memory, rounds)


if __name__ == "__main__":
    main()
