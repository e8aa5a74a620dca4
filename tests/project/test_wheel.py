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

BUILD = "import sys; from hatchling import build; print(getattr(build, sys.argv[1])(sys.argv[2]))"
EPOCH = "1767225600"  # the begin of 2026
LEFT_OUT = shutil.ignore_patterns(
    *(".git", ".tox", ".*_cache", ".coverage*", ".venv"),
    *("__pycache__", "artifacts", "build", "dist", "node_modules"),
)


def built(
    folder: Path, kind: str, when: int, epoch: str, into: Path | None = None
) -> tuple[str, str]:
    """The name and the hash of what is built of a copy whose files are all as old as `when`."""
    copy = folder / f"of-{when}-{epoch}-{kind}"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    into = into or copy / "dist"
    for path in copy.rglob("*"):
        os.utime(path, (when, when))
        if path.is_file():
            path.chmod(0o600 if when % 2 else 0o664)
    done = subprocess.run(
        [sys.executable, "-c", BUILD, kind, str(into)],
        cwd=copy,
        env={**os.environ, "SOURCE_DATE_EPOCH": epoch},
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=100,
    )
    name = done.stdout.split()[-1]
    return name, hashlib.sha256((into / name).read_bytes()).hexdigest()


@pytest.mark.parametrize("kind", ["build_wheel", "build_sdist"])
def test_two_builds_are_the_same(kind: str, tmp_path: Path) -> None:
    first = built(tmp_path, kind, 1_700_000_000, EPOCH)
    assert built(tmp_path, kind, 1_750_000_001, EPOCH) == first


def test_with_another_epoch_it_is_another_wheel(tmp_path: Path) -> None:
    """So that the test above compares something."""
    first = built(tmp_path, "build_wheel", 1_700_000_000, EPOCH)
    assert built(tmp_path, "build_wheel", 1_700_000_000, str(int(EPOCH) + 86_400)) != first
