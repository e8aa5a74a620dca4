"""File objects that a framework would read from the start: what can be read at offsets?"""

from __future__ import annotations

import io
import os
from os.path import abspath, samestat
from stat import S_ISREG
from typing import Any, Final

__all__ = ["path_of", "raw_of"]

_BUFFERED: Final = (io.BufferedReader, io.BufferedRandom)


def raw_of(file: Any) -> io.FileIO | None:
    """The operating system's file under `file`, if that adds nothing but buffering.

    An object of any other class, a `GzipFile` say, may have a name and a descriptor and
    still give other bytes than are in that file.
    """
    raw = file.raw if type(file) in _BUFFERED else file
    return raw if type(raw) is io.FileIO else None


def path_of(raw: io.FileIO) -> str | None:
    """The absolute path that leads to the very file that is open; `None` if none does.

    Files have been renamed, removed, or never had a name (a descriptor's is a number).
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
