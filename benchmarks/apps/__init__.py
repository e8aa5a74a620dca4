"""The contenders' applications. Each serves `/tiny` and the files of `BENCHMARKS_FOLDER`.

A path is `/files/<name>`. `plain` is the framework alone; `ranged` is rangeserve round it.
"""

from __future__ import annotations

import os

__all__ = ["FOLDER", "TINY", "path_of"]

FOLDER = os.environ.get("BENCHMARKS_FOLDER", ".")
TINY = b'{"hello": "world"}'


def path_of(url_path: str) -> str:
    """The file behind `/files/<name>`."""
    return f"{FOLDER}/{url_path.rpartition('/')[2]}"
