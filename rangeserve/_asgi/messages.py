"""The types of the messages that an app sends (ASGI HTTP 2.5 and its extensions)."""

from __future__ import annotations

from typing import Final

from ..core.plan import Plan
from ..types import Message

__all__ = [
    "ANSWERS",
    "BODY",
    "DISCONNECT",
    "PATHSEND",
    "START",
    "TRAILERS",
    "ZEROCOPYSEND",
    "rewritten",
]

START: Final = "http.response.start"
BODY: Final = "http.response.body"
PATHSEND: Final = "http.response.pathsend"
ZEROCOPYSEND: Final = "http.response.zerocopysend"
TRAILERS: Final = "http.response.trailers"
DISCONNECT: Final = "http.disconnect"

ANSWERS: Final = frozenset({START, BODY, PATHSEND, ZEROCOPYSEND})
"""Those that answer the request; others (early hints, debug) may come at any time."""


def rewritten(start: Message, plan: Plan) -> Message:
    """The app's `start` with the status and the fields of `plan`, whose body has no trailers."""
    return {**start, "status": plan.status, "headers": plan.headers, "trailers": False}
