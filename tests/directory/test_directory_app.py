"""`DirectoryApp` as an ASGI app: its methods, redirects and mounts, and what goes by."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from support.driver import ask
from support.targets import BODY, get, links, scope_of

from rangeserve import RangeMiddleware, Reason, ResponseFinished
from rangeserve.directory import DirectoryApp

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("raw", ["/film.mp4", "/site/", "/sub", "/nothing"])
async def test_head_says_what_get_says_and_sends_nothing(root: Path, raw: str) -> None:
    app = DirectoryApp(root)
    asked = await get(app, raw)
    head = await ask(app, scope=scope_of(raw, "HEAD"))
    assert (head.status, head.headers) == (asked.status, asked.headers)
    assert head.body == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO"])
async def test_other_methods(root: Path, method: str) -> None:
    answer = await ask(DirectoryApp(root), scope=scope_of("/a.txt", method))
    assert (answer.status, answer["allow"]) == (405, "GET, HEAD")
    assert answer.body.startswith(b"405: ")
    assert (root / "a.txt").read_bytes() == b"alpha\n"


@pytest.mark.parametrize(
    ("raw", "root_path", "location"),
    [
        pytest.param("/sub", "", "/sub/", id="plain"),
        pytest.param("/sub?a=b&c", "", "/sub/?a=b&c", id="keeps the query"),
        pytest.param("//sub", "", "/sub/", id="two slashes name no host"),
        pytest.param("///sub//deep", "", "/sub/deep/", id="slashes everywhere"),
        pytest.param("/%73ub", "", "/sub/", id="encoded"),
        pytest.param("/files/sub", "/files", "/files/sub/", id="mounted, path with the mount"),
        pytest.param("/sub", "/files", "/files/sub/", id="mounted, path without the mount"),
        pytest.param("/files", "/files", "/files/", id="the mount itself"),
        pytest.param("/sub", "//evil.example", "/evil.example/sub/", id="a mount of two slashes"),
    ],
)
async def test_a_folder_ends_in_a_slash(
    root: Path, raw: str, root_path: str, location: str
) -> None:
    answer = await get(DirectoryApp(root), raw, root_path=root_path)
    assert (answer.status, answer["location"]) == (301, location)


@pytest.mark.parametrize("name", ["evil.example", "\\evil.example", "a\r\nX-Evil: 1", "http:"])
async def test_a_redirect_stays_here(root: Path, name: str) -> None:
    (root / name).mkdir()
    quoted = "".join(f"%{byte:02x}" for byte in name.encode())
    answer = await get(DirectoryApp(root), f"//{quoted}")
    assert answer.status == 301
    location = answer["location"]
    assert urljoin("http://here.example/x", location).startswith("http://here.example/")
    assert re.fullmatch(r"/[!-~]+/", location)
    assert "\\" not in location


@pytest.mark.parametrize("prefix", ["", "/files"])
async def test_mounted_with_and_without_raw_path(root: Path, prefix: str) -> None:
    app = DirectoryApp(root)
    mounted = await get(app, f"{prefix}/sub/b.bin", root_path=prefix)
    assert mounted.body == BODY
    bare = scope_of(f"{prefix}/sub/b.bin", root_path=prefix)
    del bare["raw_path"]
    assert (await ask(app, scope=bare)).body == BODY
    other = scope_of("/sub/b.bin", raw_path=b"/before/a/rewrite/a.txt")
    assert (await ask(app, scope=other)).body == BODY


async def test_mounted_in_starlette(root: Path) -> None:
    site = Starlette(routes=[Mount("/media", DirectoryApp(root))])
    for app in (site, RangeMiddleware(site)):
        one = await get(app, "/media/sub/b.bin", ("Range", "bytes=5-9"))
        assert (one.status, one.body) == (206, BODY[5:10])
        assert (await get(app, "/media/sub"))["location"] == "/media/sub/"
        assert "deep/" in links((await get(app, "/media/sub/")).body)
        assert (await get(app, "/media/../a.txt")).status == 404


async def test_pages_of_other_origins_only_when_asked_for(root: Path) -> None:
    asked = [("Origin", "https://maps.example"), ("Range", "bytes=0-9"), ("If-Range", '"x"')]
    closed = await get(DirectoryApp(root), "/film.mp4", *asked)
    assert closed.get("access-control-allow-origin") is None
    app = DirectoryApp(root, cors=True)
    for raw in ("/film.mp4", "/", "/nothing"):
        answer = await get(app, raw, *asked[:2])
        assert answer["access-control-allow-origin"] == "*"
        exposed = answer["access-control-expose-headers"].split(", ")
        assert {"Accept-Ranges", "Content-Length", "Content-Range", "ETag"} <= set(exposed)
    preflight = await ask(app, scope=scope_of("/film.mp4", "OPTIONS", asked[:1]))
    assert (preflight.status, preflight.body) == (204, b"")
    assert preflight["access-control-allow-origin"] == "*"
    assert preflight["access-control-allow-methods"] == "GET, HEAD"
    assert {"Range", "If-Range"} <= set(preflight["access-control-allow-headers"].split(", "))
    assert preflight.get("content-length") is None
    assert (await ask(app, scope=scope_of("/film.mp4", "POST"))).status == 405


@pytest.mark.parametrize(
    ("name", "is_active"),
    [
        ("page.html", True),
        ("page.htm", True),
        ("drawing.svg", True),
        ("DRAWING.SVG", True),
        ("feed.xml", True),
        ("a.txt", False),
        ("script.js", False),
        ("film.mp4", False),
        ("page.html.gz", False),
        ("unknown", False),
    ],
)
async def test_what_may_run_scripts_is_sandboxed_if_asked_for(
    root: Path, name: str, is_active: bool
) -> None:
    (root / name).write_bytes(b"<script>alert(1)</script>")
    for served in (DirectoryApp(root), DirectoryApp(root, sandbox=True)):
        for headers in ([], [("Range", "bytes=1-3")]):
            answer = await get(served, f"/{name}", *headers)
            expected = "sandbox" if served.sandbox and is_active else None
            assert answer.get("content-security-policy") == expected
            assert answer["x-content-type-options"] == "nosniff"
    (root / "site" / "index.html").write_bytes(b"<script>")
    home = await get(DirectoryApp(root, sandbox=True), "/site/")
    assert home["content-security-policy"] == "sandbox"


@pytest.mark.parametrize("raw", ["/a.txt", "/", "/sub", "/none"])
async def test_a_resource_policy_is_on_every_response(root: Path, raw: str) -> None:
    served = DirectoryApp(root, resource_policy="same-origin")
    for headers in ([], [("Range", "bytes=1-3")], [("If-None-Match", "*")], [("If-Match", '"x"')]):
        answer = await get(served, raw, *headers)
        assert answer["cross-origin-resource-policy"] == "same-origin"
    assert (await get(DirectoryApp(root), raw)).get("cross-origin-resource-policy") is None


async def test_the_root_must_be_a_folder(root: Path) -> None:
    with pytest.raises(NotADirectoryError):
        DirectoryApp(root / "a.txt")
    with pytest.raises(FileNotFoundError):
        DirectoryApp(root / "nothing")


async def test_the_observer_is_told(root: Path) -> None:
    events: list[Any] = []
    app = DirectoryApp(root, observer=events.append)
    await get(app, "/film.mp4", ("Range", "bytes=5-9"))
    await get(app, "/film.mp4", ("Range", "bytes=9-5"))
    done = [event for event in events if isinstance(event, ResponseFinished)]
    assert [(event.status, event.bytes_sent) for event in done] == [(206, 5), (200, len(BODY))]
    assert done[1].reason is Reason.MALFORMED


async def test_under_another_middleware_that_one_does_the_work(root: Path) -> None:
    inner: list[Any] = []
    outer: list[Any] = []
    app = RangeMiddleware(DirectoryApp(root, observer=inner.append), observer=outer.append)
    answer = await get(app, "/film.mp4", ("Range", "bytes=5-9"))
    assert (answer.status, answer.body) == (206, BODY[5:10])
    assert inner == []
    assert outer[-1].bytes_sent == 5
    assert answer.all("accept-ranges") == ["bytes"]


async def test_lifespan_and_websocket(root: Path) -> None:
    app = DirectoryApp(root)
    sent: list[str] = []
    messages = iter(["lifespan.startup", "lifespan.shutdown", "websocket.connect"])

    async def receive() -> dict[str, Any]:
        return {"type": next(messages)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message["type"])

    await app({"type": "lifespan"}, receive, send)
    await app({"type": "websocket", "path": "/"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete", "websocket.close"]
    with pytest.raises(RuntimeError):
        await app({"type": "smtp"}, receive, send)
