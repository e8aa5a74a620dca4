"""`RangeMiddleware` for WSGI: which requests take part, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

from .._checks import (
    check_etag_maker,
    check_function,
    check_hooks,
    check_limits,
    check_wsgi_app,
)
from ..core.limits import Limits
from ..core.representation import Field
from ..events import Observer
from ..sources.etags import EtagMaker, stat_etag
from .call import Call, Settings
from .environ import takes_part
from .types import Environ, StartResponse, WSGIApp

__all__ = ["RangeMiddleware"]

_DEFAULT_LIMITS: Final = Limits()


class RangeMiddleware:
    """Make any WSGI app's 200 responses byte-range capable and conditional.

    `limits`: what a Range may cost. `skip`: called with the environ of each GET and HEAD; if it
    gives a true value, the request is handed on untouched. `etag`: makes the entity-tag of a
    file whose app gave none (see `sources.EtagMaker`); `None` for no entity-tags. `observer`:
    called with a `ResponseStarted` and a `ResponseFinished` for each request that takes part.
    `app_ranges`: for an app that answers ranges by itself, `True` or a function that is called
    with the environ and gives a true value for such a request. `last_modified`: whether a file
    whose app gave no Last-Modified gets one.

    `body_etag`: a body that comes in one chunk of at most this number of bytes gets a strong ETag
    made of its content, if it has none; `None` for no such tags. `validator`: called with the
    environ and the fields, pairs of `bytes`, of a 200 without ETag and Last-Modified; it gives a
    quoted entity-tag, a `datetime` for Last-Modified, or `None`. Neither is for a response that
    is coded, an event stream, or not to be stored. `too_large`: called with the environ if the
    whole is larger than `Limits.max_body_size`; gives a URL to redirect to, or `None` for a 501.
    `ValueError` for a `body_etag` below 1.

    Files that come through `wsgi.file_wrapper` are read at offsets; whole ones are given to the
    server's own `wsgi.file_wrapper`, unless there is an observer, which has to count the bytes.

    Requests of other methods are passed on with the very same objects. So is a request in which
    another `RangeMiddleware` outside takes part already: that one does the work.

    `TypeError` for an app that is not WSGI, and for an option that is not what it should be.
    """

    def __init__(
        self,
        app: WSGIApp,
        *,
        limits: Limits = _DEFAULT_LIMITS,
        skip: Callable[[Environ], object] | None = None,
        etag: EtagMaker | None = stat_etag,
        observer: Observer | None = None,
        app_ranges: bool | Callable[[Environ], object] = False,
        last_modified: bool = True,
        body_etag: int | None = None,
        validator: Callable[[Environ, Sequence[Field]], str | datetime | None] | None = None,
        too_large: Callable[[Environ], str | None] | None = None,
    ) -> None:
        check_wsgi_app(app)
        check_limits(limits)
        check_function("skip", skip, "every request would be skipped")
        check_function("observer", observer, "let it put the event into a queue")
        if not isinstance(app_ranges, bool):
            check_function("app_ranges", app_ranges, "every request would show its Range")
        check_etag_maker(etag)
        check_hooks(body_etag, validator, too_large)
        self.app = app
        self.skip = skip
        self._settings = Settings(
            limits,
            etag,
            observer,
            app_ranges,
            last_modified,
            body_etag=body_etag,
            validator=validator,
            too_large=too_large,
        )

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """One WSGI call."""
        if takes_part(environ) and not (self.skip is not None and self.skip(environ)):
            return Call(self.app, self._settings, environ, start_response).run()
        body: Iterable[bytes] = self.app(environ, start_response)
        return body
