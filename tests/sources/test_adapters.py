"""The adapters: an open file object, a callable, a path; and what a source may not do."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.driver import ask

from rangeserve import RangeMiddleware, ResponseError, hand_over, serve, stat_etag
from rangeserve.core.ranges import ByteRange
from rangeserve.objectstore.side_by_side import side_by_side
from rangeserve.sources import (
    BytesSource,
    CallableSource,
    Closable,
    OpenFileSource,
    ReadsSideBySide,
    Source,
    file_content_etag,
    open_path,
)
from rangeserve.sources.media_type import guess_media_type

pytestmark = pytest.mark.anyio

CONTENT = b"".join(b"%07d\n" % number for number in range(100_000))  # 800,000 bytes


# An open file object


async def test_a_file_object_is_read_from_any_offset() -> None:
    app = serve(OpenFileSource(BytesIO(CONTENT), content_type="text/plain"))
    assert (await ask(app)).body == CONTENT
    part = await ask(app, headers=[("Range", "bytes=300000-700000")])
    assert (part.status, part.body) == (206, CONTENT[300000:700001])


async def test_a_compressed_file_is_served_by_its_plain_offsets(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.gz", "wb", compresslevel=1) as out:
        out.write(CONTENT)
    with gzip.open(tmp_path / "a.gz") as file:
        answer = await ask(serve(OpenFileSource(file)), headers=[("Range", "bytes=-16")])
    assert answer.body == CONTENT[-16:]


async def test_requests_share_a_file_object_without_mixing(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    with path.open("rb", buffering=0) as file:
        app = serve(OpenFileSource(file))
        bodies: dict[int, bytes] = {}

        async def one(start: int) -> None:
            answer = await ask(app, headers=[("Range", f"bytes={start}-{start + 399_999}")])
            bodies[start] = answer.body

        async with anyio.create_task_group() as group:
            for start in range(0, 400_000, 50_000):
                group.start_soon(one, start)
    assert bodies == {start: CONTENT[start : start + 400_000] for start in bodies}
    assert len(bodies) == 8


async def test_a_file_object_that_ends_early_is_found_out() -> None:
    with pytest.raises(ResponseError, match="ends at 800000"):
        await ask(serve(OpenFileSource(BytesIO(CONTENT), size=len(CONTENT) + 1)))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("close", [True, False])
async def test_a_file_object_is_closed_if_that_was_asked_for(method: str, close: bool) -> None:
    files: list[BytesIO] = []

    def factory(scope: Any) -> Source:
        files.append(BytesIO(CONTENT))
        return OpenFileSource(files[-1], close=close)

    assert (await ask(serve(factory), method)).status == 200
    assert [file.closed for file in files] == [close]


# A callable


async def test_a_callable_is_asked_for_the_range_alone() -> None:
    asked: list[tuple[int, int]] = []

    async def read(start: int, stop: int) -> AsyncIterator[bytes]:
        asked.append((start, stop))
        for position in range(start, stop, 1000):
            yield CONTENT[position : min(position + 1000, stop)]

    app = serve(CallableSource(read, len(CONTENT), etag='"v1"'))
    answer = await ask(app, headers=[("Range", "bytes=700000-700009,5-9")])
    assert answer.status == 206
    assert asked == [(700000, 700010), (5, 10)]
    assert CONTENT[700000:700010] in answer.body
    asked.clear()
    assert (await ask(app, headers=[("If-None-Match", '"v1"')])).status == 304
    assert asked == []


async def short(start: int, stop: int) -> AsyncIterator[bytes]:
    yield CONTENT[start : stop - 1]


async def long(start: int, stop: int) -> AsyncIterator[bytes]:
    yield CONTENT[start:stop]
    yield b"?"


async def long_at_once(start: int, stop: int) -> AsyncIterator[bytes]:
    yield CONTENT[start:stop] + b"?"


async def nothing(start: int, stop: int) -> AsyncIterator[bytes]:
    return
    yield b""


async def broken(start: int, stop: int) -> AsyncIterator[bytes]:
    yield CONTENT[start : start + 10]
    raise OSError("the disk is gone")


@pytest.mark.parametrize(
    ("read", "error"),
    [
        pytest.param(short, ResponseError, id="one byte too few"),
        pytest.param(long, ResponseError, id="a chunk too many"),
        pytest.param(long_at_once, ResponseError, id="one byte too many"),
        pytest.param(nothing, ResponseError, id="nothing at all"),
        pytest.param(broken, OSError, id="an error"),
    ],
)
@pytest.mark.parametrize("headers", [[], [("Range", "bytes=5-104")]], ids=["whole", "a range"])
async def test_what_a_source_does_wrong_cuts_the_connection(
    read: Any, error: type[Exception], headers: list[tuple[str, str]]
) -> None:
    messages: list[dict[str, Any]] = []

    async def note(message: dict[str, Any]) -> None:
        messages.append(message)

    with pytest.raises(error):
        await ask(serve(CallableSource(read, 1000)), headers=headers, on_send=note)
    assert messages[0]["type"] == "http.response.start"
    assert all(message["more_body"] for message in messages[1:])  # never looks complete


async def test_the_iterator_is_closed_when_the_client_leaves() -> None:
    closed: list[int] = []

    async def read(start: int, stop: int) -> AsyncIterator[bytes]:
        position = start
        try:
            while position < stop:
                yield bytes(1000)
                position += 1000
                await anyio.lowlevel.checkpoint()
        finally:
            closed.append(position)

    await ask(serve(CallableSource(read, 10_000_000)), leave_after=50_000)
    (position,) = closed
    assert position < 1_000_000


# A path


async def test_an_opened_path_is_closed_when_it_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(CONTENT)
    opened = []

    async def view(scope: dict[str, Any], receive: Any, send: Any) -> None:
        opened.append(await open_path(path))
        hand_over(scope, opened[-1])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    app = RangeMiddleware(view)
    before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    etag = stat_etag(path.stat())
    assert (await ask(app, headers=[("If-None-Match", etag)])).status == 304
    assert (await ask(app, headers=[("If-Match", '"other"')])).status == 412
    assert (await ask(app, "HEAD")).status == 200
    part = await ask(app, headers=[("Range", "bytes=7-15")])
    assert (part.body, part["content-type"]) == (CONTENT[7:16], "video/mp4")
    if before:
        assert len(os.listdir("/proc/self/fd")) <= before
    with pytest.raises(ResponseError, match="closed"):
        await opened[0].in_thread(opened[0].stat_now)


async def test_content_hashes_agree_where_times_do_not(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for path, moment in ((one, 1_000_000_000), (two, 1_500_000_000)):
        path.write_bytes(CONTENT)
        os.utime(path, (moment, moment))
    tags = []
    for path in (one, two, one):
        source = await open_path(path, etag=file_content_etag)
        tags.append(source.etag)
        await source.aclose()
    assert tags == [f'"{hashlib.blake2b(CONTENT, digest_size=16).hexdigest()}"'] * 3
    assert stat_etag(one.stat()) != stat_etag(two.stat())


async def test_a_replaced_file_is_hashed_anew(tmp_path: Path) -> None:
    path = tmp_path / "a"
    tags = set()
    for content in (b"one", b"two"):
        (tmp_path / "new").write_bytes(content)
        os.utime(tmp_path / "new", (1_000_000_000, 1_000_000_000))
        (tmp_path / "new").replace(path)
        source = await open_path(path, etag=file_content_etag)
        tags.add(source.etag)
        await source.aclose()
    assert len(tags) == 2


async def test_a_file_that_changes_while_it_is_hashed_has_no_hash(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    source = await open_path(path)
    with path.open("ab") as file:
        file.write(b"more")
    with pytest.raises(ResponseError, match="changed"):
        await file_content_etag(source)
    await source.aclose()


async def test_a_failing_etag_leaves_no_descriptor(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    seen = []

    async def fails(source: Any) -> None:
        seen.append(source)
        raise LookupError

    with pytest.raises(LookupError):
        await open_path(path, etag=fails)
    with pytest.raises(ResponseError, match="closed"):
        await seen[0].in_thread(seen[0].stat_now)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.mp4", "video/mp4"),
        ("a.tar.gz", "application/gzip"),
        ("a.unheard-of", "application/octet-stream"),
        ("folder.d/a", "application/octet-stream"),
    ],
)
def test_the_media_type_is_that_of_the_bytes(name: str, kind: str) -> None:
    assert guess_media_type(name) == kind


# What the middleware does for a source


class Parallel(BytesSource):
    """Counts what is under way at once, and waits for the others to begin."""

    def __init__(self, at_once: int, fail_at: int | None = None) -> None:
        super().__init__(CONTENT)
        self.at_once = at_once
        self.fail_at = fail_at
        self.under_way = 0
        self.most = 0
        self.ended: list[int] = []

    async def slow(self, start: int, stop: int) -> Any:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
            if start == self.fail_at:
                raise OSError("this one fails")
            yield CONTENT[start : start + 500]
            yield CONTENT[start + 500 : stop]
        finally:
            self.under_way -= 1
            self.ended.append(start)

    @asynccontextmanager
    async def side_by_side(self, ranges: Any) -> Any:
        async with side_by_side(self.slow, ranges, at_once=self.at_once) as read:
            yield read


RANGES = [(start, start + 1000) for start in range(0, 100_000, 10_000)]
SEVERAL = [("Range", "bytes=" + ",".join(f"{start}-{stop - 1}" for start, stop in RANGES))]


@pytest.mark.parametrize("at_once", [1, 4, 20])
async def test_several_ranges_are_read_side_by_side_with_a_bound(at_once: int) -> None:
    source = Parallel(at_once)
    answer = await ask(serve(source), headers=SEVERAL)
    assert answer.status == 206
    plain = await ask(serve(BytesSource(CONTENT)), headers=SEVERAL)

    def parts(given: Any) -> list[bytes]:
        boundary = given["content-type"].partition("boundary=")[2].encode()
        return given.body.split(b"--" + boundary)

    assert parts(answer) == parts(plain)
    assert source.most == min(at_once, len(RANGES))
    assert source.under_way == 0


async def test_one_range_is_read_as_ever() -> None:
    source = Parallel(4)
    assert (await ask(serve(source), headers=[("Range", "bytes=0-9")])).body == CONTENT[:10]
    assert source.most == 0


async def test_a_failure_cuts_the_connection_when_its_turn_comes() -> None:
    source = Parallel(4, fail_at=30_000)
    sent: list[dict[str, Any]] = []

    async def note(message: dict[str, Any]) -> None:
        sent.append(message)

    with pytest.raises(OSError, match="this one fails"):
        await ask(serve(source), headers=SEVERAL, on_send=note)
    body = b"".join(message.get("body", b"") for message in sent)
    assert CONTENT[20_000:21_000] in body
    assert all(message.get("more_body", True) for message in sent)
    assert source.under_way == 0


async def test_what_is_under_way_ends_when_the_client_leaves() -> None:
    source = Parallel(4)
    await ask(serve(source), headers=SEVERAL, leave_after=1500)
    assert source.under_way == 0
    assert len(source.ended) < len(RANGES)


async def test_ranges_are_to_be_read_in_the_order_given() -> None:
    ranges = [ByteRange(0, 10), ByteRange(20, 30)]
    async with side_by_side(Parallel(1).slow, ranges, at_once=2) as read:
        with pytest.raises(ResponseError, match="to be read next"):
            await read(20, 30).__anext__()


class Held(BytesSource):
    def __init__(self, close: Callable[[], None]) -> None:
        super().__init__(CONTENT, etag='"v1"')
        self._close = close

    async def aclose(self) -> None:
        await anyio.lowlevel.checkpoint()
        self._close()


@pytest.mark.parametrize(
    ("method", "headers", "leave_after"),
    [
        pytest.param("GET", [], None, id="read to its end"),
        pytest.param("HEAD", [], None, id="not read: HEAD"),
        pytest.param("GET", [("If-None-Match", '"v1"')], None, id="not read: 304"),
        pytest.param("GET", [("Range", "bytes=900000-")], None, id="not read: 416"),
        pytest.param("GET", [], 300_000, id="the client leaves"),
    ],
)
async def test_a_source_is_closed_once(
    method: str, headers: list[tuple[str, str]], leave_after: int | None
) -> None:
    closed: list[None] = []
    source = Held(lambda: closed.append(None))
    await ask(serve(source), method, headers=headers, leave_after=leave_after)
    assert len(closed) == 1


async def test_a_source_is_closed_when_the_view_fails() -> None:
    closed: list[None] = []

    async def view(scope: dict[str, Any], receive: Any, send: Any) -> None:
        hand_over(scope, Held(lambda: closed.append(None)))
        raise LookupError("a bug")

    with pytest.raises(LookupError):
        await ask(RangeMiddleware(view))
    assert len(closed) == 1


async def test_a_source_that_fails_as_it_is_closed_harms_no_response(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails() -> None:
        raise OSError("cannot close")

    assert (await ask(serve(Held(fails)))).body == CONTENT
    assert "failed when it was closed" in caplog.text


def test_the_adapters_are_what_they_say() -> None:
    assert isinstance(BytesSource(b""), Source)
    assert not isinstance(BytesSource(b""), Closable)
    assert not isinstance(BytesSource(b""), ReadsSideBySide)
    assert isinstance(OpenFileSource(BytesIO()), Closable)
    assert isinstance(Parallel(1), ReadsSideBySide)
