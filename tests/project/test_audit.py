"""`.ci/audit.py` fails for an advisory, and says so aloud if it could ask nobody."""

from __future__ import annotations

import json
import runpy
from typing import Any

import pytest
from support.demo import ROOT

AUDIT = runpy.run_path(str(ROOT / ".ci" / "audit.py"))
ADVISORY = {"id": "CVE-1", "fix_versions": ["2.1", "3.0"], "aliases": [], "description": ""}
OUR_OWN = {"name": "rangeserve", "skip_reason": "not found"}


def sound(name: str) -> dict[str, Any]:
    return {"name": name, "version": "1.0", "vulns": []}


def skipped(name: str) -> dict[str, Any]:
    return {"name": name, "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("told", "failed", "lines"),
    [
        pytest.param(
            [sound("a"), OUR_OWN], False, ["1 projects, no advisory is known"], id="sound"
        ),
        pytest.param(
            [sound("a"), {**sound("b"), "vulns": [ADVISORY]}],
            True,
            ["b 1.0: CVE-1, fixed in 2.1, 3.0", "2 projects, advisories are known"],
            id="an advisory",
        ),
        pytest.param(
            [{**sound("b"), "vulns": [{**ADVISORY, "fix_versions": []}]}, skipped("c")],
            True,
            [
                "b 1.0: CVE-1, fixed in no version",
                "NOT AUDITED, the data could not be had: c",
                "1 projects, advisories are known",
            ],
            id="an advisory that nothing fixes, and one that is not known",
        ),
        pytest.param(
            [skipped("a"), sound("b")],
            False,
            [
                "NOT AUDITED, the data could not be had: a",
                "1 projects, no advisory is known",
            ],
            id="some are not known",
        ),
        pytest.param(
            [skipped("a"), skipped("b"), OUR_OWN],
            False,
            ["NOTHING WAS AUDITED, the data could not be had for any project"],
            id="none is known",
        ),
    ],
)
def test_what_pip_audit_tells(told: Any, failed: bool, lines: list[str]) -> None:
    output = json.dumps({"dependencies": told, "fixes": []})
    assert AUDIT["verdict"](output, "") == (failed, lines)


@pytest.mark.parametrize(
    ("output", "error", "why"),
    [
        pytest.param("", "Traceback:\n  a\nOSError: no route\n", "OSError: no route",
                     id="no network"),
        pytest.param("{", "", "nothing was written", id="cut off"),
        pytest.param("[]", "", "nothing was written", id="another format"),
    ],
)  # fmt: skip
def test_when_pip_audit_fails(output: str, error: str, why: str) -> None:
    line = f"NOTHING WAS AUDITED, the data could not be had: {why}"
    assert AUDIT["verdict"](output, error) == (False, [line])


def test_the_floors_are_those_of_the_project() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    floors = AUDIT["floors_in"](text)
    assert {"werkzeug==3.1.6", "h2==4.4.1", "h11==0.16", "hypercorn==0.18"} <= set(floors)
    assert len({pin.partition("==")[0] for pin in floors}) == len(floors)
