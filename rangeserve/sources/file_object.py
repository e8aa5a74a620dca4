"""File objects: which file they read, if it can be found."""

from __future__ import annotations

import io
import os
from os.path import abspath, samestat
from stat import S_ISREG
from typing import Any, Final

__all__ = ["path_of", "raw_of"]

_BUFFERED: Final = (io.BufferedReader, io.BufferedRandom)


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


def raw_of(file: Any) -> io.FileIO | None:
    """The unbuffered file under `file`, if `file` adds nothing but a buffer; otherwise `None`.

    An object of any other class, such as a `GzipFile`, may have a name and a descriptor, and
    still give other bytes than the file with that name has.
    """
    raw = file.raw if type(file) in _BUFFERED else file
    return raw if type(raw) is io.FileIO else None
