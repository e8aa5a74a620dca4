"""Whole files of frameworks to clients that accept gzip, and to those that do not, in turns.

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
_FRAMEWORKS = {"Starlette": "starlette_files", "Quart": "quart_files", "Django": "django_files"}
_GZIP = {"Accept-Encoding": "gzip, deflate, br"}


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
    """Print the medians in MiB/s, and those of the ratios within a round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--size", type=int, default=256, help="of the file, in MiB")
    given = parser.parse_args()
    size = given.size * MIB
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        files = make_files(scratch / "files", size, 2 * MIB, ())
        path = f"/files/{files.whole.name}"
        for server in ("uvicorn", "hypercorn"):
            for framework, module in _FRAMEWORKS.items():
                bare = start(server, f"{module}:plain", files.folder, scratch)
                wrapped = start(server, f"{module}:ranged", files.folder, scratch)
                try:
                    rounds = [
                        (
                            seconds(bare.port, path, size, _GZIP),
                            seconds(wrapped.port, path, size, _GZIP),
                            seconds(wrapped.port, path, size, {}),
                        )
                        for _ in range(given.rounds)
                    ]
                finally:
                    bare.stop()
                    wrapped.stop()
                alone, coded, plain = (
                    size / MIB / statistics.median(each) for each in zip(*rounds, strict=True)
                )
                ratio = statistics.median(without / coded for _, coded, without in rounds)
                print(
                    f"{server:10} {framework:10} accepting gzip {coded:5.0f} MiB/s, not accepting"
                    f" it {plain:5.0f}, {ratio:.2f} of it; bare {alone:5.0f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
