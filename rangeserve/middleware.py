"""`RangeMiddleware`: which requests take part, and what holds for all of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from ._asgi.call import Call, Settings
from ._asgi.innermost import attach
from ._asgi.scope import takes_part
from ._checks import check_app, check_etag_maker, check_function, check_hooks, check_limits
from .core.limits import Limits
from .core.representation import Field
from .events import Observer
from .handover import handover_of
from .sources.etags import EtagMaker, stat_etag
from .types import ASGIApp, Receive, Scope, Send

__all__ = ["RangeMiddleware"]

_DEFAULT_LIMITS: Final = Limits()
_logger: Final = logging.getLogger("rangeserve")
_TWICE: Final = (
    "one RangeMiddleware is wrapped around another: the outer one does the work, and the options "
    "of the inner one have no effect; remove one of the two"
)


class RangeMiddleware:
    """Make any ASGI app's 200 responses byte-range capable and conditional.

    `limits`: what a Range may cost. `skip`: called with the scope of each GET and HEAD; if
    it gives a true value, the request is handed on untouched. `etag`: makes the entity-tag
    of a file whose app gave none (see `sources.EtagMaker`); `None` for no entity-tags.
    `observer`: called with a `ResponseStarted` and a `ResponseFinished` for each request
    that takes part.

    `app_ranges`: for an app that answers ranges by itself, `True` or a function that is called
    with the scope and gives a true value for such a request. The app then sees the Range; its
    own 206 or 416 is passed on if it is what was asked for, its 200 is sliced as ever.
    `pathsend`: offer the app the extension `http.response.pathsend`, for an app that sends its
    files by their path, if no layer between the two would trip over that message.
    `last_modified`: whether a file whose app gave no Last-Modified gets one.

    `body_etag`: a body that comes in one message of at most this number of bytes gets a strong
    ETag made of its content, if it has none; `None` for no such tags. `validator`: called with
    the scope and the fields of a 200 without ETag and Last-Modified; it gives a quoted
    entity-tag, a `datetime` for Last-Modified, or `None`. Neither is for a response that is
    coded, an event stream, or not to be stored. `too_large`: called with the scope if the whole
    is larger than `Limits.max_body_size`; gives a URL to redirect to, or `None` for a 501.
    `ValueError` for a `body_etag` below 1.

    Everything but GET and HEAD requests - other methods, websockets, lifespan - is passed on
    with the very same objects. So is a request in which another `RangeMiddleware` outside
    takes part already: that one does the work, and the log says so once.

    `TypeError` for an app that is not ASGI, and for an option that is not what it should be.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: Limits = _DEFAULT_LIMITS,
        skip: Callable[[Scope], object] | None = None,
        etag: EtagMaker | None = stat_etag,
        observer: Observer | None = None,
        app_ranges: bool | Callable[[Scope], object] = False,
        pathsend: bool = False,
        last_modified: bool = True,
        body_etag: int | None = None,
        validator: Callable[[Scope, Sequence[Field]], str | datetime | None] | None = None,
        too_large: Callable[[Scope], str | None] | None = None,
    ) -> None:
        check_app(app)
        check_limits(limits)
        check_function("skip", skip, "every request would be skipped")
        check_function("observer", observer, "let it put the event into a queue")
        if not isinstance(app_ranges, bool):
            check_function("app_ranges", app_ranges, "every request would show its Range")
        check_etag_maker(etag)
        check_hooks(body_etag, validator, too_large)
        attach()
        self.app = app
        self.skip = skip
        self._has_said_twice = False
        self._settings = Settings(
            limits,
            etag,
            observer,
            app_ranges,
            pathsend,
            last_modified,
            body_etag=body_etag,
            validator=validator,
            too_large=too_large,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI call."""
        if takes_part(scope, self.skip):
            if not scope.get("extensions") or handover_of(scope) is None:
                await Call(self.app, self._settings, scope, receive, send).run()
                return
            if not self._has_said_twice:
                self._has_said_twice = True
                _logger.warning("%s", _TWICE)
        await self.app(scope, receive, send)
