"""`RangeMiddleware`: which requests take part, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Callable
from os import stat_result
from typing import Final

from .call import ASGIApp, Call, Receive, Scope, Send, Settings
from .events import Observer
from .selection import Limits
from .sources.file import stat_etag

__all__ = ["RangeMiddleware"]

_METHODS: Final = frozenset({"GET", "HEAD"})
_DEFAULT_LIMITS: Final = Limits()


class RangeMiddleware:
    """Make any ASGI app's 200 responses byte-range capable and conditional.

    `limits`: what a Range may cost. `skip`: called with the scope of each GET and HEAD; if
    true, the request is handed on untouched. `etag`: makes the entity-tag (quoted) of a
    file whose app gave none, from the `os.stat_result` of its descriptor; `None` for none.
    `observer`: called with `ResponseStarted` and `ResponseFinished`.

    Everything but GET and HEAD requests - other methods, websockets, lifespan - is handed
    on with the very same objects.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: Limits = _DEFAULT_LIMITS,
        skip: Callable[[Scope], object] | None = None,
        etag: Callable[[stat_result], str] | None = stat_etag,
        observer: Observer | None = None,
    ) -> None:
        self.app = app
        self.skip = skip
        self._settings = Settings(limits, etag, observer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI call."""
        if (
            scope["type"] != "http"
            or scope["method"] not in _METHODS
            or (self.skip is not None and self.skip(scope))
        ):
            await self.app(scope, receive, send)
        else:
            await Call(self.app, self._settings, scope, receive, send).run()
