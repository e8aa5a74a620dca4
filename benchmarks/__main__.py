"""`python -m benchmarks`: measure, and write tables, JSON and charts."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from . import client
from .charts import write_charts
from .contenders import QUICK
from .files import GIB, MIB, make_files, probes_residency
from .report import render, replace_between
from .results import Results, describe_machine
from .run import run_micro, run_workloads
from .servers import SERVERS, on_loops
from .workloads import WORKLOADS, Bench

_ALL_SERVERS = ",".join(on_loops(SERVERS, ("uvloop",)))
_QUICK_SERVERS = "uvicorn,hypercorn"


def make_parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = ", ".join(workload.name for workload in WORKLOADS)
    parser.add_argument("workloads", nargs="*", help=f"some of: {names}, micro; all if none")
    parser.add_argument(
        "--quick", action="store_true", help="small files, one round, few contenders"
    )
    parser.add_argument("--rounds", type=int, help="5, or 1 with --quick")
    parser.add_argument("--servers", help=f"{_ALL_SERVERS}; with --quick {_QUICK_SERVERS}")
    parser.add_argument(
        "--loops",
        default="uvloop",
        help="the event loops of uvicorn: uvloop (if not given), asyncio, or both with a comma",
    )
    parser.add_argument(
        "--folder", type=Path, help="where the files are made and kept (2 GiB; a temporary folder)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("benchmarks-out"), help="where the results are written"
    )
    parser.add_argument("--report", type=Path, help="only render this JSON file again")
    parser.add_argument("--into", type=Path, help="put tables and charts into this page instead")
    return parser


def main() -> None:
    """Parse the command line, measure, and write the results."""
    given = make_parser().parse_args()
    unknown = set(given.workloads) - {workload.name for workload in WORKLOADS} - {"micro"}
    if unknown:
        raise SystemExit(f"no such workload: {', '.join(sorted(unknown))}")
    default = _QUICK_SERVERS if given.quick else _ALL_SERVERS
    try:
        given.servers = on_loops((given.servers or default).split(","), given.loops.split(","))
    except ValueError as error:
        raise SystemExit(str(error)) from None
    if given.report:
        results = Results.load(given.report)
    else:
        results = _measure(given)
        results.save(given.out / "results.json")
    text = render(results)
    if given.into:
        page = replace_between(given.into.read_text(encoding="utf-8"), text)
        given.into.write_text(page, encoding="utf-8")
        write_charts(results, given.into.parent / "images")
    else:
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / "results.md").write_text(text, encoding="utf-8")
        write_charts(results, given.out)
    print(text)


def _measure(given: argparse.Namespace) -> Results:
    rounds = given.rounds or (1 if given.quick else 5)
    folder = given.folder or Path(tempfile.gettempdir(), "rangeserve-benchmarks")
    whole, seek, largest = (64 * MIB, 256 * MIB, GIB) if given.quick else (GIB, 2 * GIB, 64 * GIB)
    sizes = tuple(size for size in (MIB, 64 * MIB, GIB, 8 * GIB, 64 * GIB) if size <= largest)
    files = make_files(folder, whole, seek, sizes)
    with tempfile.TemporaryDirectory() as scratch:
        results = Results(
            describe_machine(
                rounds=rounds,
                quick=given.quick,
                whole=whole,
                seek=seek,
                client="C" if client.compiled(Path(scratch)) else "Python",
                residency=probes_residency(files.whole),
            )
        )
        chosen = [each for each in WORKLOADS if not given.workloads or each.name in given.workloads]
        bench = Bench(files, Path(scratch), 0.25 if given.quick else 1.0)
        if not given.workloads or "micro" in given.workloads:
            run_micro(results, rounds, folder)
        run_workloads(
            chosen,
            bench,
            results,
            rounds=rounds,
            servers=frozenset(given.servers),
            labels=QUICK if given.quick else None,
            save=lambda: results.save(given.out / "results.json"),
        )
    results.machine["load_after"] = round(os.getloadavg()[0], 2)
    return results


if __name__ == "__main__":
    main()
