"""What is built is the same, octet by octet, whoever builds it of the same files."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.demo import ROOT

BUILD = "import sys; from flit_core import buildapi; print(getattr(buildapi, sys.argv[1])('.'))"
EPOCH = "1767225600"  # the begin of 2026
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".tox", ".*_cache", ".coverage*", "__pycache__", "node_modules", "artifacts", ".venv"
)


def built(folder: Path, kind: str, when: int, epoch: str | None) -> tuple[str, str]:
    """The name and the hash of what is built of a copy whose files are all as old as `when`."""
    copy = folder / f"of-{when}"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    for path in copy.rglob("*"):
        os.utime(path, (when, when))
        if path.is_file():
            path.chmod(0o600 if when % 2 else 0o664)
    env = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    if epoch is not None:
        env["SOURCE_DATE_EPOCH"] = epoch
    done = subprocess.run(
        [sys.executable, "-c", BUILD, kind],
        cwd=copy,
        env=env,
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=100,
    )
    name = done.stdout.split()[-1]
    return name, hashlib.sha256((copy / name).read_bytes()).hexdigest()


@pytest.mark.parametrize("kind", ["build_wheel", "build_sdist"])
def test_two_builds_are_the_same(kind: str, tmp_path: Path) -> None:
    first = built(tmp_path, kind, 1_700_000_000, EPOCH)
    assert built(tmp_path, kind, 1_750_000_001, EPOCH) == first


def test_without_source_date_epoch_the_age_of_the_files_shows(tmp_path: Path) -> None:
    """So that the test above compares something."""
    first = built(tmp_path, "build_wheel", 1_700_000_000, None)
    assert built(tmp_path, "build_wheel", 1_750_000_001, None) != first
