"""What another HTTP server has, as a source: a proxy that seeks.

Needs the extra `rangeserve[upstream]`, which installs httpx, the HTTP client.

    hand_over(scope, await open_upstream("https://films.internal/7.mp4", scope=scope))
"""

from __future__ import annotations

from .._public import publish
from .._requires import require

require("httpx", "0.27", extra="upstream")

from .source import UpstreamSource, open_upstream

__all__ = ["UpstreamSource", "open_upstream"]

publish(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
