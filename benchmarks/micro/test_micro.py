"""`python -m pytest benchmarks/micro`: pytest-benchmark times the cases, its tables compare."""

from __future__ import annotations

import pytest

from benchmarks.micro import cases

BenchmarkFixture = pytest.importorskip("pytest_benchmark.fixture").BenchmarkFixture


@pytest.mark.parametrize("ranged", [False, True], ids=["the app alone", "through rangeserve"])
def test_pass_through(benchmark: BenchmarkFixture, ranged: bool) -> None:
    benchmark.group = "a small 200 without Range"
    benchmark(cases.tiny(ranged=ranged))


def test_decide(benchmark: BenchmarkFixture) -> None:
    benchmark.group = "a 206 with If-Range, the file open"
    benchmark(cases.decide())


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
