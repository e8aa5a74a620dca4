"""README.md's first command, as a newcomer types it: a fresh copy, an empty environment.

docs/tutorial.md installs in the same way.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import venv
from pathlib import Path

import pytest
from support.demo import CLIP, ROOT
from support.servers import free_port, running
from support.wire import fetch

LEFT_OUT = shutil.ignore_patterns(
    ".git", ".tox", ".*_cache", "__pycache__", "node_modules", "artifacts", ".venv", "video.mp4"
)


def demo_command() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^\$ (python -m pip install .* && hypercorn .*)$", text, re.MULTILINE)
    return command


@pytest.mark.timeout(1800)
def test_the_command_that_runs_the_demo(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(ROOT, clone, ignore=LEFT_OUT)
    venv.create(tmp_path / "venv", with_pip=True)
    port = free_port()
    env = {
        "PATH": f"{tmp_path / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(tmp_path / "venv"),
        "PYTHONPATH": "",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    install, _, serve = demo_command().partition(" && ")
    assert f"$ {install}\n" in (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    done = subprocess.run(
        ["bash", "-c", install],
        cwd=clone,
        env={**os.environ, **env},
        capture_output=True,
        encoding="utf-8",
        timeout=1500,
    )
    if "No matching distribution" in done.stderr or "NewConnectionError" in done.stderr:
        pytest.skip(f"there is no package index: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    command = ["bash", "-c", f"exec {serve} -b 127.0.0.1:{port}"]
    with running(command, cwd=clone, env=env, port=port) as server:
        page = fetch(server.port, "/")
        assert (page.status, b"<video" in page.body) == (200, True)
        answer = fetch(server.port, "/video.mp4", [("Range", "bytes=-10")])
        # The film ends as the clip does, but for a frame of sound that the clip has too many.
        assert (answer.status, answer.body) == (206, CLIP.read_bytes()[-10:])
