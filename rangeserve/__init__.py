"""Byte ranges and conditional requests (RFC 9110) for any ASGI app."""

from __future__ import annotations

from .errors import ClientDisconnected, ResponseError
from .events import Event, Observer, Outcome, ResponseFinished, ResponseStarted
from .handover import hand_over, requested_range
from .middleware import RangeMiddleware
from .ranges import ByteRange, parse_range
from .selection import Limits, Reason
from .serve import serve
from .sources import Source
from .sources.file import stat_etag

__all__ = [
    "ByteRange",
    "ClientDisconnected",
    "Event",
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
    "parse_range",
    "requested_range",
    "serve",
    "stat_etag",
]
