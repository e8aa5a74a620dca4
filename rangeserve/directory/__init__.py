"""A folder of files over HTTP: an ASGI app, also `python -m rangeserve`."""

from __future__ import annotations

from .app import DirectoryApp

__all__ = ["DirectoryApp"]
