"""`DirectoryApp`: the page that lists a folder."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path
from urllib.parse import urljoin

import pytest
from support.targets import get, links

from rangeserve.directory import DirectoryApp

pytestmark = pytest.mark.anyio

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


async def test_a_listing_can_be_refused(root: Path) -> None:
    app = DirectoryApp(root, listing=False, cache_control=None)
    assert (await get(app, "/")).status == 404
    assert (await get(app, "/sub")).status == 301
    home = await get(app, "/site/")
    assert home.body == b"<h1>home</h1>"
    assert home.get("cache-control") is None


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
