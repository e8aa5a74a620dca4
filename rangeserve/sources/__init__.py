"""Bodies that can be read at an offset: the protocol, and adapters for what is at hand.

`objectstore` is not imported here: it needs the extra `rangeserve[objectstore]`.
"""

from __future__ import annotations

from .callable import CallableSource
from .memory import BytesSource, content_etag
from .open_file import OpenFileSource
from .path import PathSource, content_hash, open_path
from .protocol import Closable, ReadsSideBySide, Source
from .unavailable import SourceUnavailable

__all__ = [
    "BytesSource",
    "CallableSource",
    "Closable",
    "OpenFileSource",
    "PathSource",
    "ReadsSideBySide",
    "Source",
    "SourceUnavailable",
    "content_etag",
    "content_hash",
    "open_path",
]
