"""`demo_app.py`: how it starts, and which video it plays.

The video named in the environment, of which docs/tutorial.md speaks, is among it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
from support.demo import (
    CLIP,
    HYPERCORN,
    QUART,
    QUART_BY_VARIABLE,
    UVICORN,
    VARIABLE,
    command,
    demo,
)
from support.servers import free_port
from support.wire import fetch


class TestStarting:
    @pytest.mark.parametrize(
        ("parts", "env"),
        [
            pytest.param(HYPERCORN, {}, id="hypercorn"),
            pytest.param(QUART, {}, id="quart --app"),
            pytest.param(QUART_BY_VARIABLE, {"QUART_APP": "demo_app:app"}, id="QUART_APP"),
            pytest.param(UVICORN, {}, id="uvicorn"),
        ],
    )
    def test_it_starts_and_serves(
        self, folder: Path, parts: tuple[str, ...], env: dict[str, str]
    ) -> None:
        with demo(folder, parts, env) as server:
            page = fetch(server.port, "/")
            assert page.status == 200
            assert b"<video" in page.body
            answer = fetch(server.port, "/video.mp4", [("Range", "bytes=0-1")])
            assert (answer.status, answer.body) == (206, CLIP.read_bytes()[:2])
            assert "Traceback" not in server.log

    @pytest.mark.parametrize(
        ("parts", "named", "why"),
        [
            pytest.param(HYPERCORN, "none.mp4", "no such file or directory", id="missing"),
            pytest.param(
                (*HYPERCORN, "-w", "0"), "none.mp4", "no such file or directory", id="missing, -w 0"
            ),
            pytest.param(QUART, "none.mp4", "no such file or directory", id="missing, quart"),
            pytest.param(HYPERCORN, ".", "it is a folder", id="a folder"),
            pytest.param(HYPERCORN, "fifo", "it is not a regular file", id="a FIFO"),
            pytest.param(HYPERCORN, "empty.mp4", "it is empty", id="empty"),
            pytest.param(UVICORN, "none.mp4", "no such file or directory", id="missing, uvicorn"),
            pytest.param(
                QUART, "app.py", "its name is that of a file of type text/x-python", id="no video"
            ),
        ],
    )
    def test_a_video_that_cannot_be_played_is_one_sentence(
        self, folder: Path, parts: tuple[str, ...], named: str, why: str
    ) -> None:
        if not (folder / "fifo").exists():
            os.mkfifo(folder / "fifo")
            (folder / "empty.mp4").touch()
            (folder / "app.py").write_text("pass", encoding="utf-8")
        run = subprocess.run(
            command([part.format(port=free_port()) for part in parts]),
            cwd=folder,
            env={**os.environ, VARIABLE: named, "PYTHONPATH": ""},
            capture_output=True,
            encoding="utf-8",
            timeout=100,
        )
        path = (folder / named).absolute()
        assert (run.stdout + run.stderr).strip() == (
            f"There is no video to play: {path}: {why}. "
            f"Set {VARIABLE} to a video file, or unset it."
        )
        # Hypercorn's own process forgets how its worker has ended, unless it is the worker.
        if parts != HYPERCORN or "-w" in parts:
            assert run.returncode == 1

    @pytest.mark.parametrize(
        ("named", "own", "expected"),
        [
            pytest.param(None, False, "static/clip.mp4", id="the shipped clip"),
            pytest.param(None, True, "video.mp4", id="a video.mp4 beside the module"),
            pytest.param("other.webm", True, "other.webm", id="the one that is named"),
            pytest.param("", True, "video.mp4", id="an empty name is none"),
        ],
    )
    def test_which_video(
        self, module: ModuleType, tmp_path: Path, named: str | None, own: bool, expected: str
    ) -> None:
        (tmp_path / "static").mkdir()
        for name in ["static/clip.mp4", "other.webm", *(["video.mp4"] if own else [])]:
            (tmp_path / name).write_bytes(b"x")
        environ = {} if named is None else {VARIABLE: named and str(tmp_path / named)}
        assert module.choose_video(environ, tmp_path) == tmp_path / expected

    def test_a_video_that_may_not_be_read(self, module: ModuleType, tmp_path: Path) -> None:
        secret = tmp_path / "secret.mp4"
        secret.write_bytes(b"x")
        secret.chmod(0)
        with nobody(), pytest.raises(SystemExit, match="permission denied"):
            module.choose_video({VARIABLE: str(secret)}, tmp_path)


@contextmanager
def nobody() -> Iterator[None]:
    """Root may read everything: be somebody else for a while."""
    is_root = os.geteuid() == 0
    if is_root:
        os.setreuid(65534, -1)
    try:
        yield
    finally:
        if is_root:
            os.setreuid(0, -1)
