"""`docs/rfc9110.md`: every test and every kind of vector that it names is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from resources import VECTORS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "rfc9110.md").read_text(encoding="utf-8")
FOLDERS = ("core", "asgi", "middleware")
NAMED = sorted(set(re.findall(r"`(test_\w+\.py::[^`|]+)`", PAGE)))
CLAUSES = (
    "5.3", "5.6.1", "5.6.7", "8.6", "8.8.2.1", "8.8.2.2", "8.8.3", "8.8.3.2", "13.1.1", "13.1.2",
    "13.1.3", "13.1.4", "13.1.5", "13.2.1", "13.2.2", "14.1", "14.1.1", "14.1.2", "14.2", "14.3",
    "14.4", "14.6", "15.3.7", "15.3.7.1", "15.3.7.2", "15.3.7.3", "15.4.5", "15.5.13", "15.5.17",
    "17.15", "RFC 9530",
)  # fmt: skip


@pytest.fixture(scope="module")
def collected() -> set[str]:
    """The ids of the tests in the files that are named, without their folders."""
    names = sorted({name.partition("::")[0] for name in NAMED})
    paths = [path for folder in FOLDERS for path in (ROOT / "tests" / folder).glob("test_*.py")]
    files = [str(path) for path in paths if path.name in names]
    assert sorted(Path(file).name for file in files) == names
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *files]
    listed = subprocess.run(
        command, cwd=ROOT, capture_output=True, encoding="utf-8", errors="replace", check=True
    )
    return set(map(_short, listed.stdout.splitlines()))


def _short(line: str) -> str:
    """An id without its folder; the row in brackets may hold slashes of its own."""
    test, bracket, row = line.partition("[")
    return test.rpartition("/")[2] + bracket + row


@pytest.mark.parametrize("name", NAMED)
def test_a_test_that_is_named_exists(name: str, collected: set[str]) -> None:
    assert any(each == name or each.startswith(f"{name}[") for each in collected)


def test_every_kind_of_vector_is_named_and_no_other() -> None:
    named = set(re.findall(r"\*vectors: ([\w-]+)\*", PAGE))
    assert named == {case["category"] for case in VECTORS["cases"]}


@pytest.mark.parametrize("clause", CLAUSES)
def test_every_clause_has_a_row_with_a_test(clause: str) -> None:
    rows = re.findall(rf"^\| {re.escape(clause)}[ |].*$", PAGE, re.MULTILINE)
    assert rows
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == 8
        assert "`test_" in cells[3]
        assert all(cells)


def test_the_files_named_exist() -> None:
    for path in re.findall(r"`(tests/[\w/.]+)`", PAGE):
        assert (ROOT / path).exists(), path
