"""Coded siblings of a file: which is sent, its fields, and never one that is not meant."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from support.driver import ask
from support.targets import get, scope_of

from rangeserve import RangeMiddleware, Reason, ResponseFinished
from rangeserve.directory import DirectoryApp, lookup

pytestmark = pytest.mark.anyio

SCRIPT = b"console.log('hello')\n" * 500
CODED = {"br": b"by brotli", "zstd": b"coded by zstd", "gzip": gzip.compress(SCRIPT)}
TIME = 1_700_000_000
BROWSER = ("Accept-Encoding", "gzip, deflate, br, zstd")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A script with its codings, all of one time as tools leave them, and files without any."""
    site = tmp_path / "site"
    (site / "sub").mkdir(parents=True)
    files = {
        "app.js": SCRIPT,
        "app.js.br": CODED["br"],
        "app.js.zst": CODED["zstd"],
        "app.js.gz": CODED["gzip"],
        "plain.js": SCRIPT,
        "data.csv.gz": b"of itself",
        "sub/index.html": b"<h1>home</h1>",
        "sub/index.html.gz": b"home, coded",
    }
    for name, content in files.items():
        (site / name).write_bytes(content)
        os.utime(site / name, (TIME, TIME))
    return site


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [(None, None), ("", None), ("gzip", "gzip"), ("zstd, gzip;q=0.9", "zstd"), ("br, gzip", "br")],
)
async def test_the_coding_that_is_accepted(
    site: Path, accepted: str | None, coding: str | None
) -> None:
    fields = [("Accept-Encoding", accepted)] if accepted is not None else []
    answer = await get(DirectoryApp(site, precompressed=True), "/app.js", *fields)
    assert answer.status == 200
    assert answer.body == (CODED[coding] if coding else SCRIPT)
    assert answer["content-length"] == str(len(answer.body))
    assert answer["content-type"] == "text/javascript; charset=utf-8"
    assert answer["vary"] == "Accept-Encoding"
    assert answer.get("content-encoding") == coding
    assert answer.get("accept-ranges") == (None if coding else "bytes")
    # Of one time for all, only the file itself tells: see below.
    assert (answer.get("last-modified") is None) is (coding is not None)


async def test_several_lines_are_one_field(site: Path) -> None:
    fields = [("Accept-Encoding", "br;q=0"), ("accept-encoding", "gzip")]
    answer = await get(DirectoryApp(site, precompressed=True), "/app.js", *fields)
    assert answer["content-encoding"] == "gzip"


async def test_each_coding_is_revalidated_by_its_own_strong_tag(site: Path) -> None:
    app = DirectoryApp(site, precompressed=True)
    tags: dict[str, str] = {}
    for accepted in ("identity", *CODED):
        tags[accepted] = (await get(app, "/app.js", ("Accept-Encoding", accepted)))["etag"]
    assert len(set(tags.values())) == 4
    assert not any(tag.startswith("W/") for tag in tags.values())
    for accepted in tags:
        for tagged, tag in tags.items():
            fields = [("Accept-Encoding", accepted), ("If-None-Match", tag)]
            answer = await get(app, "/app.js", *fields)
            assert answer.status == (304 if accepted == tagged else 200)
            assert answer["vary"] == "Accept-Encoding"
            assert answer["etag"] == tags[accepted]
            failed = await get(app, "/app.js", ("Accept-Encoding", accepted), ("If-Match", tag))
            assert failed.status == (200 if accepted == tagged else 412)
            assert failed["vary"] == "Accept-Encoding"


async def test_a_range_is_one_of_the_file_itself(site: Path) -> None:
    """No client gets a slice of a coding; whoever joins a slice to one is stopped by its tag."""
    seen: list[ResponseFinished] = []
    app = DirectoryApp(
        site,
        precompressed=True,
        observer=lambda event: seen.append(event) if isinstance(event, ResponseFinished) else None,
    )
    part = await get(app, "/app.js", BROWSER, ("Range", "bytes=10-19"))
    assert (part.status, part.body) == (206, SCRIPT[10:20])
    assert part.get("content-encoding") is None
    assert part["vary"] == "Accept-Encoding"
    assert part["content-range"] == f"bytes 10-19/{len(SCRIPT)}"
    beyond = await get(app, "/app.js", BROWSER, ("Range", "bytes=99999-"))
    assert (beyond.status, beyond["vary"]) == (416, "Accept-Encoding")
    # A download that was broken off in the middle of a coding is begun anew.
    coded = (await get(app, "/app.js", BROWSER))["etag"]
    anew = await get(app, "/app.js", BROWSER, ("Range", "bytes=5-"), ("If-Range", coded))
    assert (anew.status, anew.body) == (200, SCRIPT)
    own = await get(app, "/app.js", BROWSER, ("Range", "bytes=5-"), ("If-Range", part["etag"]))
    assert (own.status, own.body) == (206, SCRIPT[5:])
    only = [("Accept-Encoding", "gzip, identity;q=0"), ("Range", "bytes=5-")]
    whole = await get(app, "/app.js", *only)
    assert (whole.status, whole.body, whole["content-encoding"]) == (200, CODED["gzip"], "gzip")
    assert seen[-1].reason is Reason.CONTENT_CODED


async def test_a_head_says_what_a_get_says(site: Path) -> None:
    app = DirectoryApp(site, precompressed=True, sandbox=True)
    for path in ("/app.js", "/sub/"):
        asked = await get(app, path, BROWSER)
        scope = scope_of(path, "HEAD")
        scope["headers"] = [(b"accept-encoding", BROWSER[1].encode())]
        head = await ask(app, scope=scope)
        assert (head.status, head.headers) == (asked.status, asked.headers)
        assert head.body == b""


async def test_the_index_of_a_folder_is_coded_and_stays_a_page(site: Path) -> None:
    answer = await get(DirectoryApp(site, precompressed=True, sandbox=True), "/sub/", BROWSER)
    assert (answer.body, answer["content-encoding"]) == (b"home, coded", "gzip")
    assert answer["content-type"] == "text/html; charset=utf-8"
    assert answer["content-security-policy"] == "sandbox"


@pytest.mark.parametrize("path", ["/plain.js", "/app.js.gz", "/data.csv.gz", "/", "/none"])
async def test_what_has_no_coding_is_as_ever(site: Path, path: str) -> None:
    answer = await get(DirectoryApp(site, precompressed=True), path, BROWSER)
    bare = await get(DirectoryApp(site), path, BROWSER)
    assert (answer.status, answer.headers, answer.body) == (bare.status, bare.headers, bare.body)
    assert answer.get("vary") is None
    assert answer.get("content-encoding") is None


async def test_nothing_is_negotiated_unless_asked_for(site: Path) -> None:
    answer = await get(DirectoryApp(site), "/app.js", BROWSER)
    assert answer.body == SCRIPT
    assert answer.get("vary") is None


async def test_a_coding_alone_is_no_file(site: Path) -> None:
    app = DirectoryApp(site, precompressed=True)
    assert (await get(app, "/data.csv", BROWSER)).status == 404


async def test_a_coding_that_is_older_is_of_another_state(site: Path) -> None:
    app = DirectoryApp(site, precompressed=True)
    os.utime(site / "app.js.br", (TIME - 1, TIME - 1))
    assert (await get(app, "/app.js", BROWSER))["content-encoding"] == "zstd"
    (site / "app.js").write_bytes(b"changed")
    answer = await get(app, "/app.js", BROWSER)
    assert answer.body == b"changed"
    assert answer.get("vary") is None
    # Some tools copy the time without its fraction.
    os.utime(site / "app.js", (TIME + 0.75, TIME + 0.75))
    assert (await get(app, "/app.js", BROWSER))["content-encoding"] == "zstd"


async def test_only_a_regular_file_is_a_coding(site: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (site / "plain.js.br").mkdir()
    (site / "plain.js.gz").symlink_to("../../secret")
    (site / "plain.js.zst").symlink_to("app.js.zst")
    answer = await get(DirectoryApp(site, precompressed=True), "/plain.js", BROWSER)
    assert answer.body == SCRIPT
    assert answer.get("vary") is None


async def test_a_name_that_is_too_long_with_its_ending(site: Path) -> None:
    name = "a" * 254
    (site / name).write_bytes(b"text")
    answer = await get(DirectoryApp(site, precompressed=True), f"/{name}", BROWSER)
    assert answer.body == b"text"


@pytest.mark.parametrize("becomes", ["nothing", "a folder"])
async def test_a_coding_that_goes_is_not_missed(
    site: Path, monkeypatch: pytest.MonkeyPatch, becomes: str
) -> None:
    """Between the look and the opening."""
    look = lookup.sizes_of_siblings

    def then_replace(*arguments: object) -> dict[str, int]:
        found = look(*arguments)  # type: ignore[arg-type]
        (site / "app.js.br").unlink(missing_ok=True)
        if becomes == "a folder" and not (site / "app.js.br").exists():
            (site / "app.js.br").mkdir()
        return found

    monkeypatch.setattr(lookup, "sizes_of_siblings", then_replace)
    answer = await get(DirectoryApp(site, precompressed=True), "/app.js", BROWSER)
    assert answer["content-encoding"] == "zstd"
    assert answer.body == CODED["zstd"]


async def test_inside_another_middleware(site: Path) -> None:
    app = RangeMiddleware(DirectoryApp(site, precompressed=True))
    answer = await get(app, "/app.js", BROWSER)
    assert (answer.body, answer["content-encoding"]) == (CODED["br"], "br")
    part = await get(app, "/app.js", BROWSER, ("Range", "bytes=0-3"))
    assert (part.status, part.body) == (206, SCRIPT[:4])
