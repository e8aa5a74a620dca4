"""A folder to serve."""

from __future__ import annotations

from pathlib import Path

import pytest

from .targets import BODY

__all__ = ["root"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Files of several kinds, folders, a hidden file and a link."""
    root = tmp_path / "root"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "site").mkdir()
    (root / "a.txt").write_bytes(b"alpha\n")
    (root / "empty.txt").write_bytes(b"")
    (root / "film.mp4").write_bytes(BODY)
    (root / "sub" / "b.bin").write_bytes(BODY)
    (root / "sub" / "deep" / "song.mp3").write_bytes(BODY)
    (root / "site" / "index.html").write_bytes(b"<h1>home</h1>")
    (root / ".secret").write_bytes(b"hidden")
    (root / "link").symlink_to("sub/b.bin")
    return root
