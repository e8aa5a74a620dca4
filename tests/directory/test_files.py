"""`DirectoryApp`: which file is served, and with which fields."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from support.driver import ask
from support.targets import BODY, get, scope_of

from rangeserve.directory import DirectoryApp
from rangeserve.directory.beneath import Entry
from rangeserve.directory.listing import make_page

pytestmark = pytest.mark.anyio


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


async def test_a_server_that_sends_paths_is_not_given_one(root: Path) -> None:
    scope = scope_of("/film.mp4", extensions={"http.response.pathsend": {}})
    answer = await ask(DirectoryApp(root), scope=scope)
    assert answer.body == BODY  # the file that was opened, and not what its name leads to by now
