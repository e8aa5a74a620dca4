"""Sources: bodies that can be read at any offset. The protocol, and classes for common bodies."""

from __future__ import annotations

from .._public import publish
from .callable import CallableSource
from .concat import ConcatSource
from .etags import EtagMaker, stat_etag
from .file import FileSource
from .memory import BytesSource, content_etag
from .open_file import OpenFileSource
from .path import PathSource, file_content_etag, open_path
from .protocol import Closable, ReadsBlocking, ReadsSideBySide, Source
from .unavailable import SourceUnavailable
from .zip import ZipMember, ZipSource, open_zip

__all__ = [
    "BytesSource",
    "CallableSource",
    "Closable",
    "ConcatSource",
    "EtagMaker",
    "FileSource",
    "OpenFileSource",
    "PathSource",
    "ReadsBlocking",
    "ReadsSideBySide",
    "Source",
    "SourceUnavailable",
    "ZipMember",
    "ZipSource",
    "content_etag",
    "file_content_etag",
    "open_path",
    "open_zip",
    "stat_etag",
]

publish(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
