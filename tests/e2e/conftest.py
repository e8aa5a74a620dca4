"""A real Chromium, the demo behind a real Hypercorn, and what its observer saw."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.chromium import chromium
from support.clips import make_clip, missing
from support.demo import CLIP, VARIABLE, copy_demo, demo
from support.servers import HOST, Server
from support.wire import fetch

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium as the system has it, with a profile of its own."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def large_clip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A clip of three minutes and far more than 60 MB."""
    trouble = missing()
    if trouble:
        pytest.skip(trouble)
    path = tmp_path_factory.mktemp("clips") / "large.mp4"
    make_clip(path, large=True)
    assert path.stat().st_size >= 60_000_000
    yield path
    path.unlink()


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    """The demo with its film."""
    with demo(folder) as server:
        yield server


@pytest.fixture
def clip_server(folder: Path) -> Iterator[Server]:
    """The demo with the clip as a file of the user's."""
    with demo(folder, env={VARIABLE: str(CLIP)}) as server:
        yield server


@pytest.fixture
def large_server(folder: Path, large_clip: Path) -> Iterator[Server]:
    with demo(folder, env={VARIABLE: str(large_clip)}) as server:
        yield server


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe-core, which looks for what keeps people from using a page."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("axe")
    install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "axe-core@4"]
    done = subprocess.run(install, cwd=folder, capture_output=True, timeout=100, check=False)
    if done.returncode:
        pytest.skip(f"npm could not install: {done.stderr.decode(errors='replace')[-500:]}")
    return (folder / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def artifacts() -> Path:
    """Where screenshots are kept."""
    path = ROOT / "artifacts"
    path.mkdir(exist_ok=True)
    return path


OpenPage = Callable[..., Any]


@pytest.fixture
def open_page(browser: Any) -> Iterator[OpenPage]:
    """Open the demo; whatever the page complains of, or asks of others, fails the test."""
    complaints: list[str] = []

    @contextmanager
    def opened(server: Server, **context: Any) -> Iterator[Any]:
        made = browser.new_context(**context)
        page = made.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: _heed(message, complaints))
        page.on("request", lambda request: _inside(request.url, server, complaints))
        page.goto(f"{server.url}/")
        page.wait_for_function("document.querySelector('video').readyState >= 2")
        page.wait_for_selector("#live[data-state=on]")
        yield page
        made.close()

    yield opened
    assert complaints == []


def _heed(message: Any, complaints: list[str]) -> None:
    if message.type in ("error", "warning"):
        complaints.append(message.text)


def _inside(url: str, server: Server, complaints: list[str]) -> None:
    if not url.startswith((f"{server.url}/", "data:")):
        complaints.append(f"a request to {url}")


def observed(server: Server) -> list[dict[str, Any]]:
    """What the observer said of each GET so far, once all of them are over.

    A HEAD marks the end of what has been asked.
    """
    fetch(server.port, "/video.mp4", method="HEAD")
    connection = http.client.HTTPConnection(HOST, server.port, timeout=20)
    connection.request("GET", "/events?after=the-beginning")
    stream = connection.getresponse()
    kind, marked = "", False
    running: set[int] = set()
    finished: list[dict[str, Any]] = []
    try:
        while not marked or running:
            name, _, value = stream.readline().decode().strip().partition(": ")
            if name == "event":
                kind = value
            elif name == "data" and kind in ("started", "finished"):
                event = json.loads(value)
                if event["method"] == "HEAD":
                    marked = True
                elif kind == "started":
                    running.add(event["number"])
                else:
                    running.remove(event["number"])
                    finished.append(event)
    finally:
        stream.close()
        connection.close()
    return finished
