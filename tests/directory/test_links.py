"""Where links lead, before the device there is asked: nothing is asked of it in these tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rangeserve.directory import links

FAR = 4094


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which `far` is on another device."""
    root = Path(os.path.realpath(tmp_path))
    for folder in ("far/deep", "near/deep"):
        (root / folder).mkdir(parents=True)
    for name, target in {
        "absolute": str(root / "far" / "film"),
        "relative": "far/deep/../film",
        "folder": "far",
        "chain": "relative",
        "near/up": "../far/film",
        "round": "far/../near",
        "here": "near/deep",
        "broken": "near/nothing/film",
        "loop": "loop",
    }.items():
        (root / name).symlink_to(target)
    far = str(root / "far")
    monkeypatch.setattr(links, "mounted_at", lambda path: FAR if path == far else None)
    return root


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("absolute", id="absolute"),
        pytest.param("relative", id="relative"),
        pytest.param("folder/film", id="on the way"),
        pytest.param("chain", id="from one to the next"),
        pytest.param("here/../up", id="up from where a link leads"),
        pytest.param("near//./up", id="empty names and dots"),
        pytest.param("round", id="there and back, which asks it, too"),
    ],
)
def test_a_link_to_another_device(root: Path, path: str) -> None:
    assert links.mount_behind(f"{root}/{path}", None) == str(root / "far")
    assert links.mount_behind(f"{root}/{path}", FAR) is None


@pytest.mark.parametrize("path", ["near/deep", "here", "broken", "loop", "loop/film", "nothing"])
def test_a_path_that_stays_here(root: Path, path: str) -> None:
    assert links.mount_behind(f"{root}/{path}", None) is None
