"""`DirectoryApp`: a folder as a ZIP archive."""

from __future__ import annotations

import io
import os
import threading
import zipfile
from collections.abc import Generator
from datetime import datetime, timezone
from itertools import count
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.descriptors import nothing_left_open
from support.driver import Answer, ask
from support.targets import BODY, get, scope_of
from support.waiting import SECONDS, until

from rangeserve import RangeMiddleware, ResponseError
from rangeserve.core import format_http_date
from rangeserve.directory import DirectoryApp, archive, turn
from rangeserve.directory.archive import content_disposition
from rangeserve.sources.threads import Kind

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(os.sep != "/", reason="links and names as on Linux"),
]


def zip_scope(path: str = "/", method: str = "GET", headers: Any = ()) -> dict[str, Any]:
    return scope_of(f"{path}?zip", method, headers)


async def zipped(app: Any, path: str = "/", headers: Any = ()) -> Answer:
    return await ask(app, scope=zip_scope(path, headers=headers))


def contents_of(answer: Answer) -> dict[str, bytes]:
    assert (answer.status, answer["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


async def test_all_that_is_served_below_a_folder(root: Path) -> None:
    with nothing_left_open(root):
        answer = await zipped(DirectoryApp(root, zip_folders=True))
    assert contents_of(answer) == {
        "a.txt": b"alpha\n",
        "empty.txt": b"",
        "film.mp4": BODY,
        "link": BODY,
        "site/": b"",
        "site/index.html": b"<h1>home</h1>",
        "sub/": b"",
        "sub/b.bin": BODY,
        "sub/deep/": b"",
        "sub/deep/song.mp3": BODY,
    }
    assert answer["content-disposition"] == "attachment; filename=files.zip"
    assert answer["x-content-type-options"] == "nosniff"


async def test_a_folder_below_has_its_own(root: Path) -> None:
    app = DirectoryApp(root, zip_folders=True)
    answer = await zipped(app, "/sub/")
    assert list(contents_of(answer)) == ["b.bin", "deep/", "deep/song.mp3"]
    assert answer["content-disposition"] == "attachment; filename=sub.zip"
    # Also one that has an `index.html`.
    assert list(contents_of(await zipped(app, "/site/"))) == ["index.html"]
    (root / "none").mkdir()
    nothing = await zipped(app, "/none/")
    assert contents_of(nothing) == {}
    assert nothing["last-modified"] == format_http_date((root / "none").stat().st_mtime)


async def test_ranges_and_preconditions(root: Path) -> None:
    app = DirectoryApp(root, zip_folders=True)
    whole = await zipped(app)
    length = len(whole.body)
    for first, last in ((0, 9), (1000, length // 2), (length - 500, length - 1)):
        part = await zipped(app, headers=[("Range", f"bytes={first}-{last}")])
        assert (part.status, part.body) == (206, whole.body[first : last + 1])
    fresh = await zipped(app, headers=[("If-None-Match", whole["etag"])])
    assert fresh.status == 304
    head = await ask(app, scope=zip_scope(method="HEAD"))
    assert (head.status, head["content-length"]) == (200, str(length))
    (root / "sub" / "deep" / "song.mp3").unlink()
    resumed = await zipped(app, headers=[("Range", "bytes=9-"), ("If-Range", whole["etag"])])
    assert (resumed.status, resumed["etag"] != whole["etag"]) == (200, True)
    # What was removed changes the time of its folder, and so the Last-Modified.
    newest = max(path.stat().st_mtime for path in [root, *root.rglob("*")] if path.exists())
    assert resumed["last-modified"] == format_http_date(newest)


async def test_it_is_off_unless_it_is_asked_for(root: Path) -> None:
    for app in (DirectoryApp(root), DirectoryApp(root, zip_folders=False)):
        answer = await zipped(app)
        assert answer["content-type"] == "text/html; charset=utf-8"
        assert b"?zip" not in answer.body


@pytest.mark.parametrize("query", [b"zi", b"zip=1", b"a=zip", b"after=zip", b"zipp"])
async def test_other_queries_are_answered_by_the_listing(root: Path, query: bytes) -> None:
    app = DirectoryApp(root, zip_folders=True)
    answer = await ask(app, scope={**scope_of("/"), "query_string": query})
    assert answer["content-type"] == "text/html; charset=utf-8"


async def test_the_listing_has_a_link(root: Path) -> None:
    app = DirectoryApp(root, zip_folders=True)
    for path in ("/", "/sub/", "/sub/?after=b.bin"):
        listed = await get(app, path)
        assert b'<a href="?zip" download>' in listed.body
    redirect = await ask(app, scope=zip_scope("/sub"))
    assert (redirect.status, redirect["location"]) == (301, "/sub/?zip")
    assert (await ask(app, scope=zip_scope("/a.txt"))).body == b"alpha\n"
    assert (await ask(app, scope=zip_scope("/none/"))).status == 404


async def test_it_may_be_on_without_listings(root: Path) -> None:
    app = DirectoryApp(root, listing=False, zip_folders=True)
    assert "a.txt" in contents_of(await zipped(app))


async def test_what_is_not_served_is_not_in_it(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    (root / ".hidden").mkdir()
    (root / ".hidden" / "file").write_bytes(b"hidden")
    sub = root / "sub"
    for path in list(sub.rglob("*")):
        if path.is_file():
            path.unlink()
    (sub / ".x").write_bytes(b"")
    (sub / "to-hidden").symlink_to("../.hidden/file")
    (sub / "to-hidden-folder").symlink_to("../.hidden")
    (sub / "outside").symlink_to(tmp_path / "outside")
    (sub / "outside-file").symlink_to("../../outside/secret")
    (sub / "broken").symlink_to("nowhere")
    (sub / "self").symlink_to("self")
    (sub / "loop").symlink_to(".")
    (sub / "up").symlink_to("..")
    (sub / "deep" / "round").symlink_to("..")
    (sub / "site").symlink_to("../site")
    os.mkfifo(sub / "fifo")
    assert list(contents_of(await zipped(DirectoryApp(root, zip_folders=True), "/sub/"))) == [
        "deep/",
        "site/",  # a link to a folder that it does not lie in
        "site/index.html",
        "up/",  # so is this one, though what lies in it is left out where it goes round
        *[f"up/{name}" for name in ("a.txt", "empty.txt", "film.mp4", "site/", "site/index.html")],
    ]
    shown = contents_of(await zipped(DirectoryApp(root, zip_folders=True, hidden=True), "/sub/"))
    assert {".x", "to-hidden", "to-hidden-folder/", "to-hidden-folder/file"} < set(shown)


async def test_a_link_that_leads_out_by_the_time_it_is_read(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    app = DirectoryApp(root, zip_folders=True)
    tree = archive.Tree(app.root, (), app.root, hidden=False, most=100)
    tree.read(turn.Client())
    (root / "a.txt").unlink()
    (root / "a.txt").symlink_to(tmp_path / "secret")
    (root / "empty.txt").unlink()
    source = tree.archive
    assert source is not None
    with nothing_left_open(tmp_path), pytest.raises(ResponseError, match=r"a\.txt"):
        async for _ in source.read(0, source.size):
            pass
    (root / "a.txt").unlink()
    (root / "a.txt").mkdir()
    with nothing_left_open(tmp_path), pytest.raises(ResponseError, match="a folder now"):
        async for _ in source.read(0, source.size):
            pass


async def test_too_many_entries_are_refused_with_a_sentence(root: Path) -> None:
    def app(most: int) -> DirectoryApp:
        return DirectoryApp(root, zip_folders=True, max_zip_entries=most)

    assert len(contents_of(await zipped(app(10)))) == 10
    for most in (9, 2, 0):
        refused = await zipped(app(most))
        assert (refused.status, refused["content-type"]) == (403, "text/plain; charset=utf-8")
        assert (
            refused.body
            == (
                f"403: there is no archive of this folder: it has more than {most} entries.\n"
            ).encode()
        )
    assert len(contents_of(await zipped(app(9), "/sub/"))) == 3


async def test_hard_names(root: Path) -> None:
    sub = root / "sub"
    for name in (b"a\\..\\b", b"c:", b"\xff.bin", "ü".encode()):
        (sub / os.fsdecode(name)).write_bytes(name)
    app = DirectoryApp(root, zip_folders=True)
    found = contents_of(await zipped(app, "/sub/"))
    assert {"a%5C..%5Cb", "c%3A", "%FF.bin", "ü"} < set(found)
    (sub / "c%3A").write_bytes(b"")
    refused = await zipped(app, "/sub/")
    assert (refused.status, refused.body) == (
        403,
        b"403: there is no archive of this folder: two members have the same name: 'c%3A'.\n",
    )


async def test_what_may_not_be_read_refuses_the_archive(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may read everything, so the system's refusal is put in its place.
    app = DirectoryApp(root, zip_folders=True)
    access, real_open = os.access, os.open

    def refuse(path: Any, *args: Any, **kwargs: Any) -> int:
        if path == "deep":
            raise PermissionError(13, "Permission denied")
        return real_open(path, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda path, mode: "b.bin" not in path and access(path, mode))
        refused = await zipped(app)
    assert (refused.status, refused.body) == (
        403,
        b"403: there is no archive of this folder: this server may not read 'sub/b.bin' in it.\n",
    )
    monkeypatch.setattr(os, "open", refuse)
    refused = await zipped(app)
    assert b"may not read 'sub/deep' in it" in refused.body
    itself = await zipped(app, "/sub/deep/")
    assert (itself.status, itself.body) == (403, b"403: this server may not read that.\n")


@pytest.mark.parametrize("becomes", ["nothing", "a file"])
async def test_a_folder_that_goes_while_the_tree_is_read(
    root: Path, monkeypatch: pytest.MonkeyPatch, becomes: str
) -> None:
    real = archive.names_in

    def names_in(*where: Any, hidden: bool) -> Generator[tuple[str, bool], None, None]:
        yield from real(*where, hidden=hidden)
        if (root / "site").is_dir():
            (root / "site").rename(root.parent / "gone")
            if becomes == "a file":
                (root / "site").write_bytes(b"")

    app = DirectoryApp(root, zip_folders=True)
    monkeypatch.setattr(archive, "names_in", names_in)
    monkeypatch.setattr(archive, "status_of", always_there(root))
    refused = await zipped(app)
    assert (refused.status, refused.body) == (
        403, b"403: there is no archive of this folder: it changes while it is read.\n"
    )  # fmt: skip


def always_there(root: Path) -> Any:
    """As `status_of`, but `site` is a folder still: it is renamed right afterwards."""
    real, folder = archive.status_of, (root / "site").stat()

    def status_of(*args: Any, **kwargs: Any) -> Any:
        return folder if args[4] == "site" else real(*args, **kwargs)

    return status_of


async def test_a_member_that_changes_cuts_the_response(root: Path) -> None:
    app = DirectoryApp(root, zip_folders=True)
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if message["type"] == "http.response.start":
            with (root / "film.mp4").open("ab") as file:
                file.write(b"more")

    with nothing_left_open(root), pytest.raises(ResponseError, match=r"film\.mp4"):
        await app(zip_scope(), anyio.sleep_forever, send)
    assert sent[0]["status"] == 200
    assert all(message.get("more_body", True) for message in sent)


async def test_folders_of_other_devices_are_read_by_threads_of_their_own(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = str(root / "sub")
    turns: list[int | None] = []
    real = turn.in_thread

    async def in_thread(work: Any, kind: Kind, device: int | None) -> Any:
        turns.append(device)
        return await real(work, kind, device)

    monkeypatch.setattr(archive, "mounted_at", lambda path: 1 if path == far else None)
    monkeypatch.setattr(
        archive, "device_of", lambda path: 7 if f"{path}/".startswith(f"{far}/") else 5
    )
    monkeypatch.setattr(turn, "in_thread", in_thread)
    (root / "zzz").mkdir()
    found = contents_of(await zipped(DirectoryApp(root, zip_folders=True)))
    assert turns == [5, 7, 5]
    assert "sub/deep/song.mp3" in found
    assert "zzz/" in found


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
        assert await anyio.to_thread.run_sync(self._news.acquire, True, SECONDS)


async def test_many_at_once_are_put_off_and_end_when_their_clients_leave(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = Endless()
    monkeypatch.setattr(archive, "names_in", endless)
    monkeypatch.setattr(turn, "_TURNS", Kind("turns in a hurry", threads=2, patience=0.05))
    served = DirectoryApp(root, zip_folders=True, max_zip_entries=1 << 40)
    with anyio.fail_after(SECONDS):
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(zipped, served)
            for _ in range(2):
                await endless.until_begun()
            put_off = await zipped(served)
            assert (put_off.status, put_off["retry-after"]) == (503, "1")
            group.cancel_scope.cancel()
    await until(lambda: endless.begun == endless.ended == 2)


async def test_the_reading_ends_when_the_client_leaves(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = Endless()
    monkeypatch.setattr(archive, "names_in", endless)
    sent: list[Any] = []

    async def receive() -> Any:
        await endless.until_begun()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    app = DirectoryApp(root, zip_folders=True, max_zip_entries=1 << 40)
    for served in (app, RangeMiddleware(app)):
        with anyio.fail_after(SECONDS):
            await served(zip_scope(), receive, send)
    assert sent == []
    await until(lambda: endless.begun == endless.ended == 2)


async def test_files_without_a_time_have_no_tag(root: Path) -> None:
    os.utime(root / "a.txt", (1, 1))
    answer = await zipped(DirectoryApp(root, zip_folders=True))
    assert (answer.get("etag"), answer.get("last-modified")) == (None, None)


async def test_members_have_the_times_of_their_files(root: Path) -> None:
    os.utime(root / "a.txt", (0, 1_700_000_000))
    answer = await zipped(DirectoryApp(root, zip_folders=True))
    with zipfile.ZipFile(io.BytesIO(answer.body)) as opened:
        moment = datetime.fromtimestamp(1_700_000_000, timezone.utc)
        assert opened.getinfo("a.txt").date_time == moment.timetuple()[:6]


@pytest.mark.parametrize(
    ("names", "field"),
    [
        pytest.param((), "attachment; filename=files.zip", id="the root"),
        pytest.param(("a", "b c"), 'attachment; filename="b c.zip"', id="a space"),
        pytest.param(('a"b;c',), 'attachment; filename="a\\"b;c.zip"', id="a quote"),
        pytest.param(
            ("ü\r\n",),
            "attachment; filename=___.zip; filename*=UTF-8''%C3%BC%0D%0A.zip",
            id="beyond ASCII",
        ),
        pytest.param((os.fsdecode(b"\xff"),), "attachment; filename=%FF.zip", id="no UTF-8"),
    ],
)
def test_content_disposition(names: tuple[str, ...], field: str) -> None:
    assert content_disposition(names) == field.encode()


def test_a_folder_that_is_gone(root: Path) -> None:
    tree = archive.Tree(str(root.resolve()), ("gone",), str(root), hidden=False, most=100)
    with pytest.raises(FileNotFoundError):
        tree.read(turn.Client())
