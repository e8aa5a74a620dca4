"""nginx sends the files: the app only says which one, with `X-Accel-Redirect`.

    app = AccelRedirect(app, {"/srv/media": "/protected"})

in the place of `RangeMiddleware(app)`, behind an nginx that has an `internal` location
`/protected/` with `alias /srv/media/`. Without nginx the clients would see the field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from os.path import abspath, isabs
from typing import Any, Final, cast
from urllib.parse import quote

from ._asgi.messages import BODY, PATHSEND, START
from ._asgi.scope import takes_part
from ._checks import check_app, check_function, shown
from .core.limits import Limits
from .core.representation import Field, read_representation
from .events import Observer
from .handover import handover_of
from .middleware import RangeMiddleware
from .sources.etags import EtagMaker, stat_etag
from .sources.file import FileSource
from .types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["AccelRedirect"]

_DEFAULT_LIMITS: Final = Limits()
# Where a scope carries the server's own `send` from outside of the middleware to inside.
_SERVER_SEND: Final = "rangeserve.accel.send"
# nginx makes its own of the file that it sends, and judges the client's conditions by them.
_MADE_BY_NGINX: Final = frozenset(
    {b"content-length", b"etag", b"last-modified", b"accept-ranges", b"content-range"}
)
_CONDITIONS: Final = frozenset(
    {b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since"}
)


class AccelRedirect:
    """Lets nginx send the files below `roots`, and is a `RangeMiddleware` for all else.

    `roots`: folders, and for each the `internal` location that has it as its alias. A file
    counts if the app hands it over or sends it by its path (`http.response.pathsend`) with
    status 200 and no Content-Encoding, which nginx would lose. The answer is then the app's
    fields without its validators and lengths: ranges, conditions and `ETag` are left to
    nginx, so the app sees none of them, and a HEAD as a GET.

    `limits`, `skip`, `etag`, `observer` and `pathsend` are those of `RangeMiddleware`, for all that
    nginx does not send.
    """

    def __init__(
        self,
        app: ASGIApp,
        roots: Mapping[str, str],
        *,
        limits: Limits = _DEFAULT_LIMITS,
        skip: Callable[[Scope], object] | None = None,
        etag: EtagMaker | None = stat_etag,
        observer: Observer | None = None,
        pathsend: bool = False,
    ) -> None:
        """`ValueError` for a location that does not start with a slash, `TypeError` as for
        `RangeMiddleware`.
        """
        check_app(app)
        check_function("skip", skip, "every request would be skipped")
        if not isinstance(cast("object", roots), Mapping):
            raise TypeError(
                'roots maps folders to locations, such as {"/srv/media": "/protected"}, not '
                f"{shown(roots)}"
            )
        self._app = app
        self._skip = skip
        self._pathsend = pathsend
        self._roots = [
            (abspath(folder).rstrip("/") + "/", location.rstrip("/") + "/")
            for folder, location in roots.items()
        ]
        for _, location in self._roots:
            if not location.startswith("/"):
                raise ValueError(f"a location must start with a slash: {location!r}")
        self._ranged = RangeMiddleware(self._inside, limits=limits, etag=etag, observer=observer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI call."""
        if takes_part(scope, self._skip):
            await self._ranged({**scope, _SERVER_SEND: send}, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Between the middleware and the app."""
        server_send: Send = scope[_SERVER_SEND]
        handover = handover_of(scope)
        if handover is not None:
            handover.prefers_path = True
        held: list[tuple[Message, int]] = []
        redirected = False

        async def redirect(location: str, start: Message) -> None:
            nonlocal redirected
            redirected = True
            if handover is not None:
                handover.accepted = True  # the app need not read the file
            fields = _joined(
                each for each in start["headers"] if each[0].lower() not in _MADE_BY_NGINX
            )
            fields.append((b"x-accel-redirect", location.encode("ascii")))
            fields.append((b"content-length", b"0"))
            await server_send({"type": START, "status": 200, "headers": fields})
            await server_send({"type": BODY, "body": b""})

        async def from_app(message: Message) -> None:
            if redirected:
                return
            if message["type"] == START:
                message = {**message, "headers": list(message.get("headers", ()))}
                representation = read_representation(message["headers"])
                if message["status"] == 200 and not representation.coded:
                    content_length = representation.content_length
                    location = self._location(_handed_over_path(scope, content_length))
                    if location is not None:
                        await redirect(location, message)
                        return
                    if content_length is not None:
                        held.append((message, content_length))  # a file may follow
                        return
            elif held:
                start, content_length = held.pop()
                path = message.get("path") if message["type"] == PATHSEND else None
                first = handover.first_body if handover is not None else None
                if path is None and (first is None or message.get("body") is first):
                    path = _handed_over_path(scope, content_length)
                location = self._location(path)
                if location is not None:
                    await redirect(location, start)
                    return
                await send(start)
            await send(message)

        app_scope = _app_scope(scope, pathsend=self._pathsend)
        before = app_scope.copy()
        await self._app(app_scope, receive, from_app)
        for key, value in app_scope.items():  # what the app adds reaches middleware outside
            if key not in before or before[key] is not value:
                scope[key] = value
        if held:
            await send(held.pop()[0])

    def _location(self, path: str | None) -> str | None:
        """Where nginx has the file at `path`; `None` if that is not absolute, or below no root."""
        if path is None or not isabs(path):
            return None
        path = abspath(path)
        for folder, location in self._roots:
            if path.startswith(folder):
                return location + quote(path[len(folder) :], errors="surrogateescape")
        return None


def _handed_over_path(scope: Scope, content_length: int | None) -> str | None:
    """The path of the file that was handed over, if nginx may open it by that path.

    Not that of another source, which may decrypt or filter what is in the file; nor that of a
    file that was opened in another way; nor if a layer has replaced the body since.
    """
    handover = handover_of(scope)
    if handover is None or handover.source is None:
        return None
    source = handover.source
    size = handover.content_length if isinstance(source, str) else source.size
    if handover.same_body and size is not None and size != content_length:
        return None
    path = source.sendable_path if isinstance(source, FileSource) else source
    return path if isinstance(path, str) else None


def _joined(fields: Iterable[Field]) -> list[Field]:
    """The fields with each name once, the values of its lines joined (RFC 9110 5.3).

    Of several lines nginx keeps one. Set-Cookie is not a list, and nginx keeps all of its lines.
    """
    values: dict[bytes, list[bytes]] = {}
    cookies: list[Field] = []
    for name, value in fields:
        if name.lower() == b"set-cookie":
            cookies.append((name, value))
        else:
            values.setdefault(name.lower(), []).append(value)
    return [(name, b", ".join(lines)) for name, lines in values.items()] + cookies


def _app_scope(scope: Scope, *, pathsend: bool) -> dict[str, Any]:
    """The scope for the app: a GET without conditions."""
    headers = [each for each in scope["headers"] if each[0].lower() not in _CONDITIONS]
    app_scope = {**scope, "method": "GET", "headers": headers}
    if pathsend:
        app_scope["extensions"] = {**(scope.get("extensions") or {}), PATHSEND: {}}
    del app_scope[_SERVER_SEND]
    return app_scope
