"""The names in a ZIP archive: which are safe wherever it is unpacked. Pure: reads nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Final

__all__ = ["check_names", "check_name", "member_name"]

_MAX_NAME_BYTES: Final = 0xFFFF
_DRIVE: Final = re.compile("[A-Za-z]:")


def check_name(name: str) -> bytes:
    """The name of a member as it stands in the archive, in UTF-8.

    It is a relative path with slashes, and ends in one if the member is a folder. `ValueError`,
    with a sentence, for a name that some program would unpack to somewhere else: an absolute
    path, `.` or `..` or nothing between two slashes, a backslash, a drive letter, a NUL; and for
    one that is no valid Unicode, or longer than 65,535 bytes.
    """
    steps = name.removesuffix("/").split("/")
    if any(step in ("", ".", "..") for step in steps):
        raise ValueError(f"not a relative path without dots: {name!r}")
    if "\\" in name or "\0" in name or _DRIVE.match(name):
        raise ValueError(f"a backslash, a NUL or a drive letter is not safe in a name: {name!r}")
    try:
        encoded = name.encode()
    except UnicodeEncodeError:
        raise ValueError(f"not a name in Unicode: {name!r}") from None
    if len(encoded) > _MAX_NAME_BYTES:
        raise ValueError(f"a name is longer than {_MAX_NAME_BYTES:,} bytes: {name[:40]!r}...")
    return encoded


def check_names(names: Iterable[str]) -> None:
    """`ValueError` if two of the names would be unpacked to the same place.

    They would if a name is there twice, or is that of a file and also a folder of another name.
    """
    files: set[str] = set()
    folders: set[str] = set()
    above: set[str] = set()
    for name in names:
        place = name.removesuffix("/")
        if place in files or place in folders:
            raise ValueError(f"two members have the same name: {place!r}")
        (folders if name.endswith("/") else files).add(place)
        while "/" in place:
            place = place.rpartition("/")[0]
            if place in above:
                break
            above.add(place)
    both = files & above
    if both:
        raise ValueError(f"a member is a file and also a folder of others: {min(both)!r}")


def member_name(steps: Iterable[str]) -> str:
    """The name of a member for a file at these `steps` below a folder.

    What is no valid name elsewhere is percent-encoded: bytes that are not UTF-8, a backslash,
    and the colon of what looks like a drive letter.
    """
    name = "/".join(map(_portable, steps))
    return f"{name[0]}%3A{name[2:]}" if _DRIVE.match(name) else name


def _portable(step: str) -> str:
    if step.isascii() and "\\" not in step:  # nearly every name
        return step
    raw = os.fsencode(step).replace(b"\\", b"%5C")
    return raw.decode("utf-8", "surrogateescape").translate(_ESCAPES)


# `surrogateescape` makes of a byte that is not UTF-8 one of these characters (PEP 383).
_ESCAPES: Final = {0xDC00 + byte: f"%{byte:02X}" for byte in range(0x80, 0x100)}
