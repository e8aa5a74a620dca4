"""A ZIP archive that is never built."""

from __future__ import annotations

import io
import os
import random
import threading
import zipfile
import zlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.content import numbered
from support.descriptors import nothing_left_open
from support.driver import ask
from support.reading import SeekableSource, read_of
from support.waiting import until

from rangeserve import ResponseError, Source, serve
from rangeserve.sources import (
    BytesSource,
    CallableSource,
    SourceUnavailable,
    ZipMember,
    ZipSource,
    content_etag,
    crc32,
    open_zip,
    planned,
    threads,
)
from rangeserve.sources import zip as zip_module

pytestmark = pytest.mark.anyio

THEN = datetime(2024, 5, 6, 7, 8, 10, tzinfo=timezone.utc)


def member(name: str, content: bytes, **facts: Any) -> ZipMember:
    return ZipMember(name, BytesSource(content, etag=content_etag(content)), **facts)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of many sizes, none of them seen before."""
    content = random.Random(str(tmp_path))
    for number, size in enumerate([0, 1, 100, 70_000, 3, 300_000, 65_536, 0, 1000]):
        (tmp_path / f"{number}.bin").write_bytes(content.randbytes(size))
    return tmp_path


def paths_of(folder: Path) -> dict[str, Path]:
    return {f"files/{path.name}": path for path in sorted(folder.iterdir())}


def contents_of(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


class Counting(BytesSource):
    """Bytes that count how much of them is read."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content, etag=content_etag(content))
        self.given = 0

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        self.given += stop - start
        async with aclosing(super().read(start, stop)) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                yield chunk


archives = st.lists(st.tuples(st.binary(max_size=10), st.booleans()), max_size=6)


@given(archives, st.data())
def test_any_window_is_that_of_the_whole(contents: list[tuple[bytes, bool]], data: Any) -> None:
    def archive() -> ZipSource:
        return ZipSource(
            member(f"{number}", content, crc32=zlib.crc32(content) if known else None)
            for number, (content, known) in enumerate(contents)
        )

    whole = anyio.run(read_of, archive())
    assert archive().size == len(whole)
    assert list(contents_of(whole).values()) == [content for content, _ in contents]
    start = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(start, len(whole)))
    assert anyio.run(read_of, archive(), start, stop) == whole[start:stop]


async def test_files_and_other_sources(folder: Path) -> None:
    paths = paths_of(folder)
    source = await open_zip({"ünï/": None, **paths, "note": BytesSource(b"hello")})
    with nothing_left_open(folder):
        whole = await read_of(source)
    assert len(whole) == source.size
    expected = {name: path.read_bytes() for name, path in paths.items()}
    assert contents_of(whole) == {"ünï/": b"", **expected, "note": b"hello"}
    # Each window has the same bytes, whoever has computed what before.
    chosen = random.Random(5)
    for _ in range(40):
        start = chosen.randrange(source.size)
        stop = chosen.randrange(start, source.size) + 1
        again = await open_zip({"ünï/": None, **paths, "note": BytesSource(b"hello")})
        assert await read_of(again, start, stop) == whole[start:stop]


async def test_nothing_and_folders_make_an_archive() -> None:
    nothing = ZipSource([])
    assert (nothing.size, contents_of(await read_of(nothing))) == (22, {})
    folders = ZipSource([ZipMember("a/"), ZipMember("a/b/", modified=THEN)])
    assert contents_of(await read_of(folders)) == {"a/": b"", "a/b/": b""}


async def test_the_tag_and_the_time(folder: Path) -> None:
    paths = paths_of(folder)
    source = await open_zip(paths)
    assert source.etag == (await open_zip(paths)).etag
    assert source.etag is not None
    assert source.etag.startswith('"zip-')
    newest = max(int(path.stat().st_mtime) for path in folder.iterdir())
    assert source.last_modified == datetime.fromtimestamp(newest, timezone.utc)
    assert source.content_type == "application/zip"
    path = folder / "8.bin"
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert (await open_zip(paths)).etag != source.etag


async def test_whatever_changes_the_bytes_changes_the_tag() -> None:
    content = b"content"
    crc = zlib.crc32(content)
    archives = [
        ZipSource([member("a", content)]),
        ZipSource([member("b", content)]),
        ZipSource([member("a", content + b"s")]),
        ZipSource([member("a", content, modified=THEN)]),
        ZipSource([member("a", content, crc32=crc)]),  # which needs no descriptor
        ZipSource([member("a", content), ZipMember("b/")]),
        ZipSource([ZipMember("b/"), member("a", content)]),
    ]
    assert len({archive.etag for archive in archives}) == len(archives)


@pytest.mark.parametrize("etag", [None, 'W/"a"'])
async def test_a_member_without_a_strong_tag_leaves_the_archive_without(etag: str | None) -> None:
    weak = ZipMember("weak", BytesSource(b"x", etag=etag))
    assert ZipSource([member("a", b"x"), weak]).etag is None


@pytest.mark.parametrize(
    ("make", "why"),
    [
        pytest.param(lambda: member("../a", b""), "relative", id="an unsafe name"),
        pytest.param(lambda: member("a/", b""), "folder", id="a folder with a source"),
        pytest.param(lambda: ZipMember("a"), "folder", id="a file without a source"),
        pytest.param(lambda: member("a", b"", crc32=-1), "CRC", id="a negative CRC-32"),
        pytest.param(lambda: member("a", b"", crc32=1 << 32), "CRC", id="a large CRC-32"),
        pytest.param(
            lambda: ZipSource([member("a", b""), member("a", b"")]), "same", id="a name twice"
        ),
    ],
)
def test_what_is_refused(make: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        make()


async def test_a_member_has_the_time_of_its_source_or_its_own() -> None:
    dated = BytesSource(b"x", last_modified=THEN.replace(tzinfo=None))
    later = datetime(2025, 1, 2, 3, 4, 6)
    source = ZipSource([ZipMember("a", dated), ZipMember("b", dated, modified=later)])
    assert source.last_modified == later.replace(tzinfo=timezone.utc)
    with zipfile.ZipFile(io.BytesIO(await read_of(source))) as archive:
        first, second = archive.infolist()
    assert first.date_time == (2024, 5, 6, 7, 8, 10)
    assert second.date_time == (2025, 1, 2, 3, 4, 6)


async def test_a_seek_reads_what_it_is_asked_for_and_no_crc_is_computed() -> None:
    large, other = Counting(numbered(500_000)), Counting(numbered(400_000))
    source = ZipSource([ZipMember("large", large), ZipMember("other", other)])
    await read_of(source, 400_000, 400_010)
    assert (large.given, other.given) == (10, 0)


async def test_a_whole_archive_is_read_once() -> None:
    sources = [Counting(numbered(300_000)), Counting(b"x"), Counting(b"")]
    source = ZipSource(ZipMember(f"{place}", each) for place, each in enumerate(sources))
    await read_of(source)
    assert [each.given for each in sources] == [300_000, 1, 0]
    await read_of(source, source.size - 200, source.size)  # its directory: all is known by now
    assert [each.given for each in sources] == [300_000, 1, 0]


async def test_a_resumed_archive_goes_on_with_the_crc() -> None:
    large = Counting(numbered(1_000_000))
    source = ZipSource([ZipMember("large", large)])
    first = await read_of(source, 0, 600_000)
    rest = await read_of(source, 600_000, source.size)
    assert contents_of(first + rest) == {"large": numbered(1_000_000)}
    assert large.given == 1_000_000


async def test_the_directory_alone_reads_every_member_whose_crc_is_not_given() -> None:
    one, two = Counting(numbered(10_000)), Counting(numbered(20_000))
    given_crc = zlib.crc32(numbered(20_000))
    source = ZipSource([ZipMember("one", one), ZipMember("two", two, crc32=given_crc)])
    await read_of(source, source.size - 22, source.size)  # the end has none
    assert (one.given, two.given) == (0, 0)
    await read_of(source, source.size - 60, source.size)  # the header of the second
    assert (one.given, two.given) == (0, 0)
    await read_of(source, source.size - 100, source.size)
    assert (one.given, two.given) == (10_000, 0)


async def test_crcs_of_files_outlive_the_source(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = paths_of(folder)
    whole = await read_of(await open_zip(paths))

    def fail(files: object) -> None:
        raise AssertionError("a file is read again")

    monkeypatch.setattr(zip_module, "add_to_each", fail)
    again = await open_zip(paths)
    assert await read_of(again, again.size - 500, again.size) == whole[-500:]


async def test_crcs_of_files_are_computed_many_in_a_turn(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[int] = []

    def counted(files: list[Any]) -> None:
        turns.append(len(files))
        planned.add_to_each(files)

    monkeypatch.setattr(zip_module, "add_to_each", counted)
    monkeypatch.setattr(planned, "_TURN_BYTES", 200_000)
    source = await open_zip(paths_of(folder))
    tail = await read_of(source, source.size - 700, source.size)
    assert turns == [7, 3, 2]  # the first turn ends within the file of 300,000 bytes
    assert (await read_of(source))[-700:] == tail


@pytest.mark.parametrize("when", ["before", "while it is read"])
async def test_a_member_that_changes_cuts_the_response(folder: Path, when: str) -> None:
    path = folder / "5.bin"
    source = await open_zip(paths_of(folder))

    def change() -> None:
        with path.open("r+b") as file:
            file.write(b"other bytes")

    if when == "before":
        change()
    got = b""

    async def read() -> None:
        nonlocal got
        async with aclosing(source.read(0, source.size)) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                got += chunk
                if when != "before" and len(got) > 150_000:
                    change()

    with nothing_left_open(folder), pytest.raises(ResponseError, match=r"5\.bin"):
        await read()
    assert len(got) < source.size
    # The directory cannot be had either: the CRC-32 would be that of other bytes.
    with pytest.raises(ResponseError):
        await read_of(source, source.size - 700, source.size)
    new = await open_zip(paths_of(folder))
    assert new.etag != source.etag
    assert contents_of(await read_of(new))["files/5.bin"] == path.read_bytes()


async def test_a_missing_member_cuts_the_response(folder: Path) -> None:
    source = await open_zip(paths_of(folder))
    (folder / "5.bin").unlink()
    for start in (0, source.size - 700):
        with pytest.raises(ResponseError):
            await read_of(source, start, source.size)


async def test_a_source_that_ends_early_cuts_the_response() -> None:
    async def short(start: int, stop: int) -> AsyncIterator[bytes]:
        yield bytes(stop - start - 1)

    source = ZipSource([ZipMember("a", CallableSource(short, 10)), member("b", b"x")])
    for start in (0, source.size - 200):
        with pytest.raises(ResponseError, match="'a' ends 1 bytes too early"):
            await read_of(source, start, source.size)


async def test_a_client_that_leaves_ends_the_computing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = 0
    go = threading.Event()

    def one_turn(files: list[Any]) -> None:
        nonlocal turns
        turns += 1
        go.wait(30)
        planned.add_to_each(files)

    monkeypatch.setattr(zip_module, "add_to_each", one_turn)
    monkeypatch.setattr(planned, "_TURN_BYTES", 1000)
    source = await open_zip(paths_of(folder))
    with nothing_left_open(folder):
        async with anyio.create_task_group() as group:
            group.start_soon(read_of, source, source.size - 60, source.size)
            await until(lambda: turns == 1)
            group.cancel_scope.cancel()
        go.set()
        await read_of(source, 0, 10)
    assert turns == 1


async def test_without_a_thread_for_the_computing_the_response_is_cut(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none_is_free(work: object, kind: threads.Kind, device: int | None) -> None:
        raise SourceUnavailable(503, f"no thread for {kind.name}")

    source = await open_zip(paths_of(folder))
    monkeypatch.setattr(zip_module, "in_thread", none_is_free)
    with pytest.raises(ResponseError, match="no thread for hashes"):
        await read_of(source, source.size - 60, source.size)


async def test_what_can_be_closed_is_closed() -> None:
    class Closing(BytesSource):
        closed = 0

        async def aclose(self) -> None:
            self.closed += 1

    one = Closing(b"x")
    source = ZipSource([ZipMember("a/"), ZipMember("b", one), ZipMember("c", one)])
    await source.aclose()
    assert one.closed == 1


async def test_paths_that_cannot_be_looked_at(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await open_zip({"a": tmp_path / "none"})
    with pytest.raises(ResponseError, match="not a regular file"):
        await open_zip({"a": tmp_path})


async def test_it_is_served_with_ranges_and_preconditions(folder: Path) -> None:
    async def find(scope: Any) -> Source:
        return await open_zip(paths_of(folder))

    app = serve(find)
    whole = await ask(app)
    assert (whole.status, whole["content-type"]) == (200, "application/zip")
    assert contents_of(whole.body).keys() == paths_of(folder).keys()
    part = await ask(app, headers=[("Range", "bytes=80000-80099"), ("If-Range", whole["etag"])])
    assert (part.status, part.body) == (206, whole.body[80_000:80_100])
    parts = await ask(app, headers=[("Range", "bytes=0-9,90000-90009,-10")])
    assert parts.status == 206
    assert (await ask(app, headers=[("If-None-Match", whole["etag"])])).status == 304


async def test_zipfile_reads_one_member_without_the_others(folder: Path) -> None:
    source = await open_zip(paths_of(folder))
    await read_of(source)

    def read_one() -> tuple[bytes, int]:
        file = SeekableSource(source)
        with zipfile.ZipFile(file) as archive:  # type: ignore[arg-type]
            return archive.read("files/2.bin"), file.bytes_read

    content, read = await anyio.to_thread.run_sync(read_one)
    assert content == (folder / "2.bin").read_bytes()
    assert read < 10_000


async def test_the_progress_of_a_file_is_that_of_its_identity(folder: Path) -> None:
    source = await open_zip(paths_of(folder))
    await read_of(source, 0, 100_000)
    path = folder / "3.bin"
    known = crc32.progress_of(planned.identity_of(path.stat()))
    assert known.result(70_000) == zlib.crc32(path.read_bytes())
