"""`python -m pytest benchmarks/micro`: pytest-benchmark times the cases, its tables compare."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.files import probes_residency
from benchmarks.micro import cases
from benchmarks.micro.timing import DISPLACED_MIB, displacing

BenchmarkFixture = pytest.importorskip("pytest_benchmark.fixture").BenchmarkFixture

_ROUNDS = 100

at_each_heat = pytest.mark.parametrize(
    "displaced", [0, *DISPLACED_MIB], ids=["hot", *(f"cold, {mib} MiB" for mib in DISPLACED_MIB)]
)


def time(benchmark: BenchmarkFixture, call: Callable[[], object], displaced: int = 0) -> None:
    """Time `call`; each call singly, after so many MiB were displaced, if any are."""
    if displaced:
        benchmark.pedantic(call, setup=displacing(displaced), rounds=_ROUNDS)
    else:
        benchmark(call)


@at_each_heat
@pytest.mark.parametrize("who", ["the app alone", "through rangeserve", "with an observer"])
def test_pass_through(benchmark: BenchmarkFixture, who: str, displaced: int) -> None:
    benchmark.group = "a small 200 without Range"
    observer = (lambda event: None) if who == "with an observer" else None
    call = cases.tiny(ranged=who != "the app alone", observer=observer)
    time(benchmark, call, displaced)


@at_each_heat
def test_decide(benchmark: BenchmarkFixture, displaced: int) -> None:
    benchmark.group = "a 206 with If-Range, the file open"
    time(benchmark, cases.decide(), displaced)


@at_each_heat
@pytest.mark.parametrize("who", cases.RANGES)
def test_short_range(benchmark: BenchmarkFixture, tmp_path: Path, who: str, displaced: int) -> None:
    benchmark.group = "64 KiB of a file"
    (tmp_path / "probe").write_bytes(b"probe")
    if not probes_residency(tmp_path / "probe"):
        pytest.skip(f"the file system of {tmp_path} does not say what is in the page cache")

    async def run() -> None:
        time(benchmark, await cases.short_range(cases.RANGES[who], tmp_path), displaced)

    asyncio.run(run())


@pytest.mark.parametrize("name", [name for pair in cases.DOUBLED.values() for name in pair])
def test_doubled(benchmark: BenchmarkFixture, name: str) -> None:
    benchmark.group = "fields and parts, doubled"

    async def run() -> None:
        time(benchmark, (await cases.doubled())[name])

    asyncio.run(run())


@pytest.mark.parametrize(
    "field",
    [
        pytest.param("bytes=10485760-", id="open-ended"),
        pytest.param("bytes=0-4,10-14,20-24,30-34", id="four ranges"),
        pytest.param("bytes=" + ",".join(f"{i}-{i}" for i in range(0, 128, 2)), id="64 ranges"),
        pytest.param("bytes=" + "9" * 8000 + "-", id="8,000 digits"),
    ],
)
def test_parse(benchmark: BenchmarkFixture, field: str) -> None:
    benchmark.group = "reading a Range field"
    benchmark(cases.parse(field))
