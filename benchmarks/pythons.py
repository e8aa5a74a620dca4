"""`python -m benchmarks.pythons 3.11 3.12 3.13`: the same on several Pythons, as one table.

Each Python gets a virtual environment of its own, made with uv, or with venv and pip where there
is no uv. They take turns, A B C, A B C: the cases in one process, and random 64 KiB ranges on
uvicorn with uvloop and with asyncio, and on Hypercorn. It takes half a minute for each Python and
round.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from .results import Results, Spread
from .servers import ROOT

__all__ = ["commands", "table"]

_PYTHONS = ("3.11", "3.12", "3.13")
_PACKAGES = ("httptools", "hypercorn", "uvicorn", "uvloop")
_SECONDS = 600
_RUN = (
    *("-m", "benchmarks", "--quick", "--rounds", "1", "micro", "ranges16"),
    *("--servers", "uvicorn,hypercorn", "--loops", "uvloop,asyncio"),
)
# workload -> metric -> what follows the name of a contender or case in the table
_ROWS = {
    "micro": {"us": ", us", "cold_4_mib_us": ", us, cold (4 MiB)"},
    "ranges16": {"cpu_us": ", CPU us a range"},
}


def commands(python: str, folder: Path, uv: str | None) -> list[list[str]]:
    """The commands that make an environment for `python`, a version, in `folder`.

    `uv` is the path of uv; with `None` the standard library's venv is used, and pip.
    """
    needed = ["-e", str(ROOT), *_PACKAGES]
    inside = str(folder / "bin" / "python")
    if uv is not None:
        return [
            [uv, "venv", "-q", "-p", python, str(folder)],
            [uv, "pip", "install", "-q", "-p", inside, *needed],
        ]
    return [
        [f"python{python}", "-m", "venv", str(folder)],
        [inside, "-m", "pip", "install", "-q", *needed],
    ]


def table(measured: Mapping[str, Results]) -> str:
    """The medians of what was measured on each Python, and how often it takes the first's time."""
    names = list(measured)
    heads = [names[0], *(head for name in names[1:] for head in (name, f"x {names[0]}"))]
    lines = [
        *(
            f"Python {name} is {each.machine['python']}: {each.machine['build']}."
            for name, each in measured.items()
        ),
        "",
        f"|  | {' | '.join(heads)} |",
        "| --- |" + " ---: |" * len(heads),
    ]
    for workload, metrics in _ROWS.items():
        rows = dict.fromkeys(
            row for each in measured.values() for row in each.rounds.get(workload, ())
        )
        for row in rows:
            for metric, what in metrics.items():
                spreads = [each.spread(workload, row, metric) for each in measured.values()]
                if any(spreads):
                    lines.append(f"| {row}{what} | {' | '.join(_cells(spreads))} |")
    return "\n".join(lines)


def _cells(spreads: Sequence[Spread | None]) -> list[str]:
    first, *others = spreads
    cells = [_cell(first)]
    for other in others:
        ratio = f"{other.median / first.median:.2f}" if first and other else "-"
        cells += [_cell(other), ratio]
    return cells


def _cell(spread: Spread | None) -> str:
    if spread is None:
        return "-"
    form = "{:.2f}" if spread.median < 10 else "{:.0f}"
    median, low, high = (form.format(x) for x in (spread.median, spread.low, spread.high))
    return median if spread.count == 1 else f"{median} [{low}..{high}]"


def _measure(pythons: Sequence[str], rounds: int, folder: Path) -> dict[str, Results]:
    for python in pythons:
        for command in commands(python, folder / python, shutil.which("uv")):
            _run(command)
    measured: dict[str, Results] = {}
    for number in range(rounds):
        for python in pythons:
            print(f"round {number + 1}, Python {python}", file=sys.stderr, flush=True)
            out = folder / f"{python}-{number}"
            inside = str(folder / python / "bin" / "python")
            _run([inside, *_RUN, "--folder", str(folder / "files"), "--out", str(out)])
            results = Results.load(out / "results.json")
            if python in measured:
                measured[python].extend(results)
            else:
                measured[python] = results
    return measured


def _run(command: Sequence[str]) -> None:
    """Run a command; `SystemExit` with what it said if it cannot be run, or fails."""
    try:
        subprocess.run(
            command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=_SECONDS
        )
    except FileNotFoundError:
        raise SystemExit(f"{command[0]} is not installed") from None
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"{' '.join(command)} failed:\n{error.stderr}") from None


def main() -> None:
    """Parse the command line, measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pythons", description=__doc__)
    parser.add_argument("pythons", nargs="*", help=f"versions; {' '.join(_PYTHONS)} if none")
    parser.add_argument("--rounds", type=int, default=3, help="3 if not given")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured = _measure(given.pythons or _PYTHONS, given.rounds, Path(folder))
    print(table(measured))
    for python, each in measured.items():
        for name, why in each.failures.items():
            print(f"Python {python}: {name} failed: {why.splitlines()[-1]}")


if __name__ == "__main__":
    main()
