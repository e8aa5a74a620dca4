"""The scope that the wrapped app sees: that of the server, in which byte ranges do not exist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from ..core.representation import Field
from ..core.request import METHODS, Request, hides_range
from ..handover import EXTENSION, Handover
from .messages import PATHSEND, ZEROCOPYSEND

__all__ = ["AppScope", "takes_part"]

_NEWEST_VERSION: Final = "2.3"
_KNOWN_VERSIONS: Final = frozenset({None, "2.0", "2.1", "2.2", _NEWEST_VERSION})
# What differs between the two scopes on purpose.
_OURS: Final = ("headers", "extensions", "asgi")


def takes_part(scope: dict[str, Any], skip: Callable[[dict[str, Any]], object] | None) -> bool:
    """Whether `scope` is that of a GET or HEAD for which `skip` gives no true value."""
    return (
        scope["type"] == "http" and scope["method"] in METHODS and (skip is None or not skip(scope))
    )


class AppScope:
    """The scope of one request for the app, and the way back for what the app adds to it.

    `scope` is given to the app; `native_pathsend`: the server itself offers pathsend.
    """

    __slots__ = ("_before", "_server_scope", "native_pathsend", "scope")

    def __init__(
        self,
        scope: dict[str, Any],
        headers: Sequence[Field],
        request: Request | None,
        handover: Handover,
        *,
        offer_pathsend: bool = False,
        show_ranges: bool = False,
    ) -> None:
        """`headers` are those of `scope`, which may be readable only once.

        What is hidden is said by `core.request.hides_range`. pathsend is offered if the server or
        `offer_pathsend` does, zerocopysend never. The server's own objects are not changed here.
        """
        extensions: dict[str, Any] = {**(scope.get("extensions") or {}), EXTENSION: handover}
        # Servers that offer both (anycorn 0.20) write to the socket past asyncio, and cut what
        # does not fit into its buffer.
        zerocopysend = extensions.pop(ZEROCOPYSEND, None)
        self.native_pathsend: bool = PATHSEND in extensions and zerocopysend is None
        if offer_pathsend:
            extensions[PATHSEND] = {}
        app_scope = {**scope, "extensions": extensions}
        if request is not None and hides_range(request, headers, shows_ranges=show_ranges):
            app_scope["headers"] = [
                field for field in headers if field[0].lower() not in (b"range", b"if-range")
            ]
        elif headers is not scope["headers"]:
            app_scope["headers"] = headers
        asgi: dict[str, object] = scope.get("asgi") or {}
        version = asgi.get("spec_version")
        if version not in _KNOWN_VERSIONS and _is_newer(version):
            # From 2.4 on, frameworks wait for `send` to raise instead of listening, and then
            # lose what they had to do after the response.
            app_scope["asgi"] = {**asgi, "spec_version": _NEWEST_VERSION}
        self.scope: dict[str, Any] = app_scope
        self._server_scope = scope
        self._before = app_scope.copy()

    def share(self) -> None:
        """Put into the server's scope what the app has put into its own: its route, its state.

        Middleware outside reads these when the response starts, or when the app has returned.
        """
        app_scope, before = self.scope, self._before
        if app_scope == before:
            return
        server_scope = self._server_scope
        for key, value in app_scope.items():
            if key not in _OURS and (key not in before or before[key] is not value):
                server_scope[key] = before[key] = value


def _is_newer(version: object) -> bool:
    """Whether a version 2 that is not a known one is newer than 2.3; if in doubt, it is.

    A 3.0 would be another protocol: whether the app speaks it is for the app to say.
    """
    try:
        parts = [int(part) for part in str(version).split(".")]
    except ValueError:
        return True
    return parts[0] == 2 and parts > [2, 3]
