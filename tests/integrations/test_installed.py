"""Under tox the tests import the wheel that was built, and not the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import rangeserve

pytestmark = pytest.mark.skipif("TOX_ENV_DIR" not in os.environ, reason="this is not tox")

INSTALLED = Path(sysconfig.get_path("purelib"), "rangeserve")


def test_this_process_imports_the_wheel() -> None:
    """Also where it is a worker of pytest-xdist, which begins in the checkout."""
    assert Path(sys.prefix).is_relative_to(os.environ["TOX_ENV_DIR"])
    assert Path(rangeserve.__file__).parent == INSTALLED


def test_a_server_of_the_tests_imports_the_wheel(tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-c", "import rangeserve; print(rangeserve.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=100,
    )
    assert Path(found.stdout.strip()).parent == INSTALLED
