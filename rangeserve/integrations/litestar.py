"""Litestar: `File` responses and static files hand over their file.

    app = RangeMiddleware(Litestar([...], plugins=[FileHandOver()]))

The plugin is an `after_request` hook of the application layer. A handler, controller or
router with a hook of its own returns `await hand_over_file(response)` from there.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable
from typing import Any, cast

from .._requires import require

require("litestar", "2.15", extra="litestar")

from litestar.config.app import AppConfig
from litestar.file_system import BaseLocalFileSystem
from litestar.plugins import InitPlugin
from litestar.response import File
from litestar.response.file import ASGIFileResponse

from .._asgi.messages import BODY
from ..handover import handover_of

__all__ = ["FileHandOver", "hand_over_file"]


class FileHandOver(InitPlugin):
    """The plugin. If the application has an `after_request` hook, that is called first."""

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add the hook to `app_config`; a second call does nothing."""
        before = cast("Any", app_config).after_request
        if not isinstance(before, _AfterRequest):
            app_config.after_request = _AfterRequest(before)
        return app_config


class _AfterRequest:
    def __init__(self, before: Callable[[Any], Any] | None) -> None:
        self._before = before

    async def __call__(self, response: Any) -> Any:
        if self._before is not None:
            response = self._before(response)
            if isawaitable(response):
                response = await response
        return await hand_over_file(response)


async def hand_over_file(response: Any) -> Any:
    """An `after_request` hook: `response`, which hands over its file if it is a local file."""
    if isinstance(response, File):
        return _FileResponse(response)
    if isinstance(response, ASGIFileResponse):
        return _HandingOver(response)
    return response


class _FileResponse:
    """A wrapper of a `File` whose ASGI response hands over the file."""

    def __init__(self, response: File) -> None:
        self._response = response

    def __getattr__(self, name: str) -> Any:
        return getattr(self._response, name)

    def to_asgi_response(self, app: Any, request: Any, **options: Any) -> Any:
        """The response of `File.to_asgi_response`, which hands over the file."""
        return _HandingOver(cast("Any", self._response).to_asgi_response(app, request, **options))


class _HandingOver:
    """A wrapper of a file response, which is an ASGI app, that hands over the file."""

    def __init__(self, response: ASGIFileResponse) -> None:
        self._response: Any = response

    def __getattr__(self, name: str) -> Any:
        return getattr(self._response, name)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        response = self._response
        handover = handover_of(scope)
        if handover is None or handover.source is not None or not _is_plain(response, scope):
            await response(scope, receive, send)
            return
        handover.same_as_body(str(response.file_path))
        # As `response(...)`, except that no body is sent if the middleware serves the file.
        await response.start_response(send=send)
        if handover.accepted or response.is_head_response:
            await send({"type": BODY, "body": b"", "more_body": False})
        else:
            await response.send_body(send=send, receive=receive)
        await response.after_response()


def _is_plain(response: Any, scope: Any) -> bool:
    """Whether the body is a local file, and is not to be kept in Litestar's cache.

    Litestar caches the messages that the response of a cached handler sends, so these must have
    the body.
    """
    return (
        response.status_code == 200
        and isinstance(response.adapter.file_system, BaseLocalFileSystem)
        and "content-encoding" not in response.headers
        and not getattr(scope.get("route_handler"), "cache", False)
    )
