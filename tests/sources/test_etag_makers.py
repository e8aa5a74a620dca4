"""`stat_etag` and `file_content_etag`: entity-tags of files."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any

import pytest
from support.content import CONTENT

from rangeserve import ResponseError, stat_etag
from rangeserve.sources import (
    file_content_etag,
    open_path,
)
from rangeserve.sources.opening import open_file

pytestmark = pytest.mark.anyio


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


def stat_of(size: int, mtime_ns: int, inode: int = 1) -> Any:
    class Status:
        st_size = size
        st_mtime_ns = 1_700_000_000_000_000_000 + mtime_ns
        st_ino = inode

    return Status()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param((5, 10), (5, 10), True, id="the same"),
        pytest.param((5, 10, 1), (5, 10, 2), True, id="on another replica"),
        pytest.param((5, 10), (6, 10), False, id="another size"),
        pytest.param((5, 10), (5, 11), False, id="a nanosecond later"),
        pytest.param((0x11, 0x1), (0x1, 0x11), False, id="no confusion of the two"),
    ],
)
def test_the_entity_tag_of_a_file(one: Any, other: Any, same: bool) -> None:
    assert (stat_etag(stat_of(*one)) == stat_etag(stat_of(*other))) is same
    assert re.fullmatch('"[0-9a-f-]+"', stat_etag(stat_of(*one)))


@pytest.mark.parametrize(
    ("seconds", "meaningful"), [(0, False), (0.5, False), (1, False), (1.5, True), (2, True)]
)
async def test_a_time_that_says_nothing_makes_no_validator(
    tmp_path: Path, seconds: float, meaningful: bool
) -> None:
    """Reproducible builds (Nix, images) give it to every file, whatever is in it."""
    path = tmp_path / "built"
    path.write_bytes(b"content")
    os.utime(path, (seconds, seconds))
    file = await open_file(str(path))
    try:
        assert (stat_etag(file) is not None) is meaningful
        assert (stat_etag(path.stat()) is not None) is meaningful
        assert (file.last_modified is not None) is meaningful
    finally:
        file.close()
