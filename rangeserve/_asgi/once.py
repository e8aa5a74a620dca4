"""What the author of an app is told: each text once a route."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import Any, Final

__all__ = ["Once"]

_MAX_TEXTS: Final = 1024
_logger: Final = logging.getLogger("rangeserve")


class Once:
    """Logs a text for a route when it comes for the first time; at most 1,024 of each level."""

    def __init__(self) -> None:
        self._seen: defaultdict[int, set[tuple[str, str]]] = defaultdict(set)

    def log(self, level: int, scope: dict[str, Any], text: str) -> None:
        """Log `text` at `level`, with the route that `scope` has been given to, or its path."""
        if not _logger.isEnabledFor(level):
            return
        route = getattr(scope.get("route"), "path", None) or scope.get("path", "")
        key = (str(route), text)
        seen = self._seen[level]
        if key not in seen and len(seen) < _MAX_TEXTS:
            seen.add(key)
            _logger.log(level, "%r: %s", *key)
