"""What a name says about the media type of the content."""

from __future__ import annotations

import mimetypes
from typing import Final

__all__ = ["guess_media_type"]

# A compressed file is served as it is: the coding is its format, not a Content-Encoding.
_COMPRESSED: Final = {
    "gzip": "application/gzip",
    "bzip2": "application/x-bzip2",
    "xz": "application/x-xz",
    "compress": "application/x-compress",
    "br": "application/x-brotli",
}


def guess_media_type(name: str) -> str:
    """The media type for a file name or key; `application/octet-stream` if it says nothing."""
    kind, coding = mimetypes.guess_type(name)
    if coding is not None:
        return _COMPRESSED.get(coding, "application/octet-stream")
    return kind or "application/octet-stream"
