"""Archives and joined sources under WSGI: the same bytes as under ASGI, nothing left open."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.descriptors import open_files
from support.parts import read_parts
from support.wsgi import Reply, ask

from rangeserve import Limits, ResponseError
from rangeserve.sources import (
    BytesSource,
    CallableSource,
    ConcatSource,
    OpenFileSource,
    ZipMember,
    ZipSource,
)
from rangeserve.sources import open_zip as open_zip_async
from rangeserve.wsgi import RangeMiddleware, hand_over, open_zip


class Counting:
    """A source that counts what is read of it, and may fail."""

    last_modified = content_type = None
    etag = '"v1"'

    def __init__(self, size: int, gives: int | None = None) -> None:
        self.size = size
        self.gives = size if gives is None else gives
        self.reads = self.closed = 0

    async def read(self, start: int, stop: int) -> Any:
        for chunk in self.read_blocking(start, stop):
            yield chunk

    def read_blocking(self, start: int, stop: int) -> Iterator[bytes]:
        self.reads += 1
        end = min(stop, self.gives)
        for place in range(start, end, 10):
            yield bytes(each % 251 for each in range(place, min(place + 10, end)))
        yield b"+" * max(self.gives - self.size, 0)

    def close(self) -> None:
        self.closed += 1


def serves(source: Any, **options: Any) -> RangeMiddleware:
    def app(environ: Any, start_response: Any) -> Any:
        hand_over(environ, source)
        start_response("200 OK", [])
        return []

    return RangeMiddleware(app, **options)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "one").write_bytes(b"1" * 100_000)
    (tmp_path / "two").write_bytes(bytes(place % 251 for place in range(200_000)))
    yield tmp_path
    assert open_files(str(tmp_path)) == []


def members(folder: Path) -> dict[str, Any]:
    return {
        "one": folder / "one",
        "empty/": None,
        "deep/two": str(folder / "two"),
        "text": BytesSource(b"text", etag='"t"'),
    }


async def read_async(source: Any, start: int, stop: int) -> bytes:
    async with aclosing(source.read(start, stop)) as chunks:
        return b"".join([chunk async for chunk in chunks])


def read(source: Any, start: int = 0, stop: int | None = None) -> bytes:
    return b"".join(source.read_blocking(start, source.size if stop is None else stop))


def test_an_archive_is_what_it_is_under_asgi(folder: Path) -> None:
    async def whole() -> tuple[str | None, bytes]:
        archive = await open_zip_async(members(folder))
        return archive.etag, await read_async(archive, 0, archive.size)

    etag, content = anyio.run(whole)
    archive = open_zip(members(folder))
    assert archive.etag == etag is not None
    assert read(archive, 150_000, 250_000) == content[150_000:250_000]
    assert read(archive) == content
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None


def test_the_directory_first(folder: Path) -> None:
    (folder / "one").write_bytes(os.urandom(1000))  # whose CRC-32 nobody knows yet
    archive = open_zip(members(folder))
    with zipfile.ZipFile(io.BytesIO(read(archive))) as opened:
        again = open_zip(members(folder))
        tail = read(again, again.size - 400)
        assert tail == read(archive)[-400:]
        assert opened.testzip() is None


@pytest.mark.parametrize("first", ["the whole", "the directory", "the middle"])
def test_a_crc_is_made_of_many_chunks(first: str) -> None:
    source = Counting(1000)
    archive = ZipSource([ZipMember("a", source)])
    if first == "the directory":
        read(archive, archive.size - 50)
    elif first == "the middle":
        read(archive, 0, 500)
        read(archive, 400, 700)
    with zipfile.ZipFile(io.BytesIO(read(archive))) as opened:
        assert opened.testzip() is None
    before = source.reads
    read(archive, archive.size - 50)
    assert source.reads == before  # its CRC-32 is known


def test_a_crc_that_is_given_and_an_iterator_that_cannot_be_closed() -> None:
    source = CallableSource(lambda start, stop: iter([b"12345"[start:stop]]), 5)
    crc = zlib.crc32(b"12345")
    archive = ZipSource([ZipMember("given", source, crc32=crc), ZipMember("made", source)])
    with zipfile.ZipFile(io.BytesIO(read(archive))) as opened:
        assert opened.testzip() is None
        assert [info.CRC for info in opened.infolist()] == [crc, crc]


class TestOverTheMiddleware:
    def test_a_range_and_several(self, folder: Path) -> None:
        content = read(open_zip(members(folder)))
        reply = ask(serves(open_zip(members(folder))), headers=[("Range", "bytes=99000-101999")])
        assert (reply.status, reply.body) == (206, content[99_000:102_000])
        asked = [("Range", "bytes=10-19,-30,150000-150009")]
        reply = ask(serves(open_zip(members(folder))), headers=asked)
        parts = read_parts(reply["content-type"], reply.body)
        assert [part.body for part in parts] == [
            content[10:20],
            content[-30:],
            content[150_000:150_010],
        ]

    @pytest.mark.parametrize(
        ("method", "headers", "status"),
        [
            pytest.param("HEAD", [], 200, id="HEAD"),
            pytest.param("GET", [("If-None-Match", "*")], 304, id="304"),
            pytest.param("GET", [("If-Match", '"old"')], 412, id="412"),
            pytest.param("GET", [("Range", "bytes=999999-")], 416, id="416"),
        ],
    )
    def test_nothing_is_read_for_no_body(self, method: str, headers: Any, status: int) -> None:
        source = Counting(1000)
        archive = ZipSource([ZipMember("a", source), ZipMember("b", source)])
        reply = ask(serves(archive), method, headers)
        assert (reply.status, reply.body, source.reads, source.closed) == (status, b"", 0, 1)
        assert reply["etag"] == archive.etag

    def test_a_cap(self, folder: Path) -> None:
        capped = serves(open_zip(members(folder)), limits=Limits(max_body_size=50_000))
        assert ask(capped).status == 501
        reply = ask(capped, headers=[("Range", "bytes=100-")])
        assert (reply.status, len(reply.body)) == (206, 50_000)

    @pytest.mark.parametrize("take", range(1, 6))
    def test_a_client_that_leaves(self, folder: Path, take: int) -> None:
        source = Counting(1_000_000)
        archive = open_zip({**members(folder), "counted": source})
        reply = ask(serves(archive), take=take)
        assert (len(reply.chunks), reply.raised, source.closed) == (take, None, 1)

    @pytest.mark.parametrize("gives", [0, 999, 1001])
    @pytest.mark.parametrize("joined", [False, True])
    def test_a_source_that_gives_another_number_of_bytes(self, gives: int, joined: bool) -> None:
        source = Counting(1000, gives)
        rest = BytesSource(b"rest", etag='"r"')
        composed: Any = ConcatSource([source, rest])
        if not joined:
            composed = ZipSource([ZipMember("a", source), ZipMember("b", rest)])
        reply = ask(serves(composed))
        assert isinstance(reply.raised, ResponseError)
        assert (
            f"gives {gives - 1000} bytes" in str(reply.raised)
            if gives > 1000
            else (f"ends {1000 - gives} bytes" in str(reply.raised))
        )
        assert not reply.looks_complete
        assert source.closed == 1


def fails(reply: Reply) -> str:
    assert isinstance(reply.raised, ResponseError)
    assert not reply.looks_complete
    return str(reply.raised)


@pytest.mark.parametrize("method", ["written to", "replaced by a folder", "removed"])
@pytest.mark.parametrize("field", ["bytes=0-50000", "bytes=-10", "bytes=-200"])
def test_a_file_that_changes_is_cut(folder: Path, method: str, field: str) -> None:
    (folder / "one").write_bytes(os.urandom(100_000))
    archive = open_zip({"one": folder / "one"})
    if method == "written to":
        (folder / "one").write_bytes(b"other")
    else:
        (folder / "one").unlink()
    if method == "replaced by a folder":
        (folder / "one").mkdir()
    reply = ask(serves(archive), headers=[("Range", field)])
    if field == "bytes=-10":
        assert reply.status == 206  # the end of the archive has nothing of the file
    else:
        assert "one" in fails(reply)


def test_a_source_whose_size_changes_is_cut() -> None:
    source = BytesSource(b"12345", etag='"v1"')
    joined = ConcatSource([source, source])
    source.size = 4
    assert "has changed" in fails(ask(serves(joined)))


async def generated(start: int, stop: int) -> Any:
    yield b""


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda source: ConcatSource([BytesSource(b""), source]), id="joined"),
        pytest.param(lambda source: open_zip({"a": source, "b/": None}), id="an archive"),
        pytest.param(
            lambda source: ConcatSource([open_zip({"a": ConcatSource([source])})]), id="deep"
        ),
    ],
)
def test_a_member_that_needs_an_event_loop_is_refused(make: Any) -> None:
    composed = make(CallableSource(generated, 5))
    reply = ask(serves(composed))
    kind = type(composed).__name__
    assert isinstance(reply.raised, TypeError)
    assert str(reply.raised) == f"this {kind} has an async part, which WSGI cannot await"
    assert not make(BytesSource(b"12345")).needs_loop


def test_each_is_closed_once_also_if_one_fails(folder: Path) -> None:
    class Broken(Counting):
        def close(self) -> None:
            super().close()
            raise OSError("broken")

    sources = [Broken(1), Counting(1), OpenFileSource((folder / "one").open("rb"), close=True)]
    joined = ConcatSource([*sources, *sources])
    with pytest.raises(OSError, match="broken"):
        joined.close()
    assert [source.closed for source in sources[:2]] == [1, 1]  # type: ignore[union-attr]


@given(st.data())
def test_joined_sources_are_read_as_under_asgi(data: st.DataObject) -> None:
    pieces = data.draw(st.lists(st.binary(max_size=30), max_size=6))
    joined = ConcatSource([BytesSource(piece, etag='"e"') for piece in pieces])
    archive = ZipSource(
        ZipMember(f"{place}", BytesSource(piece, etag='"e"')) for place, piece in enumerate(pieces)
    )
    for source in (joined, archive):
        start = data.draw(st.integers(0, source.size))
        stop = data.draw(st.integers(start, source.size))
        whole = anyio.run(read_async, source, 0, source.size)
        assert read(source, start, stop) == whole[start:stop]
