"""The page proxy.md is run, before a real nginx."""

from __future__ import annotations

import sys
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
