"""`DirectoryApp`: the page that lists a folder."""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Generator
from html import unescape
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import anyio
import pytest
from support.driver import Answer, ask
from support.targets import get, links, scope_of
from support.waiting import SECONDS, until

from rangeserve import RangeMiddleware
from rangeserve.directory import DirectoryApp, lookup, turn
from rangeserve.sources.threads import Kind

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
    served = DirectoryApp(root)
    page = await get(served, "/hard/")
    assert page["content-type"] == "text/html; charset=utf-8"
    assert "script" not in page["content-security-policy"]
    up, *hrefs = links(page.body)
    assert up == "../"
    assert len(hrefs) == len(shown)
    bodies = set()
    for href in hrefs:
        assert re.fullmatch(r"[\w.~%-]+", href, re.ASCII)
        bodies.add((await get(served, urljoin("/hard/", href))).body)
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
        served = DirectoryApp(root)
        page = await get(served, "/")
        assert links(page.body) == [
            "link-folder/", "site/", "sub/",
            "a.txt", "empty.txt", "film.mp4", "link",
        ]  # fmt: skip
        for name in ("out/", "out/secret.txt", "out.txt", "to-hidden", "loop", "dangling"):
            assert (await get(served, f"/{name}")).status == 404
        for name in ("fifo", "sock"):
            assert (await get(served, f"/{name}")).status == 404
    everything = links((await get(DirectoryApp(root, hidden=True), "/")).body)
    assert ".secret" in everything
    assert "to-hidden" in everything
    assert "out.txt" not in everything


async def test_a_listing_plays_and_describes(root: Path) -> None:
    os.utime(root / "film.mp4", (1_700_000_000, 1_700_000_000))
    (root / "<i>").mkdir()
    served = DirectoryApp(root)
    text = (await get(served, "/")).body.decode()
    assert '<video controls playsinline preload="none" src="film.mp4"></video>' in text
    assert '<span title="300000 bytes">293.0 KiB</span>' in text
    assert '<time datetime="2023-11-14T22:13:20Z">2023-11-14 22:13 UTC</time>' in text
    assert "color-scheme: light dark" in text
    assert 'name="viewport"' in text
    deep = (await get(served, "/sub/deep/")).body.decode()
    assert '<audio controls playsinline preload="none" src="song.mp3"></audio>' in deep
    assert (
        '<h1><a href="../../"><bdi>/</bdi></a><a href="../"><bdi>sub/</bdi></a>'
        "<bdi>deep/</bdi></h1>"
    ) in deep
    empty = (await get(served, "/%3Ci%3E/")).body.decode()
    assert "<title>/&lt;i&gt;/</title>" in empty
    assert "Nothing is here." in empty


async def test_a_name_turns_nothing_around_it(root: Path) -> None:
    """U+202E makes `txt.exe` of `exe.txt` on the screen, and would of all that follows."""
    (root / "\u202egnp.exe").mkdir()
    (root / "\u202egnp.exe" / "\u202efdp.exe").write_bytes(b"")
    page = (await get(DirectoryApp(root), "/%E2%80%AEgnp.exe/")).body.decode()
    assert "<title>/\\u202egnp.exe/</title>" in page
    for name in re.findall("\u202e\\w+\\.exe/?", page):
        assert f"<bdi>{name}</bdi>" in page
    assert page.count("\u202e") == page.count("<bdi>\u202e") == 2


async def test_a_listing_can_be_refused(root: Path) -> None:
    served = DirectoryApp(root, listing=False, cache_control=None)
    assert (await get(served, "/")).status == 404
    assert (await get(served, "/sub")).status == 301
    home = await get(served, "/site/")
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
    served = DirectoryApp(root)
    page = (await get(served, "/")).body
    assert "%E9.txt" in links(page)
    assert (await get(served, "/%E9.txt")).body == b"latin"


def next_page(answer: Answer) -> str | None:
    found = re.search(r'<a rel="next" href="([^"]*)">', answer.body.decode())
    return unescape(found[1]) if found else None


async def test_a_large_folder_is_listed_page_by_page(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "_MAX_ENTRIES", 3)
    many = root / "many"
    many.mkdir()
    for name in HARD_NAMES:
        (many / name).write_bytes(b"")
    (many / "z").mkdir()
    (many / "dangling").symlink_to("nowhere")
    whole = links((await get(DirectoryApp(root, hidden=True), "/sub/")).body)
    assert whole == ["../", "deep/", "b.bin"]
    served = DirectoryApp(root)
    for mounted in (served, RangeMiddleware(served)):
        page, listed = "/many/", []
        for number in range(6):
            answer = await get(mounted, page)
            up, *hrefs = links(answer.body)
            assert up == "../"
            assert len(hrefs) <= 3
            listed += hrefs
            assert (b'<a href="./">first page</a>' in answer.body) is (number > 0)
            following = next_page(answer)
            if following is None:
                break
            page = urljoin("/many/", following)
        assert listed[0] == "z/"
        expected = {name for name in HARD_NAMES if not name.startswith(".")}
        assert len(listed) == len(set(listed)) == len(expected) + 1
    assert next_page(await get(served, "/sub/")) is None


async def test_a_listing_is_revalidated(root: Path) -> None:
    served = DirectoryApp(root)
    first = await get(served, "/")
    again = await get(served, "/", ("If-None-Match", first["etag"]))
    assert (again.status, again.body) == (304, b"")
    assert again["etag"] == first["etag"]
    part = await get(served, "/", ("Range", "bytes=0-9"), ("If-Range", first["etag"]))
    assert (part.status, part.body) == (206, first.body[:10])
    # A file in it grows, which does not change the folder itself.
    (root / "a.txt").write_bytes(b"a longer alpha\n")
    changed = await get(served, "/", ("If-None-Match", first["etag"]))
    assert changed.status == 200
    assert changed["etag"] != first["etag"]
    late = await get(served, "/", ("Range", "bytes=0-9"), ("If-Range", first["etag"]))
    assert (late.status, late.body) == (200, changed.body)


async def test_nothing_is_read_for_a_head(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise AssertionError("the folder was read")

    monkeypatch.setattr(lookup, "names_in", fail)
    head = await ask(DirectoryApp(root), scope=scope_of("/", "HEAD"))
    assert (head.status, head["content-type"]) == (200, "text/html; charset=utf-8")
    assert head.get("content-length") is None
    with pytest.raises(AssertionError, match="was read"):
        await get(DirectoryApp(root), "/")


class Endless:
    """A folder of which there is always more, and how many have begun and ended to read it."""

    def __init__(self) -> None:
        self.begun = self.ended = 0
        self._news = threading.Semaphore(0)

    def __call__(self, *_: Any, **__: Any) -> Generator[tuple[str, bool], None, None]:
        self.begun += 1
        self._news.release()
        try:
            for number in count():
                yield f"{number}.txt", False
        finally:
            self.ended += 1

    async def until_begun(self) -> None:
        """Wait until one more has begun."""
        assert await anyio.to_thread.run_sync(self._news.acquire, True, SECONDS)


async def test_many_listings_at_once_are_put_off(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = Endless()
    monkeypatch.setattr(lookup, "names_in", endless)
    monkeypatch.setattr(turn, "_TURNS", Kind("turns in a hurry", threads=2, patience=0.05))
    served = DirectoryApp(root)
    with anyio.fail_after(SECONDS):
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(get, served, "/")
            for _ in range(2):
                await endless.until_begun()
            put_off = await get(served, "/")
            assert (put_off.status, put_off["retry-after"]) == (503, "1")
            assert put_off.body.startswith(b"503: ")
            assert (await get(served, "/a.txt")).body == b"alpha\n"  # others are served
            group.cancel_scope.cancel()
    await until(lambda: endless.begun == endless.ended == 2)  # nobody waits for the thread


async def test_a_listing_ends_when_its_client_leaves(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = Endless()
    monkeypatch.setattr(lookup, "names_in", endless)
    sent: list[Any] = []

    async def receive() -> Any:
        await endless.until_begun()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    for served in (DirectoryApp(root), RangeMiddleware(DirectoryApp(root))):
        with anyio.fail_after(SECONDS):
            await served(scope_of("/"), receive, send)
    assert sent == []
    await until(lambda: endless.begun == endless.ended == 2)  # nobody waits for the thread


@pytest.fixture
def sized(root: Path) -> Path:
    """Files and a folder whose order differs by name, by size and by time."""
    folder = root / "sized"
    (folder / "M").mkdir(parents=True)
    for place, (name, size) in enumerate([("b", 30), ("A", 20), ("c", 10), ("d", 20)]):
        (folder / name).write_bytes(bytes(size))
        os.utime(folder / name, (1_700_000_000 - place, 1_700_000_000 - place))
    (folder / "z").symlink_to("../film.mp4")
    os.utime(root / "film.mp4", (1_600_000_000, 1_600_000_000))
    (folder / "dangling").symlink_to("nowhere")
    return root


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("", "M/ A b c d z", id="none"),
        pytest.param("?sort=name", "M/ A b c d z", id="name"),
        pytest.param("?sort=-name", "M/ z d c b A", id="name, descending"),
        pytest.param("?sort=size", "M/ c A d b z", id="size"),
        pytest.param("?sort=-size", "M/ z b A d c", id="size, descending"),
        pytest.param("?sort=time", "M/ z d c A b", id="time"),
        pytest.param("?sort=-time", "M/ b A c d z", id="time, descending"),
        pytest.param("?sort=colour", "M/ A b c d z", id="what there is not"),
    ],
)
@pytest.mark.parametrize("count", [1000, 2, 1])
async def test_a_listing_is_ordered_page_by_page(
    sized: Path, monkeypatch: pytest.MonkeyPatch, query: str, expected: str, count: int
) -> None:
    monkeypatch.setattr(lookup, "_MAX_ENTRIES", count)
    served, page, listed = DirectoryApp(sized), f"/sized/{query}", list[str]()
    for _ in range(8):
        answer = await get(served, page)
        up, *hrefs = links(answer.body)
        assert up == "../"
        assert len(hrefs) <= count
        listed += hrefs
        following = next_page(answer)
        if following is None:
            break
        page = urljoin(page, following)
    assert listed == expected.split()


async def test_the_headings_lead_to_the_other_orders(root: Path) -> None:
    served = DirectoryApp(root)

    async def headings(page: str) -> list[tuple[str, str, str]]:
        nav = re.search(r'<nav class="sort".*?</nav>', (await get(served, page)).body.decode())
        assert nav
        return re.findall(r'<a href="([^"]*)"( aria-current="true")?>([^<]*)</a>', nav[0])

    assert await headings("/") == [
        ("?sort=-name", ' aria-current="true"', "Name \u2191"),
        ("?sort=-size", "", "Size"),
        ("?sort=-time", "", "Modified"),
    ]
    assert await headings("/?sort=-size") == [
        ("./", "", "Name"),
        ("?sort=size", ' aria-current="true"', "Size \u2193"),
        ("?sort=-time", "", "Modified"),
    ]


async def test_a_folder_that_is_too_large_to_be_sorted_is_listed_by_name(
    sized: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has to be read for an order by size or time is bounded; names need not be read."""
    monkeypatch.setattr(lookup, "_MAX_SORTED", 6)
    monkeypatch.setattr(lookup, "_MAX_ENTRIES", 4)
    read: list[str] = []
    real = lookup.entry_of

    def counted(*where: Any, **more: Any) -> Any:
        read.append(where[-1])
        return real(*where, **more)

    monkeypatch.setattr(lookup, "entry_of", counted)
    answer = await get(DirectoryApp(sized), "/sized/?sort=-size")
    assert links(answer.body) == ["../", "M/", "A", "b", "c"]
    assert len(read) == 4  # those on the page
    assert b"too large to be ordered in another way" in answer.body
    following = next_page(answer)
    assert following == "?after=c"
    assert links((await get(DirectoryApp(sized), f"/sized/{following}")).body)[1:] == ["d", "z"]
    monkeypatch.setattr(lookup, "_MAX_SORTED", 7)
    assert b"too large" not in (await get(DirectoryApp(sized), "/sized/?sort=-size")).body
