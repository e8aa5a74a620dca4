"""The other stores: memory, a folder, and the clients for Azure and Google."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import anyio
import obstore
import pytest
from objectstore.proxy import Asked, Behaviour, Proxy
from obstore.store import AzureStore, GCSStore, MemoryStore
from support.driver import ask
from support.servers import HOST

from rangeserve import ResponseError
from rangeserve.objectstore import ObjectStoreApp, open_object, open_store

pytestmark = pytest.mark.anyio

MIB = 2**20


@pytest.fixture(params=["memory", "folder"])
def at_hand(request: pytest.FixtureRequest, tmp_path: Path, content: bytes) -> Any:
    url = "memory:///" if request.param == "memory" else tmp_path.as_uri()
    store = open_store(url)
    obstore.put(store, "dir/film.mp4", content)
    return store


async def test_ranges_and_conditions(at_hand: Any, content: bytes) -> None:
    app = ObjectStoreApp(at_hand)
    whole = await ask(app, path="/dir/film.mp4")
    assert (whole.status, whole["content-type"]) == (200, "video/mp4")
    assert whole.body == content

    async def ranged(field: str, *more: tuple[str, str]) -> Any:
        return await ask(app, path="/dir/film.mp4", headers=[("Range", field), *more])

    assert (await ranged("bytes=100-2000000")).body == content[100:2000001]
    assert (await ranged("bytes=-9")).body == content[-9:]
    assert (await ranged("bytes=0-9", ("If-Range", whole["etag"]))).status == 206
    assert (await ranged("bytes=0-9", ("If-Range", '"x"'))).body == content
    past = await ranged(f"bytes={len(content)}-")
    assert (past.status, past["content-range"]) == (416, f"bytes */{len(content)}")
    several = await ranged("bytes=4000000-4000009,0-2999999,3500000-3500009")
    head = f"Content-Type: {several['content-type']}\r\n\r\n".encode()
    parts: Any = BytesParser().parsebytes(head + several.body).get_payload()
    assert [part.get_payload(decode=True) for part in parts] == [
        content[4000000:4000010],
        content[:3000000],
        content[3500000:3500010],
    ]
    fresh = await ask(app, path="/dir/film.mp4", headers=[("If-None-Match", whole["etag"])])
    assert fresh.status == 304
    assert (await ask(app, "HEAD", "/dir/film.mp4"))["etag"] == whole["etag"]
    assert (await ask(app, path="/dir")).status == 404
    assert (await ask(app, path="/none")).status == 404


async def test_chunks_are_bounded(at_hand: Any) -> None:
    answer = await ask(ObjectStoreApp(at_hand), path="/dir/film.mp4")
    sizes = [len(m["body"]) for m in answer.messages if m["type"] == "http.response.body"]
    assert max(sizes) <= MIB


async def test_an_overwritten_object_is_not_spliced(at_hand: Any, content: bytes) -> None:
    source = await open_object(at_hand, "dir/film.mp4")
    await source.aclose()
    chunks: Any = source.read(0, 1000)
    assert b"".join([chunk async for chunk in chunks]) == content[:1000]
    obstore.put(at_hand, "dir/film.mp4", bytes(len(content)))
    with pytest.raises(ResponseError):
        await source.read(1000, 2000).__anext__()


async def test_a_tag_changes_with_the_content_and_not_with_the_process(at_hand: Any) -> None:
    async def tag(store: Any) -> str | None:
        source = await open_object(store, "dir/film.mp4")
        await source.aclose()
        return source.etag

    before = await tag(at_hand)
    assert await tag(at_hand) == before
    await anyio.sleep(0.002)
    obstore.put(at_hand, "dir/film.mp4", b"new")
    assert await tag(at_hand) != before
    if isinstance(at_hand, MemoryStore):  # whose own tags start from 0 each time
        other = MemoryStore()
        obstore.put(other, "dir/film.mp4", b"old")
        assert await tag(other) != before


async def test_replicas_of_a_folder_agree(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a.mp4").write_bytes(b"film")
    shutil.copytree(tmp_path / "one", tmp_path / "two")  # which keeps the modification times
    tags, own = [], []
    for name in ("one", "two"):
        store = open_store((tmp_path / name).as_uri())
        tags.append((await ask(ObjectStoreApp(store), path="/a.mp4"))["etag"])
        own.append(obstore.head(store, "a.mp4")["e_tag"])
    assert own[0] != own[1]  # the inode is in there
    assert tags[0] == tags[1]
    os.utime(tmp_path / "two" / "a.mp4", (1, 1))
    assert (await ask(ObjectStoreApp(store), path="/a.mp4"))["etag"] != tags[0]


def as_moto_wants_it(asked: Asked) -> None:
    asked.headers["authorization"] = (
        "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/s3/aws4_request, "
        "SignedHeaders=host, Signature=0"
    )


def azure(port: int) -> Any:
    return AzureStore(
        "films",
        account_name="films",
        endpoint=f"http://{HOST}:{port}",
        skip_signature=True,
        client_options={"allow_http": True},
    )


def google(port: int) -> Any:
    return GCSStore(
        "films",
        base_url=f"http://{HOST}:{port}",
        skip_signature=True,
        client_options={"allow_http": True},
    )


@pytest.mark.parametrize(
    ("make", "suffix"),
    [
        pytest.param(azure, ["HEAD", "GET"], id="Azure, which has no suffix ranges"),
        pytest.param(google, ["GET"], id="Google"),
    ],
)
async def test_the_clients_of_other_clouds(
    proxy: Proxy,
    film: str,
    content: bytes,
    make: Callable[[int], Any],
    suffix: list[str],
) -> None:
    """A GET of a blob is plain HTTP to them too: moto's paths are like theirs."""
    app = ObjectStoreApp(make(proxy.port))
    for field, expected, asked in (
        ("bytes=10-99", content[10:100], ["GET"]),
        ("bytes=4000000-", content[4000000:], ["GET"]),
        ("bytes=-500", content[-500:], suffix),
    ):
        proxy.reset()
        proxy.behave(Behaviour(before=as_moto_wants_it))
        answer = await ask(app, path=f"/{film}", headers=[("Range", field)])
        assert (answer.status, answer.body) == (206, expected)
        assert proxy.methods == asked


@pytest.mark.parametrize(
    ("variables", "config", "expected"),
    [
        pytest.param({}, {}, {}, id="nothing"),
        pytest.param({"AWS_ALLOW_HTTP": "true"}, {}, {"allow_http": "true"}, id="http"),
        pytest.param(
            {"AWS_PROXY_URL": "http://127.0.0.1:9", "AWS_TIMEOUT": "9s"},
            {},
            {"proxy_url": "http://127.0.0.1:9", "timeout": "9s"},
            id="a proxy and a time",
        ),
        pytest.param(
            {"AWS_CONNECT_TIMEOUT": "9s"},
            {"client_options": {"connect_timeout": "3s"}},
            {"connect_timeout": "3s"},
            id="what is written wins",
        ),
        pytest.param({"GOOGLE_ALLOW_HTTP": "true"}, {}, {}, id="of another store"),
    ],
)
def test_client_options_of_the_environment_are_honoured(
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    config: dict[str, Any],
    expected: dict[str, str],
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    store: Any = open_store("s3://films", region="x", **config)
    plain = {"connect_timeout": "5s", "read_timeout": "30s"}
    shown = {name: each for name, each in store.client_options.items() if name != "timeout"}
    if "timeout" in expected:
        shown["timeout"] = store.client_options["timeout"]
    assert shown == plain | expected


async def test_an_endpoint_over_http_is_reached_by_the_environment_alone(
    monkeypatch: pytest.MonkeyPatch, moto: Any, film: str, content: bytes
) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": moto.url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }.items():
        monkeypatch.setenv(name, value)
    answer = await ask(ObjectStoreApp(open_store("s3://films")), path=f"/{film}")
    assert (answer.status, answer.body) == (200, content)
