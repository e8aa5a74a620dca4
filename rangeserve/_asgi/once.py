"""Warnings for the author of an app: each of them once a route."""

from __future__ import annotations

import logging
from typing import Any, Final

__all__ = ["Once"]

_MAX_WARNINGS: Final = 1024
_logger: Final = logging.getLogger("rangeserve")


class Once:
    """Logs a warning for a route when it comes for the first time; at most 1,024 in all."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str]] = set()

    def warn(self, scope: dict[str, Any], text: str) -> None:
        """Log `text` at WARNING, with the route that `scope` has been given to, or its path."""
        route = getattr(scope.get("route"), "path", None) or scope.get("path", "")
        key = (str(route), text)
        if key not in self._seen and len(self._seen) < _MAX_WARNINGS:
            self._seen.add(key)
            _logger.warning("%r: %s", key[0], text)
