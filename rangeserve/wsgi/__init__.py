"""Byte ranges and conditional requests (RFC 9110) for any WSGI app.

application = RangeMiddleware(application)
"""

from __future__ import annotations

from .._public import publish
from .archive import open_zip
from .handover import hand_over, requested_range
from .middleware import RangeMiddleware
from .types import Environ, StartResponse, WSGIApp

__all__ = [
    "Environ",
    "RangeMiddleware",
    "StartResponse",
    "WSGIApp",
    "hand_over",
    "open_zip",
    "requested_range",
]

publish(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
