"""A path as a source: the file is open, and closed when its response is over.

To hand over a path, `hand_over(scope, path)` is enough. `open_path` is for those who want
to see its errors before the response starts, or an entity-tag from the content.
"""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from os import PathLike, fspath
from os.path import abspath
from typing import Final

from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

from ..errors import ResponseError
from .file import FileSource, stat_etag
from .media_type import guess_media_type

__all__ = ["PathSource", "content_hash", "open_path"]

_BLOCK: Final = 1024 * 1024
_DIGEST: Final = 16
_REMEMBERED: Final = 4096

# What was hashed: (device, inode, size, mtime, ctime) -> entity-tag, the last used at the end.
_tags: OrderedDict[tuple[int, ...], str] = OrderedDict()
_one_at_a_time: RunVar[CapacityLimiter] = RunVar("rangeserve.hashing")


class PathSource(FileSource):
    """A regular file that is open; whoever it is handed over to closes it with `aclose`."""

    async def aclose(self) -> None:
        """Close the descriptor."""
        self.close()

    async def hash_content(self) -> str:
        """A strong entity-tag from the content (BLAKE2b, 128 bits), read in a worker thread.

        `ResponseError` if the file changes meanwhile.
        """
        return await self.in_thread(self._hash)

    def _hash(self) -> str:
        digest = hashlib.blake2b(digest_size=_DIGEST)
        position = 0
        while block := os.pread(self._fd, _BLOCK, position):
            digest.update(block)
            position += len(block)
        assert self.status is not None
        if _identity(os.fstat(self._fd)) != _identity(self.status) or position != self.size:
            raise ResponseError(f"the file changed while it was hashed: {self.path!r}")
        return f'"{digest.hexdigest()}"'


async def open_path(
    path: str | PathLike[str],
    *,
    etag: Callable[[PathSource], Awaitable[str | None]] | None = None,
    content_type: str | None = None,
) -> PathSource:
    """Open the regular file at `path`.

    The entity-tag is made from size and modification time, or by `etag`: see `content_hash`.
    `content_type` is guessed from the name unless given. `OSError` if the file cannot be
    opened, `ResponseError` if it is not a regular file, `ValueError` for a NUL in the path.
    """
    source = PathSource(abspath(fspath(path)))
    try:
        await source.in_thread(source.open)
        assert source.status is not None
        source.etag = stat_etag(source.status) if etag is None else await etag(source)
    except BaseException:
        source.close()
        raise
    source.content_type = content_type or guess_media_type(source.path)
    return source


async def content_hash(source: PathSource) -> str:
    """An `etag` for `open_path`: the same on all replicas that hold the same bytes.

    For replicas whose modification times differ. A file is read once, one file at a time,
    and hashed again only when its size, times or inode change (4,096 files are remembered).
    """
    assert source.status is not None
    key = _identity(source.status)
    async with _turn():
        tag = _tags.pop(key, None)
        if tag is None:
            tag = await source.hash_content()
        _tags[key] = tag
        if len(_tags) > _REMEMBERED:
            _tags.popitem(last=False)
    return tag


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
