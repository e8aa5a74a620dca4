"""The files beside a file that hold it coded: `app.js.br` beside `app.js`. Blocking."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from stat import S_ISREG

from .beneath import Folder, open_beneath
from .coding import CODINGS

__all__ = ["open_coded", "sizes_of_siblings"]


def sizes_of_siblings(root: str, names: Sequence[str], original: os.stat_result) -> dict[str, int]:
    """The size in bytes of each coded sibling of the file at `names` below `root`, by coding.

    A sibling is a regular file, no link, that is not older than the `original`: one that is
    older is of another state of it. Whole seconds are compared, as far as tools copy times.
    """
    path = os.path.join(root, *names)
    found: dict[str, int] = {}
    for coding, ending in CODINGS.items():
        try:
            status = os.lstat(path + ending)
        except (OSError, ValueError):
            continue
        if S_ISREG(status.st_mode) and int(status.st_mtime) >= int(original.st_mtime):
            found[coding] = status.st_size
    return found


def open_coded(
    root: str,
    names: Sequence[str],
    sizes: dict[str, int],
    device: int | None,
    choose: Callable[[dict[str, int]], str | None],
    *,
    hidden: bool,
) -> tuple[int, str] | None:
    """The descriptor of the sibling whose coding `choose` names, and that coding.

    `device` is the one whose thread this is. A sibling that cannot be opened is taken out of
    `sizes`, and `choose` is called again.
    `None` if it names none.
    """
    while (coding := choose(sizes)) is not None:
        try:
            *above, name = names
            way = (*above, name + CODINGS[coding])
            opened = open_beneath(root, way, device, hidden=hidden)
        except (OSError, ValueError):
            del sizes[coding]
            continue
        if not isinstance(opened, Folder):
            return opened, coding
        opened.close()  # replaced since
        del sizes[coding]
    return None
