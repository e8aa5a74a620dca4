"""Sources: bodies that can be read at any offset. The protocol, and classes for common bodies."""

from __future__ import annotations

from .._public import publish
from .callable import CallableSource
from .file import EtagMaker, FileSource, stat_etag
from .memory import BytesSource, content_etag
from .open_file import OpenFileSource
from .path import PathSource, file_content_etag, open_path
from .protocol import Closable, ReadsBlocking, ReadsSideBySide, Source
from .unavailable import SourceUnavailable

__all__ = [
    "BytesSource",
    "CallableSource",
    "Closable",
    "EtagMaker",
    "FileSource",
    "OpenFileSource",
    "PathSource",
    "ReadsBlocking",
    "ReadsSideBySide",
    "Source",
    "SourceUnavailable",
    "content_etag",
    "file_content_etag",
    "open_path",
    "stat_etag",
]

publish(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
