"""Bodies that can be read at an offset."""

from __future__ import annotations

from .protocol import Source

__all__ = ["Source"]
