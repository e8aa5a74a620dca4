"""`open_zip` for WSGI: files are looked at in the thread of the caller."""

from __future__ import annotations

import os
from collections.abc import Mapping
from os import PathLike, fspath
from os.path import abspath

from ..sources.planned import PlannedFile
from ..sources.protocol import Source
from ..sources.zip import ZipMember, ZipSource

__all__ = ["open_zip"]


def open_zip(members: Mapping[str, Source | str | PathLike[str] | None]) -> ZipSource:
    """A `ZipSource` of files and other sources, as `rangeserve.sources.open_zip` makes it.

    No event loop is needed. `hand_over` refuses it if a member is a source that needs one.
    """
    return ZipSource(
        ZipMember(name, _planned(source) if isinstance(source, (str, PathLike)) else source)
        for name, source in members.items()
    )


def _planned(given: str | PathLike[str]) -> PlannedFile:
    path: str = abspath(fspath(given))
    return PlannedFile(path, os.stat(path))
