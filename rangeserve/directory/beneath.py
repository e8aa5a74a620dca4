"""`open_beneath`: opens what lies below a root, and nothing outside of it. Blocking.

A path is opened from the root down, one name at a time, without following links. If there is a
link on it, it is first resolved; the result must lie below the root, and is opened in the same
way. So if a folder is replaced by a link in between, the open fails instead of leading out of the
root.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from stat import S_ISDIR, S_ISLNK, S_ISREG
from typing import Final, Union

from ..sources.file import OPEN_FLAGS
from ..sources.mounts import mounted_at
from .links import mount_behind
from .target import is_hidden

__all__ = [
    "Elsewhere",
    "Entry",
    "Folder",
    "entry_elsewhere",
    "entry_of",
    "names_in",
    "open_beneath",
    "status_of",
]

_STEP: Final = (
    getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
)
_NOFOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
_can_step = {os.open, os.stat} <= os.supports_dir_fd and os.scandir in os.supports_fd


# What the system says of a link that it was told not to follow: at the end of a path, and on the
# way, where a file would be the same error.
_PERHAPS_A_LINK: Final = frozenset({errno.ELOOP, errno.EMLINK, errno.ENOTDIR})


class Elsewhere(Exception):
    """A link leads to another device, mounted at `point`: only a thread of that one may ask it."""

    def __init__(self, point: str) -> None:
        super().__init__(point)
        self.point = point


@dataclass(frozen=True)
class Folder:
    """An open folder: its descriptor, or its path on a system that cannot open folders."""

    handle: Union[int, str]

    def close(self) -> None:
        """Close the descriptor."""
        if isinstance(self.handle, int):
            os.close(self.handle)


@dataclass(frozen=True)
class Entry:
    """One name in a folder: `size` in bytes, `modified` in seconds since the epoch.

    Of a link to a device that has not been asked, `size` is `None`, and `is_folder` false.
    """

    name: str
    is_folder: bool
    size: int | None
    modified: float


def open_beneath(
    root: str, names: Sequence[str], device: int | None, *, hidden: bool
) -> int | Folder:
    """Open what is at `names` below `root`: a file as a descriptor for reading, or a `Folder`.

    `root` is a resolved path. `OSError` if the file or folder cannot be opened, if it lies
    outside of the root and, unless `hidden`, if a name on its path begins with a dot.
    `ValueError` for a name that is not valid for this file system. `Elsewhere` if a link leads to
    a device that may not answer, and is not the `device` whose thread this is.
    """
    if not hidden and any(map(is_hidden, names)):
        raise FileNotFoundError("hidden")
    if _can_step:
        try:
            return _opened(_step_down(root, names))
        except OSError as error:
            if error.errno not in _PERHAPS_A_LINK:
                raise
    path = os.path.join(root, *names)
    point = mount_behind(path, device)
    if point is not None:
        raise Elsewhere(point)
    real = os.path.realpath(path, strict=True)
    steps = _steps_below(root, real)
    if not hidden and any(map(is_hidden, steps)):
        raise FileNotFoundError("leads to what is hidden")
    if not _can_step:
        return _open_and_check(real)
    return _opened(_step_down(root, steps))


def _opened(fd: int) -> int | Folder:
    """The descriptor `fd`, as a `Folder` if it is one."""
    try:
        is_folder = S_ISDIR(os.fstat(fd).st_mode)
    except BaseException:
        os.close(fd)
        raise
    return Folder(fd) if is_folder else fd


def _steps_below(root: str, real: str) -> list[str]:
    """The names that lead from `root` to `real`, two resolved paths."""
    if real == root:
        return []
    above = os.path.join(root, "")
    if not real.startswith(above):
        raise FileNotFoundError("leads out of the root")
    return real[len(above) :].split(os.sep)


def _step_down(root: str, steps: Sequence[str]) -> int:
    """A descriptor of what is at `steps` below `root`, opened without following links."""
    if not steps:
        return os.open(root, OPEN_FLAGS)
    fd = os.open(root, _STEP)
    try:
        for step in steps[:-1]:
            deeper = os.open(step, _STEP | _NOFOLLOW, dir_fd=fd)
            os.close(fd)
            fd = deeper
        return os.open(steps[-1], OPEN_FLAGS | _NOFOLLOW, dir_fd=fd)
    finally:
        os.close(fd)


def _open_and_check(real: str) -> int | Folder:
    """Open `real` on a system without `dir_fd`, and check afterwards what was opened."""
    if os.path.isdir(real):
        return Folder(real)
    fd = os.open(real, OPEN_FLAGS | _NOFOLLOW)
    try:
        now = os.path.realpath(real, strict=True)
        if now != real or not os.path.samestat(os.fstat(fd), os.stat(now)):
            raise FileNotFoundError("changed while it was opened")
    except BaseException:
        os.close(fd)
        raise
    return fd


def names_in(
    folder: Folder, path: str, device: int | None, *, hidden: bool
) -> Generator[tuple[str, bool], None, None]:
    """The names in `folder`, which is at `path`, and for each whether it is a folder.

    A link to a folder is one, unless another device than `device` would have to be asked. Whether
    they can be opened is not looked at: `entry_of` does that.
    """
    with os.scandir(folder.handle) as found:
        for each in found:
            if hidden or not is_hidden(each.name):
                yield each.name, _is_folder(each, path, device)


def _is_folder(entry: os.DirEntry[str], path: str, device: int | None) -> bool:
    try:
        if entry.is_symlink() and mount_behind(os.path.join(path, entry.name), device) is not None:
            return False
        return entry.is_dir()
    except OSError:
        return False


def entry_of(
    root: str,
    names: Sequence[str],
    folder: Folder,
    device: int | None,
    name: str,
    *,
    hidden: bool,
) -> Entry | None:
    """The entry `name` of `folder`, which is at `names` below `root`, if it can be opened.

    `None` for a link that is broken or leads out of the root, and for whatever is neither a
    folder nor a regular file. What is on another device than `device` that may not answer,
    because that is mounted there or a link leads there, is not asked for its status.
    """
    path = os.path.join(root, *names, name)
    if mounted_at(path) not in (None, device):
        return Entry(name, True, 0, 0.0)
    try:
        status = status_of(root, names, folder, device, name, hidden=hidden)
    except Elsewhere as elsewhere:
        return entry_elsewhere(root, elsewhere.point, name, hidden=hidden)
    if status is None:
        return None
    return Entry(name, S_ISDIR(status.st_mode), status.st_size, status.st_mtime)


def status_of(
    root: str,
    names: Sequence[str],
    folder: Folder,
    device: int | None,
    name: str,
    *,
    hidden: bool,
) -> os.stat_result | None:
    """The status of the entry `name` of `folder`, which is at `names` below `root`.

    Of a link it is the status of what it leads to; `Elsewhere` if that is on another device than
    `device` that may not answer. `None` as for `entry_of`.
    """
    try:
        if isinstance(folder.handle, int):
            status = os.stat(name, dir_fd=folder.handle, follow_symlinks=False)
        else:
            status = os.stat(os.path.join(folder.handle, name), follow_symlinks=False)
        if S_ISLNK(status.st_mode):
            status = _status_beneath(root, [*names, name], device, hidden=hidden)
    except (OSError, ValueError):
        return None
    return status if S_ISDIR(status.st_mode) or S_ISREG(status.st_mode) else None


def entry_elsewhere(root: str, point: str, name: str, *, hidden: bool) -> Entry | None:
    """The entry of a link to a device that is mounted at `point`; `None` if that is not served."""
    try:
        steps = _steps_below(root, point)
    except FileNotFoundError:
        return None
    return Entry(name, False, None, 0.0) if hidden or not any(map(is_hidden, steps)) else None


def _status_beneath(
    root: str, names: Sequence[str], device: int | None, *, hidden: bool
) -> os.stat_result:
    """The status of the file or folder to which a link leads, taken from its descriptor."""
    opened = open_beneath(root, names, device, hidden=hidden)
    try:
        return os.stat(opened.handle if isinstance(opened, Folder) else opened)
    finally:
        if isinstance(opened, Folder):
            opened.close()
        else:
            os.close(opened)
