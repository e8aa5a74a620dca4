"""A file that is large enough for a client to leave in its middle."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.clients import SIZE


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A file of 4 MiB."""
    path = tmp_path / "film"
    path.write_bytes(bytes(SIZE))
    return path
