"""The examples that need an extra: decrypting, and object stores.

They are in docs/sources.md, docs/object-stores.md and docs/frameworks/fastapi.md.
"""

from __future__ import annotations

import base64
import hashlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from starlette.applications import Starlette
from starlette.routing import Route
from support.driver import ask
from support.pages import blocks

from rangeserve import RangeMiddleware, serve
from rangeserve.objectstore import open_store

pytestmark = pytest.mark.anyio

PAGE = Path(__file__).parents[2] / "docs" / "sources.md"
PLAIN = hashlib.shake_128(b"plain").digest(300_001)
KEY, NONCE = bytes(range(32)), b"\xff" * 14 + b"\xf0\x00"  # the counter runs over


@pytest.fixture
def names() -> dict[str, Any]:
    """What the blocks define that the page leaves to this module."""
    names: dict[str, Any] = {"__name__": "sources"}
    for block in blocks(PAGE.read_text(encoding="utf-8")):
        if block.mark.startswith("run by: "):
            exec(compile(block.code, str(PAGE), "exec", dont_inherit=True), names)
    return names


@pytest.fixture
def decrypted(names: dict[str, Any]) -> Any:
    return names["decrypted"]


async def test_a_view_answers_from_a_store(names: dict[str, Any]) -> None:
    store = names["store"] = open_store("memory:///")
    store.put("films/7.mp4", PLAIN)
    site = Starlette(routes=[Route("/{id}", names["film"])])
    answer = await ask(RangeMiddleware(site), path="/7", headers=[("Range", "bytes=10-19")])
    assert (answer.status, answer.body) == (206, PLAIN[10:20])
    assert answer["cache-control"] == "private"
    missing = await ask(RangeMiddleware(site), path="/8")
    assert missing.status == 404


async def test_the_app_is_for_the_store_of_the_page(names: dict[str, Any]) -> None:
    answer = await ask(names["app"], path="/../secret")  # refused without asking the store
    assert answer.status == 404


@pytest.mark.parametrize(
    "field", ["0-0", "5-20", "16-31", "17-", "-1", "-100000", "65535-200000", "99999-99999", "0-"]
)
async def test_ranges_of_an_encrypted_file_are_plain(
    tmp_path: Path, decrypted: Any, field: str
) -> None:
    path = tmp_path / "film.aes"
    encryptor = Cipher(algorithms.AES(KEY), modes.CTR(NONCE)).encryptor()
    path.write_bytes(encryptor.update(PLAIN) + encryptor.finalize())
    app = serve(lambda scope: decrypted(str(path), KEY, NONCE))
    whole = await ask(app)
    assert whole.body == PLAIN
    headers = [("Range", f"bytes={field}"), ("If-Range", whole["etag"])]
    part = await ask(app, headers=headers)
    first, _, last = field.partition("-")
    start = int(first) if first else len(PLAIN) - int(last)
    stop = int(last) + 1 if first and last else len(PLAIN)
    assert part.status == 206
    assert part.body == PLAIN[start:stop]


async def test_a_private_bucket_per_user(direct: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/frameworks/fastapi.md: each user sees the keys below their own name."""
    fastapi = pytest.importorskip("fastapi", reason="FastAPI is not installed")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    module = ModuleType("page_of_fastapi")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    page = PAGE.parent / "frameworks" / "fastapi.md"
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.mark == "run by: tests/objectstore/test_docs.py":
            exec(compile(block.code, str(page), "exec", dont_inherit=True), vars(module))
    app: Any = vars(module)["app"]
    assert isinstance(app, fastapi.FastAPI)
    vars(module)["store"] = direct
    direct.put("users/ann/a/film.mp4", PLAIN)

    async def get(path: str, credentials: str, method: str = "GET") -> Any:
        basic = base64.b64encode(credentials.encode()).decode()
        fields = [("Authorization", f"Basic {basic}"), ("Range", "bytes=10-19")]
        return await ask(app, method, f"/files/{path}", headers=fields)

    part = await get("a/film.mp4", "ann:change me")
    assert (part.status, part.body) == (206, PLAIN[10:20])
    assert part["cache-control"] == "private"
    assert (await get("a/film.mp4", "ann:change me", "HEAD"))["content-length"] == str(len(PLAIN))
    assert (await get("a/film.mp4", "ann:wrong")).status == 401
    assert (await get("a/film.mp4", "bob:me too")).status == 404
    for path in ("../ann/a/film.mp4", "%2e%2e/ann/a/film.mp4", "a//film.mp4", ""):
        assert (await get(path, "bob:me too")).status == 404


def test_the_stores_of_the_page_can_be_made() -> None:
    """docs/object-stores.md: obstore takes these arguments; nothing is asked of a store yet."""
    names: dict[str, Any] = {"__name__": "object_stores"}
    page = PAGE.parent / "object-stores.md"
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language == "python":
            exec(compile(block.code, str(page), "exec", dont_inherit=True), names)
    assert names["minio"].client_options["allow_http"] == "true"
    assert {"public", "private", "minio", "r2"} <= names.keys()
