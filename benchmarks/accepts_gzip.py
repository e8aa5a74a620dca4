"""Whole files of Starlette to clients that accept gzip, bare and wrapped, paired in each round.

python -m benchmarks.accepts_gzip          # browsers, requests, httpx and aiohttp accept gzip
"""

from __future__ import annotations

import argparse
import http.client
import statistics
import tempfile
import time
from pathlib import Path

from .files import MIB, make_files
from .servers import HOST, start

_PORTION = MIB


def seconds(port: int, path: str, size: int, fields: dict[str, str]) -> float:
    """The seconds that the download of `size` bytes takes; `RuntimeError` if it is not whole."""
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    buffer, received = memoryview(bytearray(_PORTION)), 0
    began = time.perf_counter()
    connection.request("GET", path, headers=fields)
    response = connection.getresponse()
    while count := response.readinto(buffer):
        received += count
    taken = time.perf_counter() - began
    connection.close()
    if (response.status, received) != (200, size):
        raise RuntimeError(f"{response.status} with {received} bytes")
    return taken


def main() -> None:
    """Print the median of each, in MiB/s, and the median of the paired ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--size", type=int, default=256, help="of the file, in MiB")
    given = parser.parse_args()
    rounds, size = given.rounds, given.size * MIB
    requests: dict[str, dict[str, str]] = {
        "accepts gzip": {"Accept-Encoding": "gzip, deflate, br"},
        "accepts identity": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        files = make_files(scratch / "files", size, 2 * MIB, ())
        path = f"/files/{files.whole.name}"
        for name in ("uvicorn", "hypercorn"):
            bare = start(name, "starlette_files:plain", files.folder, scratch)
            wrapped = start(name, "starlette_files:ranged", files.folder, scratch)
            try:
                for label, fields in requests.items():
                    pairs = [
                        (
                            seconds(bare.port, path, size, fields),
                            seconds(wrapped.port, path, size, fields),
                        )
                        for _ in range(rounds)
                    ]
                    plain, ours = (
                        size / MIB / statistics.median(each) for each in zip(*pairs, strict=True)
                    )
                    ratio = statistics.median(one / other for one, other in pairs)
                    print(
                        f"{name:10} {label:17} bare {plain:6.0f} MiB/s, wrapped {ours:6.0f} MiB/s,"
                        f" {ratio:.2f} times as fast"
                    )
            finally:
                bare.stop()
                wrapped.stop()


if __name__ == "__main__":
    main()
