"""A folder of files over HTTP: an ASGI app, also `python -m rangeserve`."""

from __future__ import annotations

from .._public import publish
from .app import DirectoryApp

__all__ = ["DirectoryApp"]

publish(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
