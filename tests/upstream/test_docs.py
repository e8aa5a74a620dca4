"""The page proxy.md and a block of archives.md are run, before a real nginx."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from support.driver import ask
from support.pages import blocks
from upstream.conftest import FILM, Nginx

pytestmark = pytest.mark.anyio

PAGE = Path(__file__).parents[2] / "docs" / "proxy.md"
ADDRESS = "http://127.0.0.1:9000"


@pytest.fixture
def names(nginx: Nginx, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    module = ModuleType("page_proxy")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    (block,) = blocks(PAGE.read_text(encoding="utf-8"))
    assert ADDRESS in block.code
    code = block.code.replace(ADDRESS, nginx.server.url)
    exec(compile(code, "proxy.md", "exec", dont_inherit=True), vars(module))
    return vars(module)


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        pytest.param("/films/7", "token-of-anna", 206, id="may see it"),
        pytest.param("/films/7", "token-of-ben", 206, id="may see it, too"),
        pytest.param("/films/8", "token-of-ben", 404, id="may not see it"),
        pytest.param("/films/8", "token-of-anna", 404, id="may see it, but it is lost"),
        pytest.param("/films/9", "token-of-anna", 404, id="there is none"),
        pytest.param("/films/7", "token-of-nobody", 401, id="nobody"),
    ],
)
async def test_who_may_see_what(
    names: dict[str, Any], nginx: Nginx, path: str, token: str, status: int
) -> None:
    fields = [("Range", "bytes=5000000-5000009"), ("Authorization", f"Bearer {token}")]
    async with httpx.AsyncClient() as names["site"].state.client:
        answer = await ask(names["app"], path=path, headers=fields)
    assert answer.status == status
    if status == 206:
        assert answer.body == FILM[5_000_000:5_000_010]
        assert (answer["cache-control"], answer["vary"]) == ("private", "Authorization")
        assert await nginx.asked(1) == ["GET /films/seven.mp4 206 bytes=5000000-5000009 -"]


async def test_the_lifespan_of_the_page(names: dict[str, Any]) -> None:
    site = names["site"]
    async with names["lifespan"](site):
        assert not site.state.client.is_closed
    assert site.state.client.is_closed


async def test_an_archive_of_what_another_server_has(nginx: Nginx) -> None:
    page = PAGE.with_name("archives.md")
    (block,) = (
        each
        for each in blocks(page.read_text(encoding="utf-8"))
        if each.mark == "run by: tests/upstream/test_docs.py"
    )
    assert ADDRESS in block.code
    names: dict[str, Any] = {"__name__": "page_archives"}
    code = block.code.replace(ADDRESS, nginx.server.url)
    exec(compile(code, page.name, "exec", dont_inherit=True), names)
    answer = await ask(names["app"])
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.read("seven.mp4") == FILM
    part = await ask(names["app"], headers=[("Range", "bytes=1000000-1000009")])
    assert (part.status, part.body) == (206, answer.body[1_000_000:1_000_010])
