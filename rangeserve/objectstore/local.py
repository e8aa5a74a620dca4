"""`check_local`: what of a folder (a `LocalStore`) may be read as an object."""

from __future__ import annotations

import errno
import os
from functools import partial
from typing import Final

from obstore.store import LocalStore

from ..errors import ResponseError
from ..sources.file import FileSource
from ..sources.mounts import device_of
from ..sources.threads import LOOK_UPS, in_thread

__all__ = ["check_local", "has_hidden"]

# The system says so of a loop of links, of a socket, and of names that no file can have.
_NO_FILE: Final = frozenset(
    {errno.ELOOP, errno.ENXIO, errno.ENODEV, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG}
)


async def check_local(store: LocalStore, key: str, *, hidden: bool) -> None:
    """Check that `key` is that of a regular, stored file; it is opened for that, without waiting.

    `FileNotFoundError` for anything else, such as a FIFO, which the store would open and then
    wait for, or what a link leads to outside of the folder; and, unless `hidden`, if a name on the
    way to the file begins with a dot, also behind a link. Any other `OSError` of the system, and
    `ValueError`.
    """
    root = str(store.prefix or os.sep)
    try:
        check = partial(_check, root, key, hidden=hidden)
        await in_thread(check, LOOK_UPS, device_of(os.path.join(root, key)))
    except OSError as error:
        if error.errno in _NO_FILE:
            raise FileNotFoundError(*error.args) from error
        raise


def _check(root: str, key: str, *, hidden: bool) -> None:
    path = os.path.realpath(os.path.join(root, key), strict=True)
    above = os.path.join(os.path.realpath(root), "")
    if not path.startswith(above):
        raise FileNotFoundError(f"leads out of the folder: {key!r}")
    if not hidden and (has_hidden(key) or has_hidden(path[len(above) :])):
        raise FileNotFoundError(f"hidden: {key!r}")
    source = FileSource(path)
    try:
        source.open()
    except ResponseError as error:
        raise FileNotFoundError(str(error)) from error
    finally:
        source.close()


def has_hidden(way: str) -> bool:
    """Whether a name in a path begins with a dot."""
    return any(name.startswith(".") for name in way.split(os.sep))
