"""docs/wsgi.md is run, and what it makes serves ranges; the figures are those of `index.py`."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from index import main
from support.pages import blocks
from support.wsgi import ask

PAGE = Path(__file__).parents[2] / "docs" / "wsgi.md"
VIDEO = bytes(place % 251 for place in range(100_000))
FOUND = blocks(PAGE.read_text(encoding="utf-8"))


def test_its_blocks_serve_ranges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "video.mp4").write_bytes(VIDEO)
    monkeypatch.chdir(tmp_path)
    module = ModuleType("page_of_wsgi")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    module.__file__ = str(tmp_path / "page.py")
    run = [block for block in FOUND if block.language == "python"]
    assert len(run) == 5
    for block in run[:4]:
        exec(compile(block.code, PAGE.name, "exec", dont_inherit=True), vars(module))
        reply = ask(module.app, headers=[("Range", "bytes=-100")], path="/video.mp4")
        assert (reply.status, reply.body, reply.raised) == (206, VIDEO[-100:], None)
        assert reply["content-range"] == f"bytes 99900-99999/{len(VIDEO)}"
    exec(compile(run[4].code, PAGE.name, "exec", dont_inherit=True), vars(module))
    whole = ask(module.app, path="/album.zip")
    with zipfile.ZipFile(io.BytesIO(whole.body)) as archive:
        assert archive.read("video.mp4") == VIDEO
    reply = ask(module.app, headers=[("Range", "bytes=50000-")], path="/album.zip")
    assert (reply.status, reply.body) == (206, whole.body[50_000:])


def test_its_figures_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """wsgi.md shows what uv was sent."""
    (shown,) = [block.code for block in FOUND if block.language == "text"]
    main()
    assert capsys.readouterr().out == shown
