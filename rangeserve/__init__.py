"""Byte ranges and conditional requests (RFC 9110) for any ASGI or WSGI app."""

from __future__ import annotations

from ._public import publish
from .apps import serve
from .core import ByteRange, Limits, Reason, parse_range
from .errors import ClientDisconnected, ResponseError
from .events import Event, Observer, Outcome, ResponseFinished, ResponseStarted
from .handover import Handover, hand_over, handover_of, requested_range
from .middleware import RangeMiddleware
from .sources import Source, stat_etag

__all__ = [
    "ByteRange",
    "ClientDisconnected",
    "Event",
    "Handover",
    "Limits",
    "Observer",
    "Outcome",
    "RangeMiddleware",
    "Reason",
    "ResponseError",
    "ResponseFinished",
    "ResponseStarted",
    "Source",
    "hand_over",
    "handover_of",
    "parse_range",
    "requested_range",
    "serve",
    "stat_etag",
]

publish(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
