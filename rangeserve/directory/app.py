"""`DirectoryApp`: the files below one folder as an ASGI app."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from os import PathLike
from typing import Final, Union

from ..apps import decline
from ..core.limits import Limits
from ..errors import ResponseError
from ..events import Observer
from ..handover import hand_over, handover_of
from ..middleware import RangeMiddleware
from ..sources.file import FileSource, stat_etag
from ..sources.unavailable import SourceUnavailable
from ..types import Receive, Scope, Send
from .beneath import Folder, entries, open_beneath
from .listing import PAGE_POLICY, make_page
from .media import content_type_of
from .target import Target, read_target

__all__ = ["DirectoryApp"]

_INDEX: Final = "index.html"
_FORBIDDEN_ERRORS: Final = frozenset({errno.EACCES, errno.EPERM})
_NOT_FOUND_ERRORS: Final = frozenset(
    {
        errno.ENOENT,
        errno.ENOTDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.EINVAL,
        errno.ENXIO,  # a socket, or a device without a driver
        errno.ENODEV,
        None,  # raised by `beneath.py`, not by the system
    }
)
_DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True)
class _Page:
    """A response whose body is not a file."""

    status: int
    body: bytes = b""
    fields: tuple[tuple[bytes, bytes], ...] = ()
    content_type: bytes = b"text/plain; charset=utf-8"


@dataclass(frozen=True)
class _File:
    """A response whose body is the file that has been opened."""

    content_type: str


_Found = Union[_Page, _File]

_NOT_FOUND: Final = _Page(404, b"404: there is no such file or folder here.\n")
_FORBIDDEN: Final = _Page(403, b"403: this server may not read that.\n")
_UNAVAILABLE: Final = b"503: the storage does not answer at the moment.\n"
_METHOD_NOT_ALLOWED: Final = _Page(
    405, b"405: only GET and HEAD are answered here.\n", ((b"allow", b"GET, HEAD"),)
)
# Fetch standard 3.2: what a page of another origin may request and read.
_CORS: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Accept-Ranges, Content-Length, Content-Range, ETag"),
)
_PREFLIGHT: Final = _Page(
    204,
    fields=(
        (b"access-control-allow-methods", b"GET, HEAD"),
        (
            b"access-control-allow-headers",
            b"Range, If-Range, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since",
        ),
        (b"access-control-max-age", b"600"),
    ),
)


class DirectoryApp:
    """An ASGI app that serves the files below `root`, with byte ranges and preconditions.

    - `hidden`: whether names that begin with a dot are served and listed, too.
    - `listing`: whether a folder without `index.html` is listed; otherwise it is a 404.
    - `cache_control`: the Cache-Control of each response, `None` for none. With the default,
      browsers revalidate what they have, and get a 304 if it is current.
    - `cors`: whether pages of any other origin may read the files.
    - `limits` and `observer`: those of `RangeMiddleware`, which is built in. Inside an app that
      has a `RangeMiddleware` already, those of that middleware hold.

    A symbolic link may lead anywhere below `root`; one that leads out of it is a 404.
    `NotADirectoryError` or `FileNotFoundError` if `root` is not a folder.
    """

    def __init__(
        self,
        root: str | PathLike[str],
        *,
        hidden: bool = False,
        listing: bool = True,
        cache_control: str | None = "no-cache",
        cors: bool = False,
        limits: Limits = _DEFAULT_LIMITS,
        observer: Observer | None = None,
    ) -> None:
        self.root: str = os.path.realpath(root, strict=True)
        if not os.path.isdir(self.root):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(root))
        self.hidden = hidden
        self.listing = listing
        self.cache_control = cache_control
        self.cors = cors
        self._ranged = RangeMiddleware(self._answer, limits=limits, observer=observer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI scope. A websocket is refused, and a lifespan is acknowledged."""
        if scope["type"] == "http":
            app = self._ranged if handover_of(scope) is None else self._answer
            await app(scope, receive, send)
        else:
            await decline(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The app inside the `RangeMiddleware`: sends a page, or hands a file over."""
        if handover_of(scope) is None:  # neither GET nor HEAD
            is_preflight = self.cors and scope["method"] == "OPTIONS"
            await self._send(_PREFLIGHT if is_preflight else _METHOD_NOT_ALLOWED, scope, send)
            return
        target = read_target(scope)
        if target is None:
            await self._send(_NOT_FOUND, scope, send)
            return
        source = FileSource("/".join(target.names), os.path.join(self.root, *target.names))
        try:
            found = await self._found(target, source, scope["query_string"])
            if isinstance(found, _File):
                hand_over(scope, source)
                found = _Page(200, content_type=found.content_type.encode("latin-1"))
            await self._send(found, scope, send)
        finally:
            source.close()

    async def _found(self, target: Target, source: FileSource, query: bytes) -> _Found:
        """The response for a target; if it is a file, `source` has it open."""
        try:
            return await source.in_thread(self._look, target, source, query)
        except SourceUnavailable as unavailable:
            retry_after = b"%d" % (unavailable.retry_after or 0)
            return _Page(unavailable.status, _UNAVAILABLE, ((b"retry-after", retry_after),))

    async def _send(self, page: _Page, scope: Scope, send: Send) -> None:
        fields = [(b"x-content-type-options", b"nosniff"), *page.fields]
        if page.status != 204:
            fields.append((b"content-type", page.content_type))
            fields.append((b"content-length", str(len(page.body)).encode()))
        if self.cache_control is not None:
            fields.append((b"cache-control", self.cache_control.encode("latin-1")))
        if self.cors:
            fields.extend(_CORS)
        body = b"" if scope["method"] == "HEAD" else page.body
        await send({"type": "http.response.start", "status": page.status, "headers": fields})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    # The methods below block; they are called in a worker thread.

    def _look(self, target: Target, source: FileSource, query: bytes) -> _Found:
        """The response for a target; if it is a file, `source` has it open."""
        try:
            return self._find(target, source, query)
        except ResponseError:  # neither a regular file nor a folder
            return _NOT_FOUND
        except ValueError:  # not a valid name for this file system
            return _NOT_FOUND
        except OSError as error:
            if error.errno in _FORBIDDEN_ERRORS:
                return _FORBIDDEN
            if error.errno in _NOT_FOUND_ERRORS:
                return _NOT_FOUND
            raise

    def _find(self, target: Target, source: FileSource, query: bytes) -> _Found:
        """As `_look`, with the errors of the file system raised."""
        opened = open_beneath(self.root, target.names, hidden=self.hidden)
        if not isinstance(opened, Folder):
            if target.is_folder:
                os.close(opened)
                return _NOT_FOUND
            return _adopt(opened, source, target.names[-1])
        try:
            if not target.is_folder:
                return _redirect(target, query)
            index = self._index(target, source)
            if index is not None:
                return index
            if not self.listing:
                return _NOT_FOUND
            found = entries(self.root, target.names, opened, hidden=self.hidden)
            body = make_page(target.names, found)
        finally:
            opened.close()
        policy = (b"content-security-policy", PAGE_POLICY.encode())
        return _Page(200, body, (policy,), b"text/html; charset=utf-8")

    def _index(self, target: Target, source: FileSource) -> _File | None:
        """The `index.html` in a folder, `None` if there is none."""
        try:
            opened = open_beneath(self.root, (*target.names, _INDEX), hidden=self.hidden)
        except OSError as error:
            if error.errno in _NOT_FOUND_ERRORS:
                return None
            raise
        if isinstance(opened, Folder):
            opened.close()
            return None
        return _adopt(opened, source, _INDEX)


def _adopt(fd: int, source: FileSource, name: str) -> _File:
    """The file called `name` that is open as `fd`; `source` takes over the descriptor."""
    source.adopt(fd)
    source.etag = stat_etag(source)
    return _File(content_type_of(name))


def _redirect(target: Target, query: bytes) -> _Page:
    """The redirect to the same name with a slash, so that relative links in the folder work."""
    location = target.location
    if query and query.isascii() and query.decode("ascii").isprintable():
        location += "?" + query.decode("ascii").replace(" ", "%20")
    return _Page(301, b"301: a folder ends in a slash.\n", ((b"location", location.encode()),))
