"""The README's table is what `python -m benchmarks.compare` prints."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin") is None
    or not Path("/proc").is_dir(),
    reason="nginx is not installed, or this is not Linux",
)

ROOT = Path(__file__).parents[2]
NUMBER = re.compile(r"\d[\d,]*\d{3}")


def table(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| ")]


def numbers(line: str) -> list[int]:
    return [int(number.replace(",", "")) for number in NUMBER.findall(line)]


def test_the_table_of_the_readme_is_what_is_measured() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.compare"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=100,
    )
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = table(readme.partition("printed by: python -m benchmarks.compare -->")[2])
    measured = table(done.stdout)
    assert len(measured) == 8  # with the heading and the rule
    for was, now in zip(shown, measured, strict=False):
        assert NUMBER.sub("N", was) == NUMBER.sub("N", now)
        for before, after in zip(numbers(was), numbers(now), strict=True):
            # A module that is imported late is read, too, and an app may stop a chunk later.
            assert before - 1000 <= after <= before + 400_000, now
