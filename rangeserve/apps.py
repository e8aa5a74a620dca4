"""A source as an ASGI app of its own, for those without a framework.

app = serve("film.mp4")
app = serve(lambda scope: library.find(scope["path"]))
"""

from __future__ import annotations

import errno
import inspect
from collections.abc import Awaitable, Callable, Iterable
from os import PathLike
from typing import Any, Final, Union

from ._asgi.messages import BODY, START
from ._checks import check_etag_maker
from .core.limits import Limits
from .core.representation import Field
from .errors import ResponseError
from .events import Observer
from .handover import hand_over, handover_of
from .middleware import RangeMiddleware
from .sources.etags import EtagMaker, make_etag, stat_etag
from .sources.given import Given, source_of
from .sources.path import PathSource, open_path
from .sources.unavailable import SourceUnavailable, log_unavailable
from .types import ASGIApp, Receive, Scope, Send

# `answer`, `standalone`, `has_path` and `decline` are for the other apps of this package.
__all__ = ["Finder", "Found", "serve"]

Found = Union[Given, None]
Finder = Callable[[Any], Union[Found, Awaitable[Found]]]

_ALLOW: Final = (b"allow", b"GET, HEAD")
# Fetch standard 3.7: the media type is what the Content-Type says, whatever the bytes look like.
_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")
# There is no such file, and what the client asked for is why.
_NO_SUCH_PATH: Final = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.ENXIO}
)


def serve(
    source: Given | Finder,
    *,
    limits: Limits | None = None,
    etag: EtagMaker | None = stat_etag,
    observer: Observer | None = None,
) -> ASGIApp:
    """An ASGI app that answers every GET and HEAD from `source`, with ranges and conditions.

    `source`: a `Source`, a path, bytes, a binary file object that is open (and stays open), or a
    function that is called with the scope of each request and gives (or, if it is async, is
    awaited for) one of these, or `None` for 404. It may raise `SourceUnavailable` for another
    status. A path that does not exist or is no regular file is a 404, one that may not be read a
    403. Other methods get a 405. `TypeError` for a `source` that is none of these.

    `limits`, `etag` and `observer` are those of `RangeMiddleware`. If the app is mounted in
    one that is wrapped in a `RangeMiddleware` already, the limits and the observer of that
    middleware hold.
    """
    check_etag_maker(etag)
    return standalone(answer(_as_finder(source), etag=etag), limits=limits, observer=observer)


def standalone(
    app: ASGIApp, *, limits: Limits | None = None, observer: Observer | None = None
) -> ASGIApp:
    """Wrap `app` in a `RangeMiddleware`, except for requests that one outside takes part in.

    Two nested middlewares would hide the Range from the source, which would be read whole.
    """
    wrapped = RangeMiddleware(
        app, limits=limits if limits is not None else Limits(), observer=observer
    )

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and handover_of(scope) is not None:
            await app(scope, receive, send)
        else:
            await wrapped(scope, receive, send)

    return either


def answer(
    find: Callable[[Scope], Awaitable[Found]],
    *,
    etag: EtagMaker | None = stat_etag,
    fields_of: Callable[[Any], Iterable[Field]] = lambda source: (),
) -> ASGIApp:
    """The app inside the middleware: `find` a source for the scope and hand it over.

    `fields_of` gives the response fields for a source, beside those that the source adds.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await decline(scope, receive, send)
        elif handover_of(scope) is None:
            await _empty(send, 405, [_ALLOW])
        elif not has_path(scope):
            await _empty(send, 400)
        else:
            await _from_source(scope, send)

    async def _from_source(scope: Scope, send: Send) -> None:
        try:
            found = await find(scope)
            if isinstance(found, (str, PathLike)):
                found = await _opened(found, etag)
        except SourceUnavailable as unavailable:
            log_unavailable(unavailable, scope["path"])
            await _empty(send, unavailable.status, _retry_after(unavailable))
            return
        if found is None:
            await _empty(send, 404)
            return
        hand_over(scope, found)
        headers = [_NOSNIFF, *fields_of(found)]
        await send({"type": START, "status": 200, "headers": headers})
        await send({"type": BODY, "body": b""})

    return app


async def decline(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer what is not HTTP: a lifespan has nothing to do, a websocket is closed.

    `RuntimeError` for a scope of any other type.
    """
    scope_type = scope["type"]
    if scope_type == "lifespan":
        while True:
            event = (await receive())["type"]
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return
    elif scope_type == "websocket":
        await receive()
        await send({"type": "websocket.close"})
    else:
        raise RuntimeError(f"no answer to a scope of type {scope_type!r}")


def has_path(scope: Scope) -> bool:
    """Whether the target of a GET begins with a slash, as it must (RFC 9113 8.3.1, RFC 9112 3.2).

    The path is also empty for the very place at which an app is mounted.
    """
    path: str = scope["path"]
    return path.startswith("/") or (not path and bool(scope.get("root_path")))


def _as_finder(source: Given | Finder) -> Callable[[Scope], Awaitable[Found]]:
    if callable(source):
        finder = source

        async def find(scope: Scope) -> Found:
            found = finder(scope)
            return await found if inspect.isawaitable(found) else found

        return find
    # A path is opened for each request, anything else is shared by them.
    always = source if isinstance(source, (str, PathLike)) else source_of(source, close=False)

    async def find_always(scope: Scope) -> Found:
        return always

    return find_always


async def _opened(path: str | PathLike[str], etag: EtagMaker | None) -> PathSource:
    """`SourceUnavailable` if there is no such file or it may not be read."""
    try:
        source = await open_path(path, etag=None)
    except PermissionError as error:
        raise SourceUnavailable(403) from error
    except (ResponseError, ValueError) as error:  # no regular file; a NUL in the path
        raise SourceUnavailable(404) from error
    except OSError as error:
        if error.errno in _NO_SUCH_PATH:
            raise SourceUnavailable(404) from error
        raise
    if etag is not None:
        try:
            source.etag = await make_etag(etag, source)
        except BaseException:  # cancelled: the file has not been handed over yet
            source.close()
            raise
    return source


def _retry_after(unavailable: SourceUnavailable) -> Iterable[Field]:
    seconds = unavailable.retry_after
    return () if seconds is None else ((b"retry-after", b"%d" % seconds),)


async def _empty(send: Send, status: int, fields: Iterable[Field] = ()) -> None:
    headers = [(b"content-length", b"0"), *fields]
    await send({"type": START, "status": status, "headers": headers})
    await send({"type": BODY, "body": b""})
