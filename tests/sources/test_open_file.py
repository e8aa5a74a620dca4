"""`OpenFileSource`: a file object that somebody has opened."""

from __future__ import annotations

import gzip
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.content import CONTENT
from support.driver import ask

from rangeserve import ResponseError, serve
from rangeserve.sources import (
    OpenFileSource,
    Source,
)

pytestmark = pytest.mark.anyio


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
