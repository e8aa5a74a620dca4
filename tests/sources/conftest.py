"""A file to read from."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.files import DATA


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that holds `DATA`."""
    path = tmp_path / "film"
    path.write_bytes(DATA)
    return path
