"""`source_of`: the source that a view or a finder has given: a path, bytes, an open file, ..."""

from __future__ import annotations

import io
import os
from io import BytesIO
from os import PathLike, fsdecode
from os.path import abspath
from typing import Final, Union, cast

from .._checks import is_async, shown
from .etags import stat_etag
from .file import time_of
from .file_object import raw_of
from .media_type import guess_media_type
from .memory import BytesLike, BytesSource
from .open_file import OpenFileSource, SeekableFile
from .protocol import Source

__all__ = ["Given", "source_of"]

Given = Union[Source, str, "PathLike[str]", BytesLike, BytesIO, SeekableFile]
"""What can be handed over."""

_PARTS: Final = ("size", "etag", "last_modified", "content_type", "read")  # of a source
_READS: Final = ("read", "read_blocking")  # one of them is enough, as the server is ASGI or WSGI
_WANTED: Final = "a path, bytes, a file that is open for reading in binary, or a source"


def source_of(given: Given, *, close: bool = True) -> Source | str:
    """The source that `given` stands for: itself, the absolute path, or a source made of it.

    Bytes are not copied and get no validators. An open file gets those of its descriptor, if it
    is a plain file; with `close` it is closed with the response that it is handed over for.
    `TypeError` for anything else, and for a file that is open as text or cannot seek.
    """
    if isinstance(given, (str, PathLike)):
        return abspath(fsdecode(given))
    if all(hasattr(given, name) for name in _PARTS if name not in _READS) and any(
        hasattr(given, name) for name in _READS
    ):
        return cast("Source", given)
    if isinstance(given, (bytes, bytearray, memoryview, BytesIO)):
        return BytesSource(given)
    if isinstance(given, io.TextIOBase):
        raise TypeError(f"this file is open as text: open(path, 'rb') gives {_WANTED}")
    if hasattr(given, "seek") and hasattr(given, "read"):
        return _open_file(cast("SeekableFile", given), close=close)
    missing = [name for name in _PARTS if not hasattr(given, name)]
    if hasattr(given, "read") and hasattr(given, "size"):
        raise TypeError(f"a source has {', '.join(missing)}, too; {shown(given)} has not")
    raise TypeError(f"what is handed over is {_WANTED}, not {shown(given)}")


def _open_file(file: SeekableFile, *, close: bool) -> OpenFileSource:
    if is_async(file.read):
        raise TypeError(f"the read of {shown(file)} is async: hand over the file in it, or a path")
    seekable = getattr(file, "seekable", None)
    if callable(seekable) and not seekable():
        raise TypeError("this file cannot seek, as a pipe or a socket cannot, so it has no ranges")
    source = OpenFileSource(file, close=close)
    raw = raw_of(file)
    if raw is not None:
        status = os.fstat(raw.fileno())
        source.etag, source.last_modified = stat_etag(status), time_of(status.st_mtime)
        if isinstance(raw.name, (str, bytes)):
            source.content_type = guess_media_type(fsdecode(raw.name))
    return source
