"""What clients will meet at a URL, or at an ASGI app: does it seek, resume and slice?

    report = check("https://example.com/film.mp4")
    report.breaks({"safari"})

The command `rangeserve check` prints the same.
"""

from __future__ import annotations

from .._public import publish
from .checks import Check, Failed, Finding, NotJudged, Passed
from .clients import Client, ClientVerdict, Fate
from .model import CouldNotAsk, Exchange, Report
from .running import check, check_async
from .testing import assert_serves_ranges

__all__ = [
    "Check",
    "Client",
    "ClientVerdict",
    "CouldNotAsk",
    "Exchange",
    "Failed",
    "Fate",
    "Finding",
    "NotJudged",
    "Passed",
    "Report",
    "assert_serves_ranges",
    "check",
    "check_async",
]

publish(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
