"""Quart: `send_file`, `send_from_directory` and static files hand over their file.

    RangeServe(app)             # or: ranges = RangeServe(); ranges.init_app(app)

wraps `app.asgi_app` in a `RangeMiddleware` and connects to Quart's `request_finished` signal.
That comes after all `after_request` functions, so the response that they return is the one that
is sent. It works for quart-trio's `QuartTrio` too, and uses only the public API of Quart.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable
from os import fsdecode
from types import TracebackType
from typing import Any, Final

from .._checks import check_kind
from .._requires import require
from ..core.limits import Limits
from ..events import Observer
from ..handover import Handover, hand_over, handover_of
from ..middleware import RangeMiddleware
from ..sources.etags import EtagMaker, stat_etag

__all__ = ["RangeServe"]

require("Quart", "0.20", extra="quart")

from quart import Quart, request, request_finished
from quart.wrappers.response import ResponseBody

_EXTENSION: Final = "rangeserve"
# The packages whose file bodies send the file unchanged. A body that reads with a method of
# another package may send other bytes, or do something when they have been sent.
_KNOWN_PACKAGES: Final = frozenset({"quart", "quart_trio"})
_READING_METHODS: Final = ("__aenter__", "__aexit__", "__aiter__", "__anext__")


class RangeServe:
    """The Quart extension. `limits`, `skip`, `etag` and `observer` are those of `RangeMiddleware`.

    `limits=None` stands for `Limits()`. With `app`, `init_app` is called. Applying the extension
    to an app a second time does nothing.
    """

    def __init__(
        self,
        app: Quart | None = None,
        *,
        limits: Limits | None = None,
        skip: Callable[[Any], object] | None = None,
        etag: EtagMaker | None = stat_etag,
        observer: Observer | None = None,
    ) -> None:
        self._limits = limits if limits is not None else Limits()
        self._skip = skip
        self._etag = etag
        self._observer = observer
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Quart) -> None:
        """Wrap `app.asgi_app` in the middleware, and make file responses hand over their files.

        `TypeError` for what is no `Quart` app.
        """
        check_kind(app, Quart, "RangeServe(app)")
        if _EXTENSION in app.extensions:
            return
        app.extensions[_EXTENSION] = self
        app.asgi_app = RangeMiddleware(  # type: ignore[method-assign]
            app.asgi_app,
            limits=self._limits,
            skip=self._skip,
            etag=self._etag,
            observer=self._observer,
        )
        request_finished.connect(_hand_over_file, app)


async def _hand_over_file(_: Quart, response: Any, **__: Any) -> None:
    """Hand over the body of `response` if it is a whole file, and lift the timeout of a source.

    `response` may be one of Werkzeug, which has no timeout.
    """
    handover = handover_of(request.scope)
    if handover is None:
        return
    body: Any = getattr(response, "response", None)
    if handover.source is None and response.status_code == 200 and _is_whole_file(body):
        hand_over(request.scope, fsdecode(body.file_path))
        response.response = _HandedOver(body, handover)
    if handover.source is not None and getattr(response, "timeout", None) is Ellipsis:
        response.timeout = None  # the client may pause a video for any time


def _is_whole_file(body: Any) -> bool:
    """Whether Quart itself would send a file from its beginning to its end."""
    return (
        hasattr(body, "file_path")
        and all(_is_known(getattr(body, name)) for name in _READING_METHODS)
        and (body.begin, body.end) == (0, body.size)
    )


def _is_known(method: Any) -> bool:
    """Whether a method is one of Quart's own."""
    module: str = method.__module__
    return module.partition(".")[0] in _KNOWN_PACKAGES


class _HandedOver(ResponseBody):
    """A file body that is opened only if the middleware does not serve its file."""

    def __init__(self, body: Any, handover: Handover) -> None:
        self._body = body
        self._handover = handover
        self._opened = False

    async def __aenter__(self) -> AsyncIterable[Any]:
        if self._handover.accepted:
            return _nothing()
        self._opened = True
        entered: AsyncIterable[Any] = await self._body.__aenter__()
        return entered

    async def __aexit__(self, exc_type: type, exc_value: BaseException, tb: TracebackType) -> None:
        if self._opened:
            await self._body.__aexit__(exc_type, exc_value, tb)


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""
