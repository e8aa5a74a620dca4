"""A path as a source: the file is open, and is closed when its response is complete.

To hand over a path, `hand_over(scope, path)` is enough. `open_path` is for those who want
to see its errors before the response starts, or an entity-tag from the content.
"""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Awaitable
from os import PathLike, fspath
from os.path import abspath
from typing import Final

from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

from ..errors import ResponseError
from .file import EtagMaker, FileSource, stat_etag
from .media_type import guess_media_type

__all__ = ["PathSource", "file_content_etag", "open_path"]

_BLOCK_BYTES: Final = 1024 * 1024
_DIGEST_BYTES: Final = 16
_MAX_REMEMBERED_FILES: Final = 4096

# What was hashed: (device, inode, size, mtime, ctime) -> entity-tag, the last used at the end.
_tags: OrderedDict[tuple[int, ...], str] = OrderedDict()
_one_at_a_time: RunVar[CapacityLimiter] = RunVar("rangeserve.hashing")


class PathSource(FileSource):
    """A regular file that is open; whoever it is handed over to closes it with `aclose`."""

    async def aclose(self) -> None:
        """Close the descriptor."""
        self.close()


async def open_path(
    path: str | PathLike[str],
    *,
    etag: EtagMaker | None = stat_etag,
    content_type: str | None = None,
) -> PathSource:
    """Open the regular file at `path`.

    `etag` makes its entity-tag (see `EtagMaker`; `None` for none): from size and modification
    time, or from the content with `file_content_etag`. What it raises is raised.
    `content_type` is guessed from the name unless given. `OSError` if the file cannot be
    opened, `ResponseError` if it is not a regular file, `ValueError` for a NUL in the path.
    To be handed over; otherwise to be closed with `aclose`.
    """
    source = PathSource(abspath(fspath(path)))
    try:
        await source.in_thread(source.open)
        if etag is not None:
            made = etag(source)
            source.etag = await made if isinstance(made, Awaitable) else made
    except BaseException:
        source.close()
        raise
    source.content_type = content_type or guess_media_type(source.path)
    return source


async def file_content_etag(file: FileSource) -> str:
    """An `EtagMaker`: a strong entity-tag that is a hash of the content (BLAKE2b, 128 bits).

    For replicas that hold the same bytes with different modification times. A file is read
    once, one file at a time, and read again only when its size, times or inode change (4,096
    files are remembered). `ResponseError` if the file changes while it is read.
    """
    key = _identity(file.status)
    async with _turn():
        tag = _tags.pop(key, None)
        if tag is None:
            tag = await file.in_thread(_hash, file)
        _tags[key] = tag
        if len(_tags) > _MAX_REMEMBERED_FILES:
            _tags.popitem(last=False)
    return tag


def _hash(file: FileSource) -> str:
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    position = 0
    while block := file.read_now(_BLOCK_BYTES, position):
        digest.update(block)
        position += len(block)
    if _identity(file.stat_now()) != _identity(file.status) or position != file.size:
        raise ResponseError(f"the file changed while it was hashed: {file.path!r}")
    return f'"{digest.hexdigest()}"'


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def _turn() -> CapacityLimiter:
    try:
        return _one_at_a_time.get()
    except LookupError:
        limiter = CapacityLimiter(1)
        _one_at_a_time.set(limiter)
        return limiter
