"""Quart: `send_file`, `send_from_directory` and static files hand over their file.

    RangeServe(app)             # or: ranges = RangeServe(); ranges.init_app(app)

wraps `app.asgi_app` in a `RangeMiddleware` and registers one `after_request` function.
Works for quart-trio's `QuartTrio` too. Only public Quart API is used.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from os import stat_result
from types import TracebackType
from typing import Any

from quart import Quart, Response, request
from quart.wrappers.response import FileBody, ResponseBody

from ..events import Observer
from ..handover import Offer, hand_over, offer_of
from ..middleware import RangeMiddleware
from ..selection import Limits
from ..sources.file import stat_etag

__all__ = ["RangeServe"]

_EXTENSION = "rangeserve"


class RangeServe:
    """The Quart extension. The arguments are those of `RangeMiddleware`.

    Applying it to an app twice does nothing the second time.
    """

    def __init__(
        self,
        app: Quart | None = None,
        *,
        limits: Limits | None = None,
        skip: Callable[[Any], object] | None = None,
        etag: Callable[[stat_result], str] | None = stat_etag,
        observer: Observer | None = None,
    ) -> None:
        self._limits = limits if limits is not None else Limits()
        self._skip = skip
        self._etag = etag
        self._observer = observer
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Quart) -> None:
        """Wrap `app.asgi_app`, and let file responses hand over their file."""
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
        app.after_request(_hand_over_file)


async def _hand_over_file(response: Response) -> Response:
    """An `after_request` function: a whole file as a body becomes a source."""
    body = getattr(response, "response", None)
    offer = offer_of(request.scope)
    if (
        offer is not None
        and offer.source is None
        and response.status_code == 200
        and isinstance(body, FileBody)
        and (body.begin, body.end) == (0, body.size)
    ):
        hand_over(request.scope, body.file_path)
        response.response = _HandedOver(body, offer)
    if offer is not None and offer.source is not None:
        response.timeout = None  # a paused video is not a response that hangs
    return response


class _HandedOver(ResponseBody):
    """A file body that is opened only if the middleware has not served its file already."""

    def __init__(self, body: FileBody, offer: Offer) -> None:
        self._body = body
        self._offer = offer
        self._opened = False

    async def __aenter__(self) -> AsyncIterator[bytes]:
        if self._offer.served:
            return _nothing()
        self._opened = True
        entered: AsyncIterator[bytes] = await self._body.__aenter__()
        return entered

    async def __aexit__(self, exc_type: type, exc_value: BaseException, tb: TracebackType) -> None:
        if self._opened:
            await self._body.__aexit__(exc_type, exc_value, tb)


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""
