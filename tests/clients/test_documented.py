"""docs/clients.md promises what is tested here, and all of it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "clients.md"


# Its rows are those of the check's table of clients, in docs/check.md.
ELSEWHERE = {Path(__file__).name, "test_verdicts.py"}


def written() -> set[str]:
    return {
        f"{path.name}::{node.name}"
        for path in HERE.glob("test_*.py")
        if path.name not in ELSEWHERE
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def rows() -> list[list[str]]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [re.split(r"\s*\|\s*", line.strip("| ")) for line in lines if line.startswith("| ")]
    return cells[2:]  # below the head


def test_each_row_names_its_test_and_each_test_has_its_row() -> None:
    assert len(rows()) > 25
    assert all(len(row) == 5 for row in rows())
    named = [row[-1].strip("`") for row in rows()]
    assert len(named) == len(set(named))
    assert set(named) == written()
