"""The workloads: each measures numbers of one contender in one round."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import client
from .contenders import BOUNDS, FLOOR, FRAMEWORKS, LIMIT, OURS, RAW, Contender, on
from .files import GIB, KIB, MIB, Files, forget
from .servers import Server

__all__ = ["Bench", "SLOW_CLIENTS", "WORKLOADS", "Workload"]

Numbers = dict[str, float]

SLOW_CLIENTS = 100
_SLOW_BYTES_PER_SECOND = 64 * KIB
_RANGE_BYTES = 64 * KIB


@dataclass(frozen=True)
class Bench:
    """The files, a folder for temporary files, and the length of a run.

    `pace` scales the seconds of each measurement: 1 is a full run.
    """

    files: Files
    scratch: Path
    pace: float


@dataclass(frozen=True)
class Workload:
    """A way to measure its contenders: `measure` gives the numbers of one.

    With `fresh` each round starts its servers again. With `together` all contenders are measured
    at the same time.
    """

    name: str
    title: str
    contenders: tuple[Contender, ...]
    measure: Callable[[Bench, Server], Numbers]
    fresh: bool = False
    together: bool = False


def _path(file: Path) -> str:
    return f"/files/{file.name}"


def _whole(bench: Bench, server: Server) -> Numbers:
    """Download the whole file once with one client, for at most 1.5 seconds."""
    before = server.cpu()
    seen = client.run(
        bench.scratch,
        port=server.port,
        path=_path(bench.files.whole),
        requests=1,
        seconds=1.5 * bench.pace,
    )
    gib = seen.bytes / GIB
    return {"mib_s": seen.bytes / MIB / seen.seconds, "cpu_s_gib": (server.cpu() - before) / gib}


def _seek(bench: Bench, server: Server) -> Numbers:
    """Request 1 MiB at the end of a sparse file, again and again on one connection."""
    size = bench.files.seek.stat().st_size
    before = server.cpu()
    seen = client.run(
        bench.scratch,
        port=server.port,
        path=_path(bench.files.seek),
        first=size - MIB,
        last=size - 1,
        status=206,
        requests=1 if server.slow else 40,
        seconds=15 if server.slow else 1 * bench.pace,
    )
    cpu = (server.cpu() - before) / max(seen.requests, 1)
    return {"ms": seen.p50 * 1e3, "cpu_ms": cpu * 1e3} if seen.requests else {}


def _ranges(connections: int) -> Callable[[Bench, Server], Numbers]:
    def measure(bench: Bench, server: Server) -> Numbers:
        before = server.cpu()
        seen = client.run(
            bench.scratch,
            port=server.port,
            path=_path(bench.files.whole),
            size=bench.files.whole.stat().st_size,
            random=_RANGE_BYTES,
            status=206,
            connections=connections,
            seconds=0.6 * bench.pace,
        )
        cpu = (server.cpu() - before) / max(seen.requests, 1)
        rate = seen.requests / seen.seconds
        return {"rps": rate, "p99_ms": seen.p99 * 1e3, "cpu_us": cpu * 1e6}

    return measure


def _tiny(bench: Bench, server: Server) -> Numbers:
    """Request a small JSON response, again and again on 16 connections."""
    before = server.cpu()
    seen = client.run(
        bench.scratch, port=server.port, path="/tiny", connections=16, seconds=1 * bench.pace
    )
    cpu = (server.cpu() - before) / seen.requests
    return {"rps": seen.requests / seen.seconds, "cpu_us": cpu * 1e6}


def _memory(bench: Bench, server: Server) -> Numbers:
    """Measure the memory that 100 slow clients add to the server's, last and at most."""
    path = _path(bench.files.whole)
    client.run(bench.scratch, port=server.port, path=path, last=0, status=206, requests=20)
    before = server.memory()
    crowd = client.begin(
        bench.scratch,
        port=server.port,
        path=_path(bench.files.whole),
        connections=SLOW_CLIENTS,
        rate=_SLOW_BYTES_PER_SECOND,
        seconds=10 * max(bench.pace, 0.2),
    )
    worst = steady = before
    while crowd.poll() is None:
        steady = server.memory()
        worst = max(worst, steady)
        time.sleep(0.05)
    seen = client.end(crowd)
    return {
        "kib_client": (steady - before) / KIB / SLOW_CLIENTS,
        "worst_kib_client": (worst - before) / KIB / SLOW_CLIENTS,
        "delivered_mib": seen.bytes / MIB,
    }


def _fairness(*, cold: bool) -> Callable[[Bench, Server], Numbers]:
    """Measure how long a tiny request takes while one client downloads at full speed."""

    def measure(bench: Bench, server: Server) -> Numbers:
        if cold:
            forget(bench.files.whole)
        busy = 1.5 * max(bench.pace, 0.4)
        probe = client.begin(
            bench.scratch, port=server.port, path="/tiny", pause=1000, seconds=busy + 0.5
        )
        time.sleep(0.05)
        download = client.run(
            bench.scratch,
            port=server.port,
            path=_path(bench.files.whole),
            seconds=busy,
            requests=1 if cold else 0,
        )
        seen = client.end(probe)
        return {
            "p50_ms": seen.p50 * 1e3,
            "p99_ms": seen.p99 * 1e3,
            "max_ms": seen.max * 1e3,
            "mib_s": download.bytes / MIB / download.seconds,
        }

    return measure


def _growth(bench: Bench, server: Server) -> Numbers:
    """Request 64 KiB at the end of files of all sizes, and at five offsets of the largest."""
    largest = bench.files.growth[-1]
    places = {}
    for file in bench.files.growth:
        places[f"size {_short(file)}"] = (file, file.stat().st_size - _RANGE_BYTES)
    for share in (0, 0.25, 0.5, 0.75, 1):
        start = int(share * (largest.stat().st_size - _RANGE_BYTES))
        places[f"offset {share:.0%} of {_short(largest)}"] = (largest, start)
    numbers = {}
    for name, (file, start) in places.items():
        seen = client.run(
            bench.scratch,
            port=server.port,
            path=_path(file),
            first=start,
            last=start + _RANGE_BYTES - 1,
            status=206,
            requests=100,
            seconds=1,
        )
        numbers[name] = seen.p50 * 1e3
    return numbers


def _short(file: Path) -> str:
    size = file.stat().st_size
    return f"{size // GIB} GiB" if size >= GIB else f"{size // MIB} MiB"


_BIG = ("uvicorn", "hypercorn")


def _peers(*bounds: str) -> tuple[Contender, ...]:
    """The contenders of a workload about files, with these of the bounds."""
    return (
        *on(("uvicorn",), *bounds, *FRAMEWORKS),
        *on(("uvicorn-asyncio",), *bounds, OURS, "Starlette FileResponse"),
        *on(("hypercorn",), *bounds, *FRAMEWORKS),
        *on(("granian",), *(set(bounds) - {FLOOR}), OURS, "Starlette FileResponse"),
        *on(("aiohttp", "nginx"), "aiohttp", "nginx"),
    )


WORKLOADS = (
    Workload("whole", "W1: a whole file, one client", _peers(LIMIT, RAW), _whole),
    Workload(
        "seek",
        "W2: 1 MiB at the end of a large file",
        (*_peers(*BOUNDS), *on(("uvicorn",), "non-seeking stream")),
        _seek,
    ),
    Workload("ranges16", "W3: random 64 KiB ranges, 16 connections", _peers(*BOUNDS), _ranges(16)),
    Workload("ranges64", "W3: random 64 KiB ranges, 64 connections", _peers(*BOUNDS), _ranges(64)),
    Workload(
        "tiny",
        "A tiny answer that passes through",
        (*on(("uvicorn", "uvicorn-asyncio", "hypercorn", "granian"), LIMIT, OURS),),
        _tiny,
    ),
    Workload(
        "memory",
        f"Memory: {SLOW_CLIENTS} clients at 64 KiB/s",
        (*on(_BIG, LIMIT, OURS, "Quart send_file", "Starlette FileResponse"),),
        _memory,
        fresh=True,
        together=True,
    ),
    Workload(
        "fairness",
        "Fairness: a tiny request while one client downloads (warm)",
        (*on(_BIG, LIMIT, OURS, "Starlette FileResponse"), *on(("nginx",), "nginx")),
        _fairness(cold=False),
    ),
    Workload(
        "cold",
        "Fairness: the same, the file not in the page cache",
        (*on(_BIG, "inline blocking reader", OURS),),
        _fairness(cold=True),
    ),
    Workload("growth", "Growth: 64 KiB of sparse files", (*on(("uvicorn",), OURS),), _growth),
)
