"""The applications of the contenders. Each serves `/tiny` and the files of `BENCHMARKS_FOLDER`.

The path of a file is `/files/<name>`. `plain` is the framework alone, and `ranged` the framework
inside rangeserve.
"""

from __future__ import annotations

import os

__all__ = ["FOLDER", "TINY", "path_of"]

FOLDER = os.environ.get("BENCHMARKS_FOLDER", ".")
TINY = b'{"hello": "world"}'


def path_of(url_path: str) -> str:
    """The path of the file that `/files/<name>` names."""
    return f"{FOLDER}/{url_path.rpartition('/')[2]}"
