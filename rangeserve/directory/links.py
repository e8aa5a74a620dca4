"""`mount_behind`: where symbolic links lead, as far as that can be told without waiting. Blocking.

A link on a disk may lead to a device that does not answer (a dead network mount). The table of
mounts says so before that device is asked anything.
"""

from __future__ import annotations

import errno
import os
from typing import Final

from ..sources.mounts import mounted_at

__all__ = ["mount_behind"]

_MAX_LINKS: Final = 40  # of Linux


def mount_behind(path: str, device: int | None) -> str | None:
    """Where the links in `path` come to another device that may not answer: its mount point.

    `None` if they come to none, also if the path cannot be resolved. Only the `device` whose
    thread this is, and devices that are local, are asked.
    """
    place, links = os.sep, 0
    to_come = path.split(os.sep)[::-1]
    while to_come:
        name = to_come.pop()
        if name in ("", "."):
            continue
        if name == "..":
            place = os.path.dirname(place)
            continue
        step = os.path.join(place, name)
        if mounted_at(step) not in (None, device):
            return step
        try:
            target = os.readlink(step)
        except OSError as error:
            if error.errno != errno.EINVAL:  # there is nothing, so nothing behind it
                return None
            place = step  # no link
            continue
        links += 1
        if links > _MAX_LINKS:
            return None
        to_come.extend(target.split(os.sep)[::-1])
        if os.path.isabs(target):
            place = os.sep
    return None
