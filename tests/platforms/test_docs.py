"""The pages that need more than the quick tests have are run: platforms.md and etags.md."""

from __future__ import annotations

import asyncio
import base64
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from platforms.events import event
from support.driver import ask
from support.pages import blocks

pytestmark = pytest.mark.anyio

DOCS = Path(__file__).parents[2] / "docs"
FILM = bytes(place % 251 for place in range(5_000_000))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the Python of a page, and gives the names that it defines."""
    (tmp_path / "film.mp4").write_bytes(FILM)
    monkeypatch.chdir(tmp_path)

    def of(page: str) -> dict[str, Any]:
        module = ModuleType(f"page_{page}")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        module.__file__ = str(tmp_path / "page.py")
        found = blocks((DOCS / f"{page}.md").read_text(encoding="utf-8"))
        assert {(block.language, block.mark) for block in found} == {("python", "")}
        for block in found:
            exec(compile(block.code, page, "exec", dont_inherit=True), vars(module))
        return vars(module)

    return of


@pytest.fixture
def loop() -> Iterator[None]:
    """Mangum takes the event loop of its thread, and would leave one that it makes."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.mark.usefixtures("loop")
def test_a_film_on_lambda(run: Any) -> None:
    handler = run("platforms")["handler"]
    answer = handler(event("/film.mp4", {"range": "bytes=0-"}), None)
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (206, True)
    assert answer["headers"]["content-range"] == "bytes 0-4499999/5000000"
    assert base64.b64decode(answer["body"]) == FILM[:4_500_000]
    whole = handler(event("/film.mp4"), None)
    assert (whole["statusCode"], whole["isBase64Encoded"]) == (501, False)
    assert whole["body"].startswith("The whole has 5000000 bytes")


async def test_the_whole_is_elsewhere(run: Any) -> None:
    answer = await ask(run("platforms")["redirecting"], path="/film.mp4")
    assert (answer.status, answer["location"]) == (307, "https://films.example/film.mp4")


async def test_a_body_in_one_piece_has_a_tag(run: Any) -> None:
    app = run("etags")["app"]
    tag = (await ask(app, path="/report.csv"))["etag"]
    asked = [("Range", "bytes=0-3"), ("If-Range", tag)]
    answer = await ask(app, path="/report.csv", headers=asked)
    assert (answer.status, answer.body) == (206, b"0,0\n")


async def test_the_hook_gives_a_stream_its_tag(run: Any) -> None:
    app = run("etags")["streamed_app"]
    asked = [("Range", "bytes=9-17"), ("If-Range", '"7"')]
    answer = await ask(app, path="/export.csv", headers=asked)
    assert (answer.status, answer.body, answer["etag"]) == (206, b"       1\n", '"7"')
