"""Which device a path is on, by the system's table of mounts: no file system is asked.

A file system that does not answer (a dead network mount) keeps each call that looks below it. The
table in memory says where that may happen before anything is called. Linux has such a table; on
other systems every device counts as local, and paths are not told apart.
"""

from __future__ import annotations

import os
import re
from os.path import abspath, dirname, realpath
from time import monotonic
from typing import Final

__all__ = ["device_of", "is_local", "learn_device", "mounted_at"]

_TABLE: Final = "/proc/self/mountinfo"
# Nothing is opened after a mount as soon as that; and the table of a large host takes 1 ms.
_FRESH_SECONDS: Final = 1.0
# File systems in memory, or above others on this machine, which have no device of their own.
_LOCAL_TYPES: Final = frozenset(
    {"bcachefs", "btrfs", "devtmpfs", "overlay", "proc", "ramfs", "rootfs", "sysfs", "tmpfs", "zfs"}
)
_ESCAPE: Final = re.compile(r"\\([0-7]{3})")
_MAX_LEARNT: Final = 1024

_devices: dict[str, int] = {}  # where something is mounted -> the device number
_elsewhere: frozenset[int] = frozenset()  # the devices that are not local
_read_at = float("-inf")
# Folders and files on devices that are not local -> the device, to which a link may have led.
_learnt: dict[str, int] = {}
_depth = 1  # the most names that a path in these two has


def device_of(path: str) -> int | None:
    """The number of the device that `path` is on by its name; `None` if there is no table.

    A symbolic link that leads to another device is known only after `learn_device`.
    """
    _refresh()
    # Nothing is known of what is deeper, and a client may write a path of 2,000 names.
    place = os.sep.join(abspath(path).split(os.sep)[: _depth + 1])
    while True:
        device = _learnt.get(place)
        if device is None:
            device = _devices.get(place)
        if device is not None:
            return device
        above = dirname(place)
        if above == place:
            return None
        place = above


def learn_device(path: str, device: int) -> None:
    """Note that the file at `path` was found on `device`, which is not local; blocking."""
    global _depth
    path = abspath(path)
    if device_of(path) == device:
        return
    if len(_learnt) >= _MAX_LEARNT:
        _learnt.clear()
    folder = dirname(path)
    known = folder if device_of(realpath(folder)) == device else path
    _learnt[known] = device
    _depth = max(_depth, _names(known))


def is_local(device: int) -> bool:
    """Whether no other machine, and no other process, answers for the files on `device`.

    A device that is not in the table is local: a subvolume of btrfs, a layer of overlayfs.
    """
    if monotonic() - _read_at >= _FRESH_SECONDS:
        _refresh()
    return device not in _elsewhere


def mounted_at(path: str) -> int | None:
    """The device mounted at `path`, an absolute path; `None` if there is none, or it is local."""
    _refresh()
    device = _devices.get(path)
    return None if device is None or is_local(device) else device


def _refresh() -> None:
    """Read the table again if it may have changed."""
    global _depth, _devices, _elsewhere, _read_at
    now = monotonic()
    if now - _read_at < _FRESH_SECONDS:
        return
    _read_at = now
    try:
        with open(_TABLE, encoding="utf-8", errors="surrogateescape") as table:
            lines = table.read().splitlines()
    except OSError:
        lines = []
    _devices, types = _parse(lines)
    _depth = max(map(_names, (os.sep, *_devices, *_learnt)))
    _elsewhere = frozenset(device for device in types if not _is_local(device, types[device]))


def _names(path: str) -> int:
    return path.count(os.sep)


def _is_local(device: int, file_system: str) -> bool:
    if file_system in _LOCAL_TYPES:
        return True
    return os.major(device) != 0 and not file_system.startswith("fuse")


def _parse(lines: list[str]) -> tuple[dict[str, int], dict[int, str]]:
    """The devices by where they are mounted, and the types of file systems (proc(5))."""
    devices: dict[str, int] = {}
    types: dict[int, str] = {}
    for line in lines:
        mount, _, source = line.partition(" - ")
        numbers, _, point = mount.split(" ")[2:5]
        major, _, minor = numbers.partition(":")
        device = os.makedev(int(major), int(minor))
        devices[_ESCAPE.sub(lambda found: chr(int(found[1], 8)), point)] = device
        types[device] = source.partition(" ")[0]
    return devices, types
