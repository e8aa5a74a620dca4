"""What an archive of 10,000 files and 100 GiB costs: time and memory, with and without its CRCs.

    python -m benchmarks.archive [--files 10000] [--gib 100] [FOLDER]

The files are sparse: they take no room on the disk. The archive is never built. Its whole is not
read either, for that would take as long as 100 GiB do; the directory at its end needs the CRC-32
of every file, so that is timed for an archive of small files.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
import tracemalloc
from contextlib import aclosing
from pathlib import Path
from typing import Any

from rangeserve.directory.archive import Tree
from rangeserve.directory.turn import Client

GIB = 1 << 30
SEEKS = 200


def make_files(folder: Path, count: int, size: int) -> None:
    for number in range(count):
        place = folder / f"{number // 100:03}"
        place.mkdir(exist_ok=True)
        with (place / f"file-{number:06}.bin").open("wb") as file:
            file.truncate(size)


def plan(folder: Path, count: int) -> Any:
    """The archive of a folder as `DirectoryApp` plans it for each request."""
    tree = Tree(str(folder.resolve()), (), hidden=False, most=2 * count)
    tree.read(Client())
    assert tree.archive is not None
    return tree.archive


async def read(source: Any, start: int, stop: int) -> int:
    """Read a range as a response does; the number of bytes."""
    count = 0
    async with aclosing(source.read(start, stop)) as chunks:
        async for chunk in chunks:
            count += len(chunk)
    return count


async def seeks(source: Any) -> list[float]:
    """The milliseconds to the end of some ranges of 64 KiB anywhere in the archive."""
    chosen, times = random.Random(1), []
    for _ in range(SEEKS):
        start = chosen.randrange(source.size - 2 * GIB if source.size > 4 * GIB else 1)
        begin = time.perf_counter()
        await read(source, start, start + 65_536)
        times.append((time.perf_counter() - begin) * 1000)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--gib", type=int, default=100)
    parser.add_argument("folder", nargs="?", help="where the files are made (default: a new one)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as made:
        large, small = Path(made) / "large", Path(made) / "small"
        large.mkdir()
        small.mkdir()
        make_files(large, options.files, options.gib * GIB // options.files)
        make_files(small, options.files, 1000)

        begin = time.perf_counter()
        source = plan(large, options.files)
        took = time.perf_counter() - begin
        print(f"{options.files:,} files, an archive of {source.size / GIB:.1f} GiB")
        print(f"planned in                     {took * 1000:8.1f} ms")
        tracemalloc.start()
        source = plan(large, options.files)
        print(
            f"memory of the plan             {tracemalloc.get_traced_memory()[0] / 2**20:8.1f} MiB"
        )
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        times = asyncio.run(seeks(source))
        more = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
        print(f"most memory of {SEEKS} seeks more  {more / 2**20:8.1f} MiB")
        times = asyncio.run(seeks(source))
        print(f"a seek, the median             {statistics.median(times):8.2f} ms")
        print(f"a seek, the slowest            {max(times):8.2f} ms")

        source = plan(small, options.files)
        for what in ("computed", "known"):
            begin = time.perf_counter()
            asyncio.run(read(source, source.size - 65_536 * 16, source.size))
            took = time.perf_counter() - begin
            print(f"1 MiB of directory, CRCs {what:<8}{took * 1000:7.1f} ms")
        begin = time.perf_counter()
        count = asyncio.run(read(source, 0, source.size))
        took = time.perf_counter() - begin
        print(f"all {count / 2**20:4.1f} MiB of the small files {took * 1000:7.1f} ms")


if __name__ == "__main__":
    sys.exit(main())
