"""Opening a file by its path: on the event loop where that is quick, and else in a thread."""

from __future__ import annotations

import errno
import os
from os.path import dirname
from time import perf_counter
from typing import Final

from .file import FileSource

__all__ = ["open_file", "open_now"]

# After two opens in a row that took longer than this, the next open in the same folder is done
# in a thread. (A single slow open may be chance: a busy CPU interrupts any process.)
_QUICK_SECONDS: Final = 0.001
_MAX_FOLDERS: Final = 1024
# Folders whose files are opened on the event loop -> whether the last open there was slow.
_quick_folders: dict[str, bool] = {}


async def open_file(path: str) -> FileSource:
    """Open the regular file at `path`; errors are those of `FileSource.open`.

    It is opened on the event loop if opens in its folder were quick and its device is local,
    and otherwise in a worker thread. `SourceUnavailable` (503) if none becomes free.
    """
    source = open_now(path)
    if source is None:
        source = FileSource(path)
        try:
            await source.in_thread(_timed_open, source, dirname(path))
        except BaseException:
            source.close()
            raise
    return source


def open_now(path: str) -> FileSource | None:
    """Open the regular file at `path` on the event loop; errors are those of `FileSource.open`.

    `None` if it has to be opened in a thread: opens in its folder were not quick, or it is a
    link, which may lead to any device.
    """
    folder = dirname(path) if os.altsep else path.rpartition(os.sep)[0]
    if folder not in _quick_folders:
        return None
    source = FileSource(path)
    begin = perf_counter()
    try:
        source.open(follow=False)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise
    slow = perf_counter() - begin > _QUICK_SECONDS
    if not source.is_local:  # it was mounted there since
        _quick_folders.pop(folder, None)
    elif slow or _quick_folders.get(folder) is not False:
        _note(folder, slow=slow)
    return source


def _timed_open(source: FileSource, folder: str) -> None:
    """Open `source`, and note whether its folder is quick; blocking."""
    begin = perf_counter()
    source.open()
    if source.is_local:
        _note(folder, slow=perf_counter() - begin > _QUICK_SECONDS)


def _note(folder: str, *, slow: bool) -> None:
    """Note how the last open in a folder was; a second slow one in a row makes it slow."""
    if slow and _quick_folders.get(folder, True):
        _quick_folders.pop(folder, None)
        return
    if len(_quick_folders) >= _MAX_FOLDERS:
        _quick_folders.clear()
    _quick_folders[folder] = slow
