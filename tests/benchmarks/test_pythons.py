"""The table of several Pythons, and how their environments are made."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.pythons import commands, table  # noqa: E402
from benchmarks.results import Results  # noqa: E402


@pytest.mark.parametrize("uv", [None, "/opt/uv"])
def test_an_environment_is_made_with_uv_or_without(uv: str | None) -> None:
    make, install = commands("3.13", Path("/env"), uv)
    assert make[0] == (uv or "python3.13")
    assert make[-1] == "/env"
    assert install[0] == (uv or "/env/bin/python")
    assert {"/env/bin/python", str(ROOT), "uvicorn", "uvloop", "hypercorn"} <= set(install)


def test_the_table_has_the_medians_and_their_ratios() -> None:
    runs = {}
    for python, times in (("3.11", (80.0, 100.0, 90.0)), ("3.13", (45.0, 45.0, 40.0))):
        for time in times:
            run = Results({"python": f"{python}.1", "build": "PGO, gcc 12"})
            run.add("micro", "the app alone", {"us": time / 100, "cold_4_mib_us": time})
            run.add("ranges16", "rangeserve, uvicorn", {"cpu_us": time, "rps": 1.0})
            if python == "3.13":
                run.add("micro", "only there", {"us": time})
            if python in runs:
                runs[python].extend(run)
            else:
                runs[python] = run
    assert table(runs).splitlines() == [
        "Python 3.11 is 3.11.1: PGO, gcc 12.",
        "Python 3.13 is 3.13.1: PGO, gcc 12.",
        "",
        "|  | 3.11 | 3.13 | x 3.11 |",
        "| --- | ---: | ---: | ---: |",
        "| the app alone, us | 0.90 [0.80..1.00] | 0.45 [0.40..0.45] | 0.50 |",
        "| the app alone, us, cold (4 MiB) | 90 [80..100] | 45 [40..45] | 0.50 |",
        "| only there, us | - | 45 [40..45] | - |",
        "| rangeserve, uvicorn, CPU us a range | 90 [80..100] | 45 [40..45] | 0.50 |",
    ]


def test_failures_of_a_run_are_kept_with_its_rounds() -> None:
    first, second = Results({}), Results({}, {"micro": {"one": [None]}}, {"one": "it waited"})
    first.add("micro", "one", {"us": 1.0})
    first.extend(second)
    assert first.rounds == {"micro": {"one": [{"us": 1.0}, None]}}
    assert first.failures == {"one": "it waited"}
