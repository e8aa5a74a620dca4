"""`DirectoryApp`: the files of a folder as an ASGI app. `python -m rangeserve` serves one."""

from __future__ import annotations

from .._public import publish
from .app import DirectoryApp

__all__ = ["DirectoryApp"]

publish(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
