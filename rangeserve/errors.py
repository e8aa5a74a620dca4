"""The exceptions that the middleware raises, to the server and in an app."""

from __future__ import annotations

__all__ = ["ClientDisconnected", "ResponseError"]


class ResponseError(RuntimeError):
    """The app or a source cannot give the response that was started.

    It is raised to the server, which cuts the connection, so that a truncated body never looks
    complete. The message names what came, and in which state.
    """


class ClientDisconnected(OSError):
    """Raised by `send` in an app that goes on sending after its response is complete.

    It stops the app, as the `OSError` of a server does after the client has left (ASGI HTTP
    2.4). The middleware catches it when it leaves the app, so the server does not see it.
    """
