"""The messages of ASGI as an app and a server send them, and an app that is made of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

App = Callable[[Any, Any, Any], Awaitable[None]]
Field = tuple[bytes, bytes]

PATHSEND = "http.response.pathsend"
ZEROCOPYSEND = "http.response.zerocopysend"
DISCONNECT = {"type": "http.disconnect"}


def start(*fields: Field, status: int = 200, **more: Any) -> dict[str, Any]:
    """A response start with these header fields, as `(name, value)` in bytes."""
    return {"type": "http.response.start", "status": status, "headers": list(fields), **more}


def body(data: bytes = b"", more: bool = False) -> dict[str, Any]:
    """A body message; `more`: it is not the final one."""
    return {"type": "http.response.body", "body": data, "more_body": more}


def pathsend(path: object = "/film") -> dict[str, Any]:
    """A message that leaves the sending of a file to the server."""
    return {"type": PATHSEND, "path": str(path)}


def content_length(size: int) -> Field:
    """The field that promises `size` bytes."""
    return (b"content-length", b"%d" % size)


def says(*messages: dict[str, Any] | Exception) -> App:
    """An app that sends these messages; an exception among them is raised at its place."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            if isinstance(message, Exception):
                raise message
            await send(message)

    return app


def is_final(message: dict[str, Any]) -> bool:
    """Whether `message` is the body message that completes a response."""
    return message["type"] == "http.response.body" and not message.get("more_body", False)
