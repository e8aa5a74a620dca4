"""A source that reads several ranges at a time."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from support.content import CONTENT
from support.driver import ask

from rangeserve import ResponseError, serve
from rangeserve.core.ranges import ByteRange
from rangeserve.sources import BytesSource, ReadsSideBySide, bundles
from rangeserve.sources.side_by_side import side_by_side

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def far_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges that are 9,000 bytes apart are not fetched together here."""
    monkeypatch.setattr(bundles, "MAX_GAP_BYTES", 1000)


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


def test_it_is_a_source_that_reads_side_by_side() -> None:
    assert isinstance(Parallel(1), ReadsSideBySide)


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
