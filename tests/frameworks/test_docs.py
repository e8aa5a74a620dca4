"""The pages under docs/frameworks/ are run, and what they make serves ranges.

README.md, starlette.md, fastapi.md, quart.md, quart-trio.md, django.md, litestar.md,
falcon.md, blacksheep.md, sanic.md, servestatic.md, baize.md, flask.md, asgi.md
"""

from __future__ import annotations

import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support.driver import ask
from support.pages import blocks

FOLDER = Path(__file__).parents[2] / "docs" / "frameworks"
# asgiref never closes what a WSGI app gives it, as that page says.
UNCLOSED = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
PAGES = sorted(page.name for page in FOLDER.glob("*.md") if page.name != "README.md")
VIDEO = bytes(place % 251 for place in range(100_000))


@pytest.fixture
def anyio_backend(page: str) -> str:
    return "trio" if page == "quart-trio.md" else "asyncio"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=UNCLOSED if page == "flask.md" else ()) for page in PAGES],
)
async def test_a_page(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "video.mp4").write_bytes(VIDEO)
    monkeypatch.chdir(tmp_path)
    module = ModuleType(f"page_of_{page.removesuffix('.md').replace('-', '_')}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    module.__file__ = str(tmp_path / "page.py")
    found = blocks((FOLDER / page).read_text(encoding="utf-8"))
    assert found
    for block in found:
        assert block.language == "python"
        if block.mark == "run by: tests/objectstore/test_docs.py":
            continue
        assert not block.mark
        exec(compile(block.code, page, "exec", dont_inherit=True), vars(module))
        await serves_ranges(module.app)
    if page == "fastapi.md":
        await serves_what_is_no_file(module.app)


async def serves_ranges(app: Any) -> None:
    await start(app)
    answer = await ask(app, path="/video.mp4", headers=[("Range", "bytes=-100")])
    assert (answer.status, answer.body) == (206, VIDEO[-100:])
    assert answer["content-range"] == f"bytes 99900-99999/{len(VIDEO)}"


async def serves_what_is_no_file(app: Any) -> None:
    """The BLOBs and the stream of fastapi.md: a part, and the part again by its tag."""
    with closing(sqlite3.connect("blobs.sqlite")) as database:
        database.execute("CREATE TABLE blobs (name, content, version)")
        database.execute("INSERT INTO blobs VALUES ('a', ?, 7)", (VIDEO,))
        database.commit()
    for path in ("/blob/a", "/large/1") if sys.version_info >= (3, 11) else ("/blob/a",):
        whole = await ask(app, path=path)
        assert (whole.status, whole.body, whole["content-type"]) == (200, VIDEO, "video/mp4")
        asked = [("Range", "bytes=-100"), ("If-Range", whole["etag"])]
        part = await ask(app, path=path, headers=asked)
        assert (part.status, part.body) == (206, VIDEO[-100:])
    assert (await ask(app, path="/blob/b")).status == 404
    asked = [("Range", "bytes=800-807"), ("If-Range", '"numbers-1"')]
    part = await ask(app, path="/numbers", headers=asked)
    assert (part.status, part.body) == (206, b"    100\n")


async def start(app: Any) -> None:
    """What some frameworks do before the first request."""
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        assert not message["type"].endswith(".failed"), message

    inner = getattr(app, "app", app)
    if type(inner).__name__ in ("Sanic", "Application"):
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        await app(scope, receive, send)


def test_every_page_is_in_the_index() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\((\w[\w-]*\.md)\)", index)) == set(PAGES)
