"""`DirectoryApp` on asyncio and trio: what is served, and how."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin

import anyio
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from support.driver import Answer, ask, http_scope

from rangeserve import RangeMiddleware, Reason, ResponseFinished
from rangeserve.directory import DirectoryApp
from rangeserve.directory.beneath import Entry
from rangeserve.directory.listing import make_page
from rangeserve.directory.media import content_type_of

pytestmark = pytest.mark.anyio

BODY = bytes(i % 251 for i in range(300_000))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "site").mkdir()
    (root / "a.txt").write_bytes(b"alpha\n")
    (root / "empty.txt").write_bytes(b"")
    (root / "film.mp4").write_bytes(BODY)
    (root / "sub" / "b.bin").write_bytes(BODY)
    (root / "sub" / "deep" / "song.mp3").write_bytes(BODY)
    (root / "site" / "index.html").write_bytes(b"<h1>home</h1>")
    (root / ".secret").write_bytes(b"hidden")
    (root / "link").symlink_to("sub/b.bin")
    return root


def scope_of(raw: str, method: str = "GET", headers: Any = (), **more: Any) -> dict[str, Any]:
    """A scope as a server makes it of the target `raw`."""
    path, _, query = raw.partition("?")
    scope = http_scope(method, unquote(path), headers)
    return scope | {"raw_path": path.encode(), "query_string": query.encode()} | more


async def get(app: Any, raw: str, *headers: tuple[str, str], **more: Any) -> Answer:
    answer = await ask(app, scope=scope_of(raw, headers=headers, **more))
    assert answer.complete
    return answer


@pytest.mark.parametrize(
    ("raw", "status", "content_type", "body"),
    [
        pytest.param("/a.txt", 200, "text/plain; charset=utf-8", b"alpha\n", id="a text"),
        pytest.param("/sub/b.bin", 200, "application/octet-stream", BODY, id="deeper"),
        pytest.param("//sub///b.bin", 200, "application/octet-stream", BODY, id="empty names"),
        pytest.param("/%61.txt", 200, "text/plain; charset=utf-8", b"alpha\n", id="encoded"),
        pytest.param("/empty.txt", 200, "text/plain; charset=utf-8", b"", id="empty"),
        pytest.param("/film.mp4", 200, "video/mp4", BODY, id="a video"),
        pytest.param("/link", 200, "application/octet-stream", BODY, id="a link inside"),
        pytest.param("/site/", 200, "text/html; charset=utf-8", b"<h1>home</h1>", id="index"),
    ],
)
async def test_a_file(root: Path, raw: str, status: int, content_type: str, body: bytes) -> None:
    answer = await get(DirectoryApp(root), raw)
    assert (answer.status, answer["content-type"], answer.body) == (status, content_type, body)
    assert answer["content-length"] == str(len(body))
    assert answer["x-content-type-options"] == "nosniff"
    assert answer["cache-control"] == "no-cache"
    assert answer["accept-ranges"] == "bytes"
    assert answer["etag"].startswith('"')
    assert answer["last-modified"].endswith(" GMT")


@pytest.mark.parametrize(
    "raw",
    [
        "/nothing",
        "/a.txt/",
        "/a.txt/b",
        "/sub/nothing",
        "/.secret",
        "/sub/.",
        "/./a.txt",
        "/sub/..",
    ],
)
async def test_nothing_there_is_one_sentence(root: Path, raw: str) -> None:
    answer = await get(DirectoryApp(root), raw)
    assert answer.status == 404
    assert answer["content-type"] == "text/plain; charset=utf-8"
    assert answer.body == b"404: there is no such file or folder here.\n"


async def test_hidden_files_when_asked_for(root: Path) -> None:
    answer = await get(DirectoryApp(root, hidden=True), "/.secret")
    assert (answer.status, answer.body) == (200, b"hidden")


async def test_a_range_and_a_tail_and_several(root: Path) -> None:
    app = DirectoryApp(root)
    one = await get(app, "/film.mp4", ("Range", "bytes=1000-1999"))
    assert (one.status, one["content-range"]) == (206, f"bytes 1000-1999/{len(BODY)}")
    assert one.body == BODY[1000:2000]
    tail = await get(app, "/film.mp4", ("Range", "bytes=-7"))
    assert (tail.status, tail.body) == (206, BODY[-7:])
    several = await get(app, "/film.mp4", ("Range", "bytes=0-9,100-109"))
    assert several["content-type"].startswith("multipart/byteranges")
    beyond = await get(app, "/film.mp4", ("Range", f"bytes={len(BODY)}-"))
    assert (beyond.status, beyond["content-range"]) == (416, f"bytes */{len(BODY)}")


async def test_preconditions(root: Path) -> None:
    app = DirectoryApp(root)
    first = await get(app, "/film.mp4")
    etag, modified = first["etag"], first["last-modified"]
    assert (await get(app, "/film.mp4", ("If-None-Match", etag))).status == 304
    assert (await get(app, "/film.mp4", ("If-Modified-Since", modified))).status == 304
    assert (await get(app, "/film.mp4", ("If-Match", '"other"'))).status == 412
    fresh = await get(app, "/film.mp4", ("If-Range", etag), ("Range", "bytes=0-0"))
    stale = await get(app, "/film.mp4", ("If-Range", '"other"'), ("Range", "bytes=0-0"))
    assert (fresh.status, stale.status) == (206, 200)
    os.utime(root / "film.mp4", ns=(1, 1))
    assert (await get(app, "/film.mp4", ("If-None-Match", etag))).status == 200


@pytest.mark.parametrize("raw", ["/film.mp4", "/", "/nothing"])
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


HARD_NAMES = [
    "sp ace.txt",
    "<b>&\"'.txt",
    "ünïcode ✓.txt",
    "q?x#y.txt",
    "100%.txt",
    "%2e%2e",
    "javascript:alert(1)",
    "a\nb.txt",
    "~x",
    *(["a\\b.txt", "c:.txt", "..x", os.fsdecode(b"\xff\xfe.bin")] if os.sep == "/" else []),
]  # fmt: skip


def links(page: bytes) -> list[str]:
    return [unescape(href) for href in re.findall(r'<li><a href="([^"]*)"', page.decode())]


async def test_a_listing_leads_to_every_file(root: Path) -> None:
    folder = root / "hard"
    folder.mkdir()
    shown = [name for name in HARD_NAMES if not name.startswith(".")]
    for name in HARD_NAMES:
        (folder / name).write_bytes(os.fsencode(name))
    app = DirectoryApp(root)
    page = await get(app, "/hard/")
    assert page["content-type"] == "text/html; charset=utf-8"
    assert "script" not in page["content-security-policy"]
    up, *hrefs = links(page.body)
    assert up == "../"
    assert len(hrefs) == len(shown)
    bodies = set()
    for href in hrefs:
        assert re.fullmatch(r"[\w.~%-]+", href, re.ASCII)
        bodies.add((await get(app, urljoin("/hard/", href))).body)
    assert bodies == {os.fsencode(name) for name in shown}
    text = page.body.decode()
    assert "<b>" not in text
    assert "&lt;b&gt;&amp;&quot;&#x27;.txt" in text


async def test_a_listing_shows_what_is_served_and_no_more(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_bytes(b"secret")
    (root / "out").symlink_to("../outside")
    (root / "out.txt").symlink_to("../outside/secret.txt")
    (root / "to-hidden").symlink_to(".secret")
    (root / "loop").symlink_to("loop")
    (root / "dangling").symlink_to("nowhere")
    (root / "link-folder").symlink_to("sub")
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(root / "sock"))
        app = DirectoryApp(root)
        page = await get(app, "/")
        assert links(page.body) == [
            "link-folder/", "site/", "sub/",
            "a.txt", "empty.txt", "film.mp4", "link",
        ]  # fmt: skip
        for name in ("out/", "out/secret.txt", "out.txt", "to-hidden", "loop", "dangling"):
            assert (await get(app, f"/{name}")).status == 404
        for name in ("fifo", "sock"):
            assert (await get(app, f"/{name}")).status == 404
    everything = links((await get(DirectoryApp(root, hidden=True), "/")).body)
    assert ".secret" in everything
    assert "to-hidden" in everything
    assert "out.txt" not in everything


async def test_a_listing_plays_and_describes(root: Path) -> None:
    os.utime(root / "film.mp4", (1_700_000_000, 1_700_000_000))
    (root / "<i>").mkdir()
    app = DirectoryApp(root)
    text = (await get(app, "/")).body.decode()
    assert '<video controls playsinline preload="none" src="film.mp4"></video>' in text
    assert '<span title="300000 bytes">293.0 KiB</span>' in text
    assert '<time datetime="2023-11-14T22:13:20Z">2023-11-14 22:13 UTC</time>' in text
    assert "color-scheme: light dark" in text
    assert 'name="viewport"' in text
    deep = (await get(app, "/sub/deep/")).body.decode()
    assert '<audio controls playsinline preload="none" src="song.mp3"></audio>' in deep
    assert '<h1><a href="../../">/</a><a href="../">sub/</a>deep/</h1>' in deep
    empty = (await get(app, "/%3Ci%3E/")).body.decode()
    assert "<title>/&lt;i&gt;/</title>" in empty
    assert "Nothing is here." in empty


async def test_a_time_stamp_beyond_the_calendar(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not every file system holds such a time, so it is put into what the system says.
    real_fstat = os.fstat

    def fstat(fd: int) -> os.stat_result:
        later = {"st_mtime": 316_516_204_800.0, "st_mtime_ns": 316_516_204_800 * 10**9}
        return os.stat_result(real_fstat(fd), later)  # in the year 12000

    app = DirectoryApp(root)
    monkeypatch.setattr(os, "fstat", fstat)
    answer = await get(app, "/a.txt")
    assert (answer.status, answer.body) == (200, b"alpha\n")
    assert answer.get("last-modified") is None
    page = make_page((), [Entry("a.txt", False, 1, 316_516_204_800)])
    assert b"a.txt" in page


async def test_a_listing_can_be_refused(root: Path) -> None:
    app = DirectoryApp(root, listing=False, cache_control=None)
    assert (await get(app, "/")).status == 404
    assert (await get(app, "/sub")).status == 301
    home = await get(app, "/site/")
    assert home.body == b"<h1>home</h1>"
    assert home.get("cache-control") is None


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


async def test_an_index_that_leads_out_is_not_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_bytes(b"secret")
    (root / "site" / "index.html").unlink()
    (root / "site" / "index.html").symlink_to("../../secret.txt")
    answer = await get(DirectoryApp(root), "/site/")
    assert b"secret" not in answer.body
    assert links(answer.body) == ["../"]
    (root / "site" / "index.html").unlink()
    (root / "site" / "index.html").mkdir()
    assert links((await get(DirectoryApp(root), "/site/")).body) == ["../", "index.html/"]


async def test_a_file_that_may_not_be_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may read everything, so the system's refusal is put in its place.
    real_open = os.open

    def refuse(path: Any, *args: Any, **kwargs: Any) -> int:
        if path in ("a.txt", "index.html"):
            raise PermissionError(13, "Permission denied")
        if path == "film.mp4":
            raise OSError(5, "Input/output error")
        return real_open(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", refuse)
    app = DirectoryApp(root)
    for raw in ("/a.txt", "/site/"):
        answer = await get(app, raw)
        assert (answer.status, answer.body) == (403, b"403: this server may not read that.\n")
    with pytest.raises(OSError, match="Input/output"):
        await ask(app, scope=scope_of("/film.mp4"))


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


async def test_a_server_that_sends_paths_is_not_given_one(root: Path) -> None:
    scope = scope_of("/film.mp4", extensions={"http.response.pathsend": {}})
    answer = await ask(DirectoryApp(root), scope=scope)
    assert answer.body == BODY  # the file that was opened, and not what its name leads to by now


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


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(5000):
        if holds():
            return
        await anyio.sleep(0.001)
    raise AssertionError("it did not come about in 5 s")


def opened_below(root: Path) -> list[str]:
    """What this process has open below `root`."""
    found = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{fd}"))
        except OSError:
            continue
    return [path for path in found if path.startswith(str(root))]


async def test_every_descriptor_is_given_back(root: Path) -> None:
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("descriptors cannot be counted here")
    app = DirectoryApp(root)
    (root / "out").symlink_to("/etc")
    os.mkfifo(root / "fifo")
    for raw in ("/", "/film.mp4", "/sub", "/site/", "/out", "/fifo", "/a.txt/", "/sub/deep/"):
        await get(app, raw)
        await get(app, raw, ("Range", "bytes=1-2"))
        await get(app, raw, ("If-None-Match", "*"))
    await ask(app, scope=scope_of("/film.mp4"), leave_after=1)
    assert opened_below(root) == []


async def test_cancelled_at_any_moment_no_descriptor_is_lost(root: Path) -> None:
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("descriptors cannot be counted here")
    app = DirectoryApp(root)

    async def never() -> dict[str, Any]:
        await anyio.sleep_forever()
        raise AssertionError

    for step in range(12):  # cancelled after so many turns of the loop
        async with anyio.create_task_group() as group:
            sent: list[Any] = []

            async def send(message: Any, sent: list[Any] = sent) -> None:
                sent.append(message)
                if message["type"] == "http.response.body":
                    await anyio.sleep_forever()

            group.start_soon(app, scope_of("/film.mp4"), never, send)
            for _ in range(step):
                await anyio.lowlevel.checkpoint()
            if step == 11:
                await until(lambda sent=sent: len(sent) > 1)
                assert opened_below(root)
            group.cancel_scope.cancel()
        await until(lambda: not opened_below(root))  # a thread may still be at it


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x.html", "text/html; charset=utf-8"),
        ("x.js", "text/javascript; charset=utf-8"),
        ("x.json", "application/json"),
        ("x.svg", "image/svg+xml"),
        ("X.MP4", "video/mp4"),
        ("x.mkv", "video/x-matroska"),
        ("x.webm", "video/webm"),
        ("x.m4a", "audio/mp4"),
        ("x.opus", "audio/ogg"),
        ("x.vtt", "text/vtt; charset=utf-8"),
        ("x.tar.gz", "application/gzip"),
        ("x.tgz", "application/gzip"),
        ("x.html.br", "application/x-brotli"),
        ("x.unheard-of", "application/octet-stream"),
        ("Makefile", "application/octet-stream"),
        ("data:text/html,x", "application/octet-stream"),
        ("http://x", "application/octet-stream"),
    ],
)
async def test_media_types(name: str, expected: str) -> None:
    assert content_type_of(name) == expected


async def test_names_that_are_no_utf_8_are_listed_and_served(root: Path) -> None:
    name = os.fsdecode(b"\xe9.txt")
    try:
        (root / name).write_bytes(b"latin")
    except OSError:
        pytest.skip("this file system wants UTF-8")
    app = DirectoryApp(root)
    page = (await get(app, "/")).body
    assert "%E9.txt" in links(page)
    assert (await get(app, "/%E9.txt")).body == b"latin"
