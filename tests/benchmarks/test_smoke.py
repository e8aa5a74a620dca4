"""The benchmarks work: a short run, its files, both clients, and the arithmetic."""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import client  # noqa: E402
from benchmarks.__main__ import make_parser  # noqa: E402
from benchmarks.build import describe_build  # noqa: E402
from benchmarks.charts import write_charts  # noqa: E402
from benchmarks.contenders import BOUNDS, FLOOR  # noqa: E402
from benchmarks.micro.cases import DOUBLED  # noqa: E402
from benchmarks.report import render, replace_between  # noqa: E402
from benchmarks.results import Results, Spread, describe_machine  # noqa: E402
from benchmarks.servers import Server, on_loops, start  # noqa: E402
from benchmarks.targets import TARGETS, Target, verdict  # noqa: E402

KIB = 1024

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a short run has written."""
    out = tmp_path_factory.mktemp("out")
    command = [sys.executable, "-m", "benchmarks", "--quick", "whole", "seek", "ranges16", "tiny"]
    command += ["fairness", "growth", "micro", "--servers", "uvicorn,hypercorn"]
    command += ["--folder", str(tmp_path_factory.mktemp("files")), "--out", str(out)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1500)
    assert ran.returncode == 0, ran.stderr
    assert "failed" not in ran.stderr
    return out


def test_every_contender_was_measured(out: Path) -> None:
    results = Results.load(out / "results.json")
    assert results.failures == {}
    for workload, table in results.rounds.items():
        for contender, rounds in table.items():
            assert all(rounds), f"{workload}: {contender}"
    for server in ("uvicorn", "hypercorn"):
        for name in ("in-memory limit", "rangeserve", "Starlette FileResponse", "Quart send_file"):
            assert f"{name}, {server}" in results.rounds["whole"]
        for name, workloads in (("raw app", {"whole", "seek", "ranges16"}), (FLOOR, {"ranges16"})):
            for workload in workloads:
                assert f"{name}, {server}" in results.rounds[workload]
        assert f"{FLOOR}, {server}" not in results.rounds["whole"]
        assert f"raw app, {server}" not in results.rounds["tiny"]
    assert set(results.rounds["micro"]) > {name for pair in DOUBLED.values() for name in pair}
    assert set(results.rounds["micro"]["the app alone"][0] or ()) > {"us", "cold_4_mib_us"}
    assert set(results.rounds["growth"]["rangeserve, uvicorn"][0] or ()) > {"size 1 MiB"}


def test_the_report_has_a_table_for_each_workload_and_the_targets(out: Path) -> None:
    text = (out / "results.md").read_text(encoding="utf-8")
    for title in ("### Targets", "### W1", "### W2", "### W3", "### Growth", "### In one process"):
        assert title in text
    assert "| W1, of the raw app, uvicorn | at least 0.95 x |" in text
    assert "| W3 on 16, of the floor, Hypercorn | at least 0.9 x |" in text
    assert "| twice as many parts, times as long | at most 2.5 x |" in text
    assert "residency probe" in text.splitlines()[0]
    assert f"Python {platform.python_version()} ({describe_build()});" in text


def test_the_charts_are_svg_in_light_and_dark(out: Path) -> None:
    charts = sorted(path.name for path in out.glob("*.svg"))
    assert charts == [
        f"{name}-{theme}.svg"
        for name in ("fairness", "ranges", "seek", "whole")
        for theme in ("dark", "light")
    ]
    for name in charts:
        text = "".join(ElementTree.parse(out / name).getroot().itertext())
        assert "rangeserve, hypercorn" in text
        assert ("raw app, hypercorn" in text) == ("fairness" not in name)
        # A bound has a fainter bar than a contender.
        faint = (out / name).read_text(encoding="utf-8").count('fill-opacity="0.55"')
        assert faint == sum(text.count(f"{bound}, ") for bound in BOUNDS)


def test_a_report_can_be_rendered_again(out: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--report", str(out / "results.json")]
    subprocess.run([*command, "--out", str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    assert (tmp_path / "results.md").read_text() == (out / "results.md").read_text()


def test_the_documentation_shows_the_run_that_is_kept(tmp_path: Path) -> None:
    results = Results.load(ROOT / "benchmarks" / "results" / "results.json")
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert replace_between(page, render(results)) == page
    write_charts(results, tmp_path)
    for chart in tmp_path.iterdir():
        assert (ROOT / "docs" / "images" / chart.name).read_bytes() == chart.read_bytes()


def test_the_figures_of_the_readme_are_those_of_the_run_that_is_kept() -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Performance")[1]
    figures = re.findall(r"([\d.,]*\d) (?:times|KiB)", section.split("##")[0])
    assert len(figures) >= 4
    results = Results.load(ROOT / "benchmarks" / "results" / "results.json")
    medians = {cell.split(" [")[0].strip() for cell in render(results).split("|")}
    assert set(figures) <= medians


def test_the_documented_commands_can_be_given() -> None:
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    lines = [line.partition("#")[0] for line in page.splitlines()]
    commands = [line.split("benchmarks")[1] for line in lines if "$ python -m bench" in line]
    assert len(commands) >= 3
    for command in commands:
        make_parser().parse_args(command.split())


# The clients


@pytest.fixture(params=["C", "python"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "C" and not (shutil.which("cc") or shutil.which("gcc")):
        pytest.skip("no C compiler is installed")
    client._command.cache_clear()
    monkeypatch.setenv("BENCHMARKS_CLIENT", request.param)
    yield request.param
    client._command.cache_clear()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    files = tmp_path_factory.mktemp("served")
    (files / "file").write_bytes(bytes(1000 * KIB))
    server = start("uvicorn", "bare:ranged", files, tmp_path_factory.mktemp("scratch"))
    yield server
    server.stop()
    assert server.process.poll() is not None


def test_a_client_counts_what_came(kind: str, server: Server, tmp_path: Path) -> None:
    assert client.compiled(tmp_path) == (kind == "C")
    seen = client.run(tmp_path, port=server.port, path="/files/file", requests=3, connections=2)
    assert (seen.requests, seen.bytes) == (3, 3000 * KIB)
    assert 0 < seen.p50 <= seen.p99 <= seen.max <= seen.seconds


def test_a_client_asks_for_ranges(kind: str, server: Server, tmp_path: Path) -> None:
    where = {"port": server.port, "path": "/files/file", "status": 206, "requests": 5}
    assert client.run(tmp_path, first=10, last=19, **where).bytes == 50
    assert client.run(tmp_path, random=KIB, size=1000 * KIB, **where).bytes == 5 * KIB


def test_a_slow_client_takes_what_it_may(kind: str, server: Server, tmp_path: Path) -> None:
    seen = client.run(
        tmp_path, port=server.port, path="/files/file", connections=3, rate=64 * KIB, seconds=0.5
    )
    assert 0 < seen.bytes <= 3 * 64 * KIB * seen.seconds + 3 * 16 * KIB


def test_a_client_refuses_another_status(kind: str, server: Server, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="200 and not 206"):
        client.run(tmp_path, port=server.port, path="/files/file", status=206, requests=1)


def test_a_server_tells_its_cpu_time_and_memory(server: Server) -> None:
    assert 0 < server.cpu() < 100
    assert 5_000_000 < server.memory() < 500_000_000


# The servers


@pytest.mark.parametrize(
    ("servers", "loops", "expected"),
    [
        pytest.param(["hypercorn", "uvicorn"], ["uvloop"], ["uvicorn", "hypercorn"], id="uvloop"),
        pytest.param(["uvicorn"], ["asyncio"], ["uvicorn-asyncio"], id="asyncio"),
        pytest.param(
            ["uvicorn", "nginx"],
            ["uvloop", "asyncio"],
            ["uvicorn", "uvicorn-asyncio", "nginx"],
            id="both",
        ),
        pytest.param(["hypercorn"], ["asyncio"], ["hypercorn"], id="no uvicorn"),
    ],
)
def test_uvicorn_runs_on_the_loops_asked_for(
    servers: list[str], loops: list[str], expected: list[str]
) -> None:
    assert on_loops(servers, loops) == expected


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--servers", "apache"], id="server"),
        pytest.param(["--loops", "trio"], id="loop"),
        pytest.param(["slow"], id="workload"),
    ],
)
def test_an_unknown_name_is_refused(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 1
    assert arguments[-1] in ran.stderr
    assert "Traceback" not in ran.stderr


# The arithmetic


def test_what_is_measured_stands_against_the_bounds_of_its_server() -> None:
    machine = {**describe_machine(), "rounds": 1, "client": "C", "residency": True}
    results = Results(machine)
    rates = {"in-memory limit": 8.0, "hand-written floor": 4.0, "rangeserve": 3.0}
    for server, factor in (("uvicorn", 2.0), ("uvicorn-asyncio", 1.0), ("hypercorn", 0.5)):
        for name, rate in rates.items():
            results.add("ranges16", f"{name}, {server}", {"rps": rate * factor})
    text = render(results)
    assert "|  | requests/s | x limit | x floor |" in text
    assert "| rangeserve, uvicorn | 6 | 0.38 | 0.75 |" in text
    assert "| rangeserve, uvicorn-asyncio | 3 | 0.38 | 0.75 |" in text
    assert "| W3 on 16, of the floor, uvicorn | at least 0.75 x | 0.75 | hit |" in text
    assert "| W3 on 16, of the floor, Hypercorn | at least 0.9 x | 0.75 | **miss** |" in text


def test_a_bound_that_was_not_measured_has_no_column() -> None:
    results = Results({**describe_machine(), "rounds": 1, "client": "C", "residency": True})
    results.add("whole", "in-memory limit, uvicorn", {"mib_s": 1.0})
    assert "|  | MiB/s | x limit |\n" in render(results)


def test_ratios_are_paired_round_by_round() -> None:
    results = Results(describe_machine())
    for one, other in ((10.0, 5.0), (30.0, 10.0), (None, 1.0), (4.0, 4.0)):
        results.add("whole", "one", None if one is None else {"mib_s": one})
        results.add("whole", "other", {"mib_s": other})
    assert results.ratio("whole", "one", "other", "mib_s") == Spread(2.0, 1.0, 3.0, 3)
    assert results.spread("whole", "one", "mib_s") == Spread(10.0, 4.0, 30.0, 3)
    assert results.spread("whole", "nobody", "mib_s") is None


@pytest.mark.parametrize(
    ("at_least", "value", "hit"),
    [
        pytest.param(True, 2.0, True, id="at least, met exactly"),
        pytest.param(True, 1.9, False, id="at least, missed"),
        pytest.param(False, 2.0, True, id="at most, met exactly"),
        pytest.param(False, 2.1, False, id="at most, missed"),
    ],
)
def test_a_target_is_hit_or_missed(at_least: bool, value: float, hit: bool) -> None:
    target = Target("t", lambda _: Spread(value, 0, 9, 5), 2, at_least)
    assert verdict(target, Results({})) == (Spread(value, 0, 9, 5), hit)


def test_what_was_not_measured_is_not_reported(tmp_path: Path) -> None:
    machine = {**describe_machine(), "rounds": 1, "client": "C", "residency": True}
    results = Results(json.loads(json.dumps(machine)))
    assert all(verdict(target, results) == (None, None) for target in TARGETS)
    assert "###" not in render(results)
    write_charts(results, tmp_path)
    assert not list(tmp_path.iterdir())


def test_whole_files_for_clients_that_accept_gzip() -> None:
    command = [sys.executable, "-m", "benchmarks.accepts_gzip", "--rounds", "1", "--size", "2"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    lines = re.findall(r"^(\w+) +(\w+) +accepting gzip +\d+ MiB/s", ran.stdout, re.MULTILINE)
    assert len(lines) == 6
