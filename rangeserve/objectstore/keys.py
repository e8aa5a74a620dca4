"""Which key a request path stands for, if it is safe to look it up at all."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

__all__ = ["safe_key"]

_FORBIDDEN: Final = re.compile(r"[\x00-\x1f\x7f\\/]")
_MAX_KEY: Final = 1024  # bytes, the limit of S3 and of GCS


def safe_key(path: str, prefix: str = "") -> str | None:
    """The key under `prefix` for a decoded request path (`/a/b.mp4`); `None` if it is unsafe.

    Unsafe, so never looked up: a path that does not start with one slash; an empty segment
    (and so a trailing slash), `.` and `..`; control characters and backslashes; and
    segments that would become any of these if somebody decoded them once more (`%2e%2e`,
    `..%2f`). Nor does a key over 1,024 bytes exist.
    """
    if not path.startswith("/"):
        return None
    segments = path[1:].split("/")
    if not all(map(_is_safe, segments)):
        return None
    key = "/".join([*filter(None, prefix.split("/")), *segments])
    try:
        return key if len(key.encode()) <= _MAX_KEY else None
    except UnicodeEncodeError:  # half a surrogate pair: the path was not UTF-8
        return None


def _is_safe(segment: str) -> bool:
    while segment not in ("", ".", "..") and not _FORBIDDEN.search(segment):
        decoded = unquote(segment)
        if decoded == segment:
            return True
        segment = decoded
    return False
