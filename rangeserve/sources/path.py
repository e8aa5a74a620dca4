"""`open_path`: opens a file before its response starts. And entity-tags from a file's content.

To send a file, `hand_over(scope, path)` is enough. `open_path` is for a view that wants to
handle the errors of opening itself, or an entity-tag of its own choice.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Awaitable
from os import PathLike, fspath
from os.path import abspath
from typing import Final

from .._checks import check_etag, check_etag_maker
from ..errors import ResponseError
from .etags import EtagMaker, stat_etag
from .file import FileSource, identity_of
from .media_type import guess_media_type
from .memory import DIGEST_BYTES
from .threads import HASHES

__all__ = ["PathSource", "file_content_etag", "open_path"]

_BLOCK_BYTES: Final = 1024 * 1024

_MAX_REMEMBERED_FILES: Final = 4096

# The identity of a file that was hashed -> its entity-tag; the last used comes last.
_tags: OrderedDict[tuple[int, ...], str] = OrderedDict()
_tags_lock: Final = threading.Lock()


class PathSource(FileSource):
    """An open regular file that is closed with its response: the result of `open_path`.

    If it is handed over, the middleware calls `aclose`.
    """

    async def aclose(self) -> None:
        """Close the descriptor; a second call does nothing."""
        self.close()


async def open_path(
    path: str | PathLike[str],
    *,
    etag: EtagMaker | None = stat_etag,
    content_type: str | None = None,
) -> PathSource:
    """Open the regular file at `path`; the result is to be handed over, or closed with `aclose`.

    `etag` makes the entity-tag of the file (see `EtagMaker`; `None` for no tag): `stat_etag`
    from size and modification time, `file_content_etag` from the content. Unless
    `content_type` is given, it is guessed from the file name.

    `OSError` if the file cannot be opened, `ResponseError` if it is not a regular file,
    `ValueError` for a NUL in the path and for an entity-tag without quotes, `SourceUnavailable`
    (503) if other opens on its device do not end. An exception of `etag` is raised, too.
    """
    check_etag_maker(etag)
    source = PathSource(abspath(fspath(path)))
    try:
        await source.in_thread(source.open)
        if etag is not None:
            tag = etag(source)
            source.etag = await tag if isinstance(tag, Awaitable) else tag
            check_etag(source.etag)
    except BaseException:
        source.close()
        raise
    source.content_type = content_type or guess_media_type(source.path)
    return source


async def file_content_etag(file: FileSource) -> str:
    """The strong entity-tag, quoted, that is a hash of the file's content (BLAKE2b, 128 bits).

    It is an `EtagMaker` for replicas that hold the same bytes with different modification
    times. The files of a device are read one at a time, and a file is read again only if its
    size, times or inode have changed (the tags of 4,096 files are remembered).
    `ResponseError` if the file changes while it is read, `SourceUnavailable` (503) after a
    minute of waiting for others.
    """
    tag = _remembered(file)
    return tag if tag is not None else await file.in_thread_for(HASHES, _hash_once, file)


def _remembered(file: FileSource) -> str | None:
    """The entity-tag of the file, if it was hashed before."""
    key = identity_of(file.status)
    with _tags_lock:
        tag = _tags.get(key)
        if tag is not None:
            _tags.move_to_end(key)
        return tag


def _hash_once(file: FileSource) -> str:
    """The entity-tag of the file, which may have been hashed meanwhile; blocking."""
    tag = _remembered(file)
    if tag is None:
        tag = _hash(file)
        with _tags_lock:
            _tags[identity_of(file.status)] = tag
            if len(_tags) > _MAX_REMEMBERED_FILES:
                _tags.popitem(last=False)
    return tag


def _hash(file: FileSource) -> str:
    """The entity-tag of the content; blocking."""
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    position = 0
    while block := file.read_now(_BLOCK_BYTES, position):
        digest.update(block)
        position += len(block)
    if identity_of(file.stat_now()) != identity_of(file.status) or position != file.size:
        raise ResponseError(f"the file changed while it was hashed: {file.path!r}")
    return f'"{digest.hexdigest()}"'
