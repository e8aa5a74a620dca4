"""`quoted`: text from outside as it may stand in a log or on a terminal."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["quoted"]

# RFC 3986 3.2.1: what stands between `//` and the last `@` before the path.
_USER_INFO: Final = re.compile(r"[^\s/?#]*@")


def quoted(text: str) -> str:
    """`text` in one line of printable characters, with `***` for the user information in URLs.

    Any other character is written as in a string literal: `\\n`, `\\x1b`, `\\u202e`.
    """
    first, *others = text.split("//")
    shown = "//".join([first, *map(_without_user, others)])
    if shown.isprintable():
        return shown
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in shown)


def _without_user(after_slashes: str) -> str:
    found = _USER_INFO.match(after_slashes)
    return after_slashes if found is None else "***@" + after_slashes[len(found[0]) :]
