"""The types of ASGI.

Frameworks type ASGI differently (mappings, TypedDicts, protocols), so what an app is called
with is loose, and only what rangeserve itself makes is exact.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

__all__ = ["ASGIApp", "Message", "Receive", "Scope", "Send"]

Message = dict[str, Any]
"""One message of ASGI, as rangeserve makes it."""

Scope = Any
"""What an app gets to know of a connection: a mapping."""

Receive = Callable[[], Awaitable[Any]]
"""What an app awaits for the next message from the client."""

Send = Callable[[Any], Awaitable[None]]
"""What an app awaits to send a message to the client."""

ASGIApp = Callable[[Any, Any, Any], Awaitable[None]]
"""An app: called with a scope, a receive and a send."""
