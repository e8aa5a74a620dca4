"""What is raised: an app or a source that broke its promise, and our hanging up on an app."""

from __future__ import annotations

__all__ = ["ClientDisconnected", "ResponseError"]


class ResponseError(RuntimeError):
    """The app or a source cannot give the response that was begun.

    Raised to the server, which cuts the connection: a truncated body never looks complete.
    """


class ClientDisconnected(OSError):
    """Raised in an app that goes on sending when its response has been served.

    It is what a server raises when the client has left (ASGI HTTP 2.4), so that a producer
    stops. It is taken back once it has left the app.
    """
