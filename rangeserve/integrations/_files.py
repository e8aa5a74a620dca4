"""`path_of`: the path of an open file of a framework's response, if it can be found."""

from __future__ import annotations

import io
import os
from os.path import abspath, samestat
from stat import S_ISREG

__all__ = ["path_of"]


def path_of(raw: io.FileIO) -> str | None:
    """The absolute path of the file that is open as `raw`; `None` if no path is known.

    A file may have been renamed or removed since it was opened, and one that was opened by its
    descriptor has no name.
    """
    name: object = raw.name
    if not isinstance(name, (str, bytes)):
        return None
    path = abspath(os.fsdecode(name))
    try:
        opened = os.fstat(raw.fileno())
        return path if S_ISREG(opened.st_mode) and samestat(opened, os.stat(path)) else None
    except (OSError, ValueError):
        return None
