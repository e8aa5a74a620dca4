"""Our own servers are green: the demo, the command, a folder as an object store, and uvicorn.

Python's `http.server` is not, and nobody is blamed for anything else there.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.demo import HYPERCORN, SOURCES, copy_demo
from support.servers import COMMANDS, running

from rangeserve.check import Fate, Report, check

APPS = """
from importlib.util import find_spec
from pathlib import Path

from rangeserve import serve

file = serve("film.mp4")
if find_spec("obstore") is not None:
    from rangeserve.objectstore import ObjectStoreApp, open_store

    objects = ObjectStoreApp(open_store(Path.cwd().as_uri()))
"""
COMMAND = ("rangeserve", "-p", "{port}")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_demo(tmp_path_factory.mktemp("our-own"))
    shutil.copy2(folder / "static" / "clip.mp4", folder / "film.mp4")
    (folder / "apps.py").write_text(APPS, encoding="utf-8")
    return folder


def reports(command: tuple[str, ...], place: Path, *paths: str) -> Iterator[Report]:
    with running([sys.executable, "-m", *command], cwd=place) as server:
        for path in paths:
            yield check(f"{server.url}{path}", timeout=60)


def of(name: str, app: str) -> tuple[str, ...]:
    return tuple(part.replace("{app}", f"apps:{app}") for part in COMMANDS[name])


@pytest.mark.parametrize(
    ("command", "paths"),
    [
        pytest.param(COMMAND, ["/film.mp4", "/apps.py"], id="command"),
        pytest.param(HYPERCORN, SOURCES, id="demo"),
        pytest.param(of("uvicorn-h11", "file"), ["/"], id="uvicorn, h11"),
        pytest.param(of("uvicorn-httptools", "file"), ["/"], id="uvicorn, httptools"),
        pytest.param(of("hypercorn-trio", "file"), ["/"], id="Hypercorn, trio"),
        pytest.param(of("uvicorn-h11", "objects"), ["/film.mp4"], id="object store"),
    ],
)
def test_our_own_servers_are_green(command: tuple[str, ...], paths: list[str], place: Path) -> None:
    if "apps:objects" in command:
        pytest.importorskip("obstore", reason="obstore is not installed")
    # The demo shows each request, so it keeps what it sends out of caches, on purpose.
    kept_out = command == HYPERCORN
    for report in reports(command, place, *paths):
        failed = {code: report.came(code) for code in report.failed}
        assert (failed.pop("T02", None) is not None) == kept_out
        assert failed == {}
        slow = {each.client.key for each in report.clients if each.fate is Fate.SLOW}
        assert slow == ({"nginx-slice", "cdn"} if kept_out else set())
        assert {each.fate for each in report.clients} <= {Fate.WORKS, Fate.SLOW}


def test_the_server_of_python_breaks_nearly_everybody(place: Path) -> None:
    command = ("http.server", "{port}", "--bind", "127.0.0.1")
    for report in reports(command, place, "/film.mp4"):
        assert report.failed == ("R01",)
        assert report.server == "http.server"
        assert report.cures["R01"].startswith("`python -m rangeserve`")
        fates = {each.client.key: each.fate for each in report.clients}
        assert {fates.pop(key) for key in ("pdfjs", "duckdb")} == {Fate.SLOW}
        assert set(fates.values()) == {Fate.BREAKS}
