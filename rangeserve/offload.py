"""nginx serves the files: the app only says which one, with `X-Accel-Redirect`.

    app = AccelRedirect(app, {"/srv/media": "/protected"})

in the place of `RangeMiddleware(app)`, behind an nginx that has an `internal` location
`/protected/` with `alias /srv/media/`. Without nginx the clients would see the header.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from os.path import abspath
from typing import Any, Final
from urllib.parse import quote

from .handover import offer_of
from .middleware import RangeMiddleware
from .representation import read_representation

__all__ = ["AccelRedirect"]

ASGIApp = Callable[[Any, Any, Any], Awaitable[None]]
Send = Callable[[Any], Awaitable[None]]

_METHODS: Final = frozenset({"GET", "HEAD"})
_START: Final = "http.response.start"
_PATHSEND: Final = "http.response.pathsend"
# nginx makes its own of the file that it serves, and judges the client's conditions by them.
_NGINXS: Final = frozenset(
    {b"content-length", b"etag", b"last-modified", b"accept-ranges", b"content-range"}
)
_CONDITIONS: Final = frozenset(
    {b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since"}
)


class AccelRedirect:
    """Lets nginx serve the files below `roots`, and is a `RangeMiddleware` for all else.

    `roots`: folders, and the `internal` location that has each as its alias. `options` are
    those of `RangeMiddleware`. A file counts if the app hands it over or sends it as a path
    (`http.response.pathsend`) with status 200 and no Content-Encoding, which nginx would
    lose. The answer is then the app's fields without its validators and lengths: ranges,
    conditions and `ETag` are nginx's alone, so the app sees neither and a HEAD as a GET.
    """

    def __init__(self, app: ASGIApp, roots: Mapping[str, str], **options: Any) -> None:
        """`ValueError` for a location that does not start with a slash."""
        self._app = app
        self._options = options
        self._roots = [
            (abspath(folder).rstrip("/") + "/", location.rstrip("/") + "/")
            for folder, location in roots.items()
        ]
        for _, location in self._roots:
            if not location.startswith("/"):
                raise ValueError(f"a location starts with a slash: {location!r}")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One ASGI call."""
        if scope["type"] != "http" or scope["method"] not in _METHODS:
            await self._app(scope, receive, send)
        else:
            inside = partial(self._inside, send)
            await RangeMiddleware(inside, **self._options)(scope, receive, send)

    async def _inside(self, nginx: Send, scope: Any, receive: Any, send: Send) -> None:
        """Between the middleware and the app; `nginx` is the server's own `send`."""
        held: list[Any] = []
        redirected = False

        async def redirect(location: str, start: Any) -> None:
            nonlocal redirected
            redirected = True
            fields = [each for each in start["headers"] if each[0].lower() not in _NGINXS]
            fields.append((b"x-accel-redirect", location.encode("ascii")))
            fields.append((b"content-length", b"0"))
            await nginx({"type": _START, "status": 200, "headers": fields})
            await nginx({"type": "http.response.body", "body": b""})

        async def from_app(message: Any) -> None:
            if redirected:
                return
            if message["type"] == _START:
                message = {**message, "headers": list(message.get("headers", ()))}
                representation = read_representation(message["headers"])
                if message["status"] == 200 and not representation.coded:
                    location = self._location(_handed_path(scope))
                    if location is not None:
                        await redirect(location, message)
                        return
                    if representation.content_length is not None:
                        held.append(message)  # a path may follow
                        return
            elif held:
                start = held.pop()
                location = self._location(message.get("path"))
                if message["type"] == _PATHSEND and location is not None:
                    await redirect(location, start)
                    return
                await send(start)
            await send(message)

        await self._app(_without_conditions(scope), receive, from_app)
        if held:
            await send(held.pop())

    def _location(self, path: str | None) -> str | None:
        """Where nginx has the file at `path`; `None` if it is under none of the roots."""
        if path is None:
            return None
        path = abspath(path)
        for folder, location in self._roots:
            if path.startswith(folder):
                return location + quote(path[len(folder) :], errors="surrogateescape")
        return None


def _handed_path(scope: Any) -> str | None:
    """The path of what was handed over, if it has one."""
    offer = offer_of(scope)
    source = offer.source if offer is not None else None
    path = source if isinstance(source, str) else getattr(source, "path", None)
    return path if isinstance(path, str) else None


def _without_conditions(scope: Any) -> dict[str, Any]:
    """The scope for the app: a GET without conditions, that offers to take a path."""
    headers = [each for each in scope["headers"] if each[0].lower() not in _CONDITIONS]
    extensions: dict[str, Any] = {**(scope.get("extensions") or {}), _PATHSEND: {}}
    return {**scope, "method": "GET", "headers": headers, "extensions": extensions}
