"""The objects under a prefix as a ZIP archive."""

from __future__ import annotations

import io
import random
import zipfile
import zlib
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import obstore
import pytest
from objectstore.proxy import Behaviour, Proxy
from support.driver import ask
from support.pages import blocks
from support.reading import read_of

from rangeserve import ResponseError, serve
from rangeserve.objectstore import archive, open_store, zip_objects
from rangeserve.sources import SourceUnavailable

pytestmark = pytest.mark.anyio


@pytest.fixture
def contents(request: pytest.FixtureRequest) -> dict[str, bytes]:
    """Objects that no other test has, for what is known of them is kept."""
    chosen = random.Random(request.node.nodeid)
    sizes = {"a.bin": 1_500_000, "b/c.bin": 10, "b/empty": 0, "ü x.bin": 70_000}
    return {name: chosen.randbytes(size) for name, size in sizes.items()}


@pytest.fixture(params=["S3", "memory", "folder"])
def stored(
    request: pytest.FixtureRequest, tmp_path: Path, contents: dict[str, bytes]
) -> tuple[Any, str]:
    """A store of each kind, and the prefix of the objects."""
    prefix = f"zip/{random.Random(request.node.nodeid).getrandbits(64):x}"
    if request.param == "S3":
        store = request.getfixturevalue("store")
        direct = request.getfixturevalue("direct")
    else:
        url = "memory:///" if request.param == "memory" else tmp_path.as_uri()
        store = direct = open_store(url)
    for name, content in contents.items():
        obstore.put(direct, f"{prefix}/{name}", content, use_multipart=False)
    return store, prefix


def contents_of(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


async def test_the_objects_are_the_members(
    stored: tuple[Any, str], contents: dict[str, bytes]
) -> None:
    store, prefix = stored
    source = await zip_objects(store, f"/{prefix}/")
    whole = await read_of(source)
    assert contents_of(whole) == contents
    assert (len(whole), source.content_type) == (source.size, "application/zip")
    again = await zip_objects(store, prefix)
    assert (again.etag, again.last_modified) == (source.etag, source.last_modified)
    assert source.etag is not None
    for start, stop in ((0, 10), (700_000, 1_600_000), (source.size - 260, source.size)):
        assert await read_of(again, start, stop) == whole[start:stop]


async def test_it_is_served_with_ranges(
    stored: tuple[Any, str], contents: dict[str, bytes]
) -> None:
    store, prefix = stored
    app = serve(lambda scope: zip_objects(store, prefix))
    whole = await ask(app)
    assert contents_of(whole.body) == contents
    part = await ask(app, headers=[("Range", "bytes=1000000-1000009"), ("If-Range", whole["etag"])])
    assert (part.status, part.body) == (206, whole.body[1_000_000:1_000_010])


async def test_an_object_that_is_overwritten_cuts_the_response(
    stored: tuple[Any, str], contents: dict[str, bytes], direct: Any
) -> None:
    store, prefix = stored
    source = await zip_objects(store, prefix)
    writable = direct if str(store).startswith("S3") else store
    obstore.put(writable, f"{prefix}/a.bin", bytes(1_500_000), use_multipart=False)
    for start in (0, 1_000_000, source.size - 260):
        with pytest.raises(ResponseError):
            await read_of(source, start, source.size)
    assert (await zip_objects(store, prefix)).etag != source.etag


@pytest.mark.parametrize("stored", ["S3"], indirect=True)
async def test_a_seek_asks_for_what_it_sends(
    stored: tuple[Any, str], contents: dict[str, bytes], proxy: Proxy
) -> None:
    store, prefix = stored
    source = await zip_objects(store, prefix)
    proxy.reset()
    await read_of(source, 1_000_000, 1_000_010)
    assert len(proxy.asked) == 1
    # The directory needs each CRC-32, and what was read for one archive is kept for the next.
    await read_of(source, source.size - 260, source.size)
    proxy.reset()
    again = await zip_objects(store, prefix)
    await read_of(again, again.size - 260, again.size)
    assert len(proxy.asked) == 1  # the listing


async def test_crcs_that_somebody_keeps_are_not_computed(
    stored: tuple[Any, str], contents: dict[str, bytes]
) -> None:
    store, prefix = stored

    def known(meta: Any) -> int:
        return zlib.crc32(contents[meta["path"].removeprefix(f"{prefix}/")])

    source = await zip_objects(store, prefix, crc32=known)
    tail = await read_of(source, source.size - 260, source.size)
    with zipfile.ZipFile(io.BytesIO(await read_of(source))) as archive:
        assert archive.testzip() is None
        assert not any(info.flag_bits & 8 for info in archive.infolist())  # no descriptors
    assert (await read_of(source)).endswith(tail)


async def test_too_many_objects(stored: tuple[Any, str]) -> None:
    store, prefix = stored
    await zip_objects(store, prefix, max_entries=4)
    with pytest.raises(ValueError, match="more than 3 objects"):
        await zip_objects(store, prefix, max_entries=3)


async def test_nothing_is_an_empty_archive() -> None:
    source = await zip_objects(open_store("memory:///"), "none")
    assert contents_of(await read_of(source)) == {}


async def test_markers_of_folders_are_folders(direct: Any) -> None:
    for key in ("zip/markers/b/", "zip/markers/b/c"):
        obstore.put(direct, key, b"", use_multipart=False)
    source = await zip_objects(direct, "zip/markers")
    assert contents_of(await read_of(source)) == {"b/": b"", "b/c": b""}


async def test_hidden_files_and_what_is_no_file_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / ".b").write_bytes(b"b")
    (tmp_path / ".c").mkdir()
    (tmp_path / ".c" / "d").write_bytes(b"d")
    store = open_store(tmp_path.as_uri())
    assert contents_of(await read_of(await zip_objects(store))) == {"a": b"a"}
    shown = await read_of(await zip_objects(store, hidden=True))
    assert contents_of(shown) == {"a": b"a", ".b": b"b", ".c/d": b"d"}
    source = await zip_objects(store)
    (tmp_path / "a").unlink()
    (tmp_path / "a").symlink_to(".b")
    with pytest.raises(ResponseError, match="no object any more"):
        await read_of(source)


@pytest.mark.parametrize(
    ("listed", "got", "same"),
    [
        pytest.param("0x8D", '"0x8D"', True, id="Azure lists tags without quotes"),
        pytest.param('"a"', '"a"', True, id="as it was"),
        pytest.param('"a"', '"b"', False, id="another tag"),
        pytest.param(None, None, True, id="no tags, the same second"),
    ],
)
async def test_what_is_listed_is_compared_with_what_is_got(
    listed: str | None, got: str | None, same: bool
) -> None:
    moment = datetime(2024, 5, 6, 7, 8, 9, 123_000, tzinfo=timezone.utc)
    meta: Any = {
        "path": "a", "size": 3, "e_tag": listed, "last_modified": moment, "version": None
    }  # fmt: skip
    source = archive._ListedObject(open_store("memory:///"), meta, 5.0, hidden=False)
    later = {
        **meta, "e_tag": got, "version": "7", "last_modified": moment.replace(microsecond=0)
    }  # fmt: skip
    assert (source._version_of(archive._Listed(later)) == source._version) is same
    assert source._if_match is None or source._if_match.endswith('"')


async def test_a_store_that_fails(
    store: Any, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.behave(Behaviour(status=403))
    with pytest.raises(SourceUnavailable) as caught:
        await zip_objects(store, "zip")
    assert caught.value.status == 502
    assert "'zip'" in caplog.text


async def test_the_example_of_the_page() -> None:
    """The block of docs/archives.md that needs a store: it is given another one."""
    page = Path(__file__).parents[2] / "docs" / "archives.md"
    names: dict[str, Any] = {"__name__": "archives"}
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.mark == "run by: tests/objectstore/test_archive.py":
            exec(compile(block.code, str(page), "exec", dont_inherit=True), names)
    names["store"] = open_store("memory:///")
    obstore.put(names["store"], "films/season-1/1.mp4", b"one")
    answer = await ask(names["app"])
    assert contents_of(answer.body) == {"1.mp4": b"one"}
