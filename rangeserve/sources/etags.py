"""Entity-tags of open files: the default, and those that a user's function makes."""

from __future__ import annotations

import inspect
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Final, Union, cast

import anyio

from ..core.validators import is_entity_tag
from .file import MEANINGLESS_SECONDS, FileSource

__all__ = ["EtagMaker", "make_etag", "make_etag_blocking", "stat_etag"]

_logger: Final = logging.getLogger("rangeserve")

EtagMaker = Callable[[FileSource], Union[str, Awaitable[Union[str, None]], None]]
"""A function that makes the entity-tag of an open file: the type of `etag=`.

It may be async, and returns a quoted entity-tag, or `None` for no tag. Of the `FileSource` it
uses `path`, `size` (in bytes) and `status` (an `os.stat_result`), and to read the content
`in_thread` with `read_now`.
"""


def stat_etag(file: FileSource | os.stat_result) -> str | None:
    """The strong entity-tag, quoted, of an open file or of an `os.stat_result`.

    `None` for a modification time of 1 s after the epoch or less, which says nothing.

    It is made of the modification time in nanoseconds and the size in bytes. The inode plays no
    part, so that replicas with the same file and the same time have the same tag.
    """
    status = file.status if isinstance(file, FileSource) else file
    if status.st_mtime_ns <= MEANINGLESS_SECONDS * 10**9:
        return None
    return f'"{status.st_mtime_ns:x}-{status.st_size:x}"'


async def make_etag(maker: EtagMaker, file: FileSource) -> str | None:
    """The entity-tag that `maker` makes of an open file; `None` if it fails, which is logged."""
    if maker is stat_etag:
        return stat_etag(file)
    try:
        etag = cast("object", maker(file))
        if inspect.isawaitable(etag):
            etag = await etag
        if etag is None or (isinstance(etag, str) and is_entity_tag(etag)):
            return etag
        _logger.error(
            "the etag callable gave %r for %r, which is no entity-tag in double quotes: no ETag",
            etag,
            file.path,
        )
    except Exception:
        _logger.exception("the etag callable failed for %r: no ETag", file.path)
    return None


def make_etag_blocking(maker: EtagMaker, file: FileSource) -> str | None:
    """As `make_etag`, in the thread of the caller; an async `maker` gets an event loop."""
    if inspect.iscoroutinefunction(maker):
        return anyio.run(make_etag, maker, file)
    making = make_etag(maker, file)
    try:
        making.send(None)
    except StopIteration as made:
        return cast("Union[str, None]", made.value)
    making.close()
    raise RuntimeError("an EtagMaker that is to be awaited must be an async function")
