"""`safe_key`: from the path of a request to a key that is safe to look up."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

__all__ = ["safe_key"]

_FORBIDDEN: Final = re.compile(r"[\x00-\x1f\x7f\\/]")
_MAX_KEY_BYTES: Final = 1024  # of S3 and of Google Cloud Storage
# How often a segment is decoded before it is refused. Honest keys are not coded even once more.
_MAX_DECODINGS: Final = 4


def safe_key(path: str, prefix: str = "") -> str | None:
    """The key under `prefix` for a decoded `path` such as `/a/b.mp4`; `None` if it is not safe.

    A path is not safe if it does not start with one slash; if a segment is empty (as after a
    trailing slash), `.` or `..`; if a segment contains a control character or a backslash; or if
    a segment would become one of these by being percent-decoded again (`%2e%2e`, `..%2f`), or
    could be decoded more than 3 times. `None` also for a key of more than 1,024 bytes, and for a
    path that is not UTF-8.
    """
    # The length comes first: what is decoded again and again below is then short. A character
    # is one byte or more.
    if not path.startswith("/") or len(path) - 1 > _MAX_KEY_BYTES:
        return None
    segments = path[1:].split("/")
    if not all(map(_is_safe, segments)):
        return None
    key = "/".join([*filter(None, prefix.split("/")), *segments])
    try:
        return key if len(key.encode()) <= _MAX_KEY_BYTES else None
    except UnicodeEncodeError:  # a lone surrogate: the path was not UTF-8
        return None


def _is_safe(segment: str) -> bool:
    """Whether a segment is safe, also if it is percent-decoded until nothing is left to decode."""
    for _ in range(_MAX_DECODINGS):
        if segment in ("", ".", "..") or _FORBIDDEN.search(segment):
            return False
        decoded = unquote(segment)
        if decoded == segment:
            return True
        segment = decoded
    return False
