"""Several sources as one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timezone
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.driver import ask
from support.reading import read_of

from rangeserve import ResponseError, serve
from rangeserve.sources import BytesSource, CallableSource, ConcatSource, open_path

pytestmark = pytest.mark.anyio

EARLY = datetime(2020, 1, 1, tzinfo=timezone.utc)
LATE = datetime(2021, 1, 1)  # without a time zone: UTC


def part(content: bytes, etag: str | None = '"a"', **facts: Any) -> BytesSource:
    return BytesSource(content, etag=etag, **facts)


@given(st.lists(st.binary(max_size=20), max_size=6), st.data())
def test_any_window_is_that_of_the_joined_bytes(contents: list[bytes], data: Any) -> None:
    source = ConcatSource(map(BytesSource, contents))
    joined = b"".join(contents)
    assert source.size == len(joined)
    start = data.draw(st.integers(0, len(joined)))
    stop = data.draw(st.integers(start, len(joined)))
    assert anyio.run(read_of, source, start, stop) == joined[start:stop]


@pytest.mark.parametrize(
    ("etags", "has_tag"),
    [
        pytest.param(['"a"', '"b"'], True, id="strong"),
        pytest.param(['"a"', 'W/"b"'], False, id="one is weak"),
        pytest.param(['"a"', None], False, id="one is missing"),
        pytest.param(['"a"', "b"], False, id="one is no entity-tag"),
        pytest.param([], True, id="nothing"),
    ],
)
async def test_it_has_a_tag_if_each_has_a_strong_one(
    etags: list[str | None], has_tag: bool
) -> None:
    parts = [part(b"x", None) for _ in etags]
    for each, etag in zip(parts, etags, strict=True):
        each.etag = etag  # a source of the user's may have anything
    source = ConcatSource(parts)
    assert (source.etag is not None) == has_tag
    if source.etag is not None:
        assert source.etag.startswith('"concat-')


async def test_other_parts_have_another_tag() -> None:
    parts = [part(b"x", '"a"'), part(b"xy", '"b"'), part(b"xy", '"a"')]
    tags = {
        ConcatSource(chosen).etag
        for chosen in (parts[:1], parts[1:2], parts[2:], parts, parts[::-1], parts * 2)
    }
    assert len(tags) == 6
    assert ConcatSource(parts).etag == ConcatSource(parts).etag


@pytest.mark.parametrize(
    ("times", "last"),
    [
        pytest.param([EARLY, LATE], LATE.replace(tzinfo=timezone.utc), id="the latest"),
        pytest.param([EARLY, None], None, id="one is unknown"),
        pytest.param([], None, id="nothing"),
    ],
)
async def test_last_modified(times: list[datetime | None], last: datetime | None) -> None:
    source = ConcatSource(part(b"x", last_modified=time) for time in times)
    assert source.last_modified == last


@pytest.mark.parametrize(
    ("given_bytes", "why"),
    [
        pytest.param(b"ab", "source 1 of 3 ends 1 bytes too early", id="too few"),
        pytest.param(b"abcd", "source 1 of 3 gives 1 bytes too many", id="too many"),
    ],
)
async def test_a_source_that_breaks_its_word_moves_nothing(given_bytes: bytes, why: str) -> None:
    async def read(start: int, stop: int) -> AsyncIterator[bytes]:
        yield b""
        yield given_bytes

    source = ConcatSource([part(b"x"), CallableSource(read, 3), part(b"y")])
    with pytest.raises(ResponseError, match=why):
        await read_of(source)


@pytest.mark.parametrize(
    ("fact", "value"),
    [("size", 2), ("etag", '"b"'), ("last_modified", EARLY)],
)
async def test_a_source_that_has_changed_cuts_the_response(fact: str, value: object) -> None:
    changing = part(b"abc")
    source = ConcatSource([part(b"x"), changing])
    setattr(changing, fact, value)
    assert await read_of(source, 0, 1) == b"x"
    with pytest.raises(ResponseError, match="source 1 of 2 has changed"):
        await read_of(source)


async def test_it_is_served_with_ranges(tmp_path: Any) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    header = part(b"HEAD")

    async def find(scope: Any) -> ConcatSource:
        film = await open_path(tmp_path / "a")
        return ConcatSource([header, film], content_type="video/mp4")

    answer = await ask(serve(find), headers=[("Range", "bytes=2-5")])
    assert (answer.status, answer.body) == (206, b"AD01")
    assert answer["content-type"] == "video/mp4"
    again = await ask(serve(find), headers=[("If-None-Match", answer["etag"])])
    assert again.status == 304


async def test_iterators_that_cannot_be_closed_are_read() -> None:
    class Plain:
        def __init__(self) -> None:
            self.left = [b"a", b"b"]

        def __aiter__(self) -> Plain:
            return self

        async def __anext__(self) -> bytes:
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop(0)

    source = ConcatSource([CallableSource(lambda start, stop: Plain(), 2)])
    assert await read_of(source) == b"ab"


class Closing(BytesSource):
    def __init__(self, failure: Exception | None = None) -> None:
        super().__init__(b"x")
        self.closed = 0
        self.failure = failure

    async def aclose(self) -> None:
        self.closed += 1
        if self.failure is not None:
            raise self.failure


async def test_each_source_is_closed_once_even_if_one_cannot() -> None:
    first, second = Closing(OSError("no")), Closing(OSError("neither"))
    with pytest.raises(OSError, match="no"):
        await ConcatSource([first, first, part(b"x"), second]).aclose()
    assert (first.closed, second.closed) == (1, 1)
    await ConcatSource([part(b"x")]).aclose()
