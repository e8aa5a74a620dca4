"""`open_path`: a file that is opened by its path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.content import CONTENT
from support.descriptors import nothing_left_open
from support.driver import ask
from support.messages import body, start

from rangeserve import RangeMiddleware, ResponseError, hand_over, stat_etag
from rangeserve.sources import (
    open_path,
)

pytestmark = pytest.mark.anyio


async def test_an_opened_path_is_closed_when_it_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(CONTENT)
    opened = []

    async def view(scope: dict[str, Any], receive: Any, send: Any) -> None:
        opened.append(await open_path(path))
        hand_over(scope, opened[-1])
        await send(start())
        await send(body())

    app = RangeMiddleware(view)
    etag = stat_etag(path.stat())
    with nothing_left_open(tmp_path):
        assert (await ask(app, headers=[("If-None-Match", etag)])).status == 304
        assert (await ask(app, headers=[("If-Match", '"other"')])).status == 412
        assert (await ask(app, "HEAD")).status == 200
        part = await ask(app, headers=[("Range", "bytes=7-15")])
    assert (part.body, part["content-type"]) == (CONTENT[7:16], "video/mp4")
    with pytest.raises(ResponseError, match="closed"):
        await opened[0].in_thread(opened[0].stat_now)


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
