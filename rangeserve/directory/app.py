"""`DirectoryApp`: the files below one folder as an ASGI app."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from os import PathLike
from typing import Final, TypeVar, Union

from ..apps import decline, has_path
from ..core.limits import Limits
from ..errors import ResponseError
from ..events import Observer
from ..handover import hand_over, handover_of
from ..middleware import RangeMiddleware
from ..sources.file import FileSource, stat_etag
from ..sources.memory import content_etag
from ..sources.mounts import device_of
from ..sources.unavailable import SourceUnavailable
from ..types import Receive, Scope, Send
from .archive import Refused, Tree, content_disposition, is_asked_for
from .beneath import Elsewhere, Folder, entry_of, names_in, open_beneath
from .listing import PAGE_POLICY, make_page
from .media import content_type_of, is_active
from .paging import first_places, link_after, place_of, read_after
from .target import Target, read_target
from .turn import Client, take_turn

__all__ = ["DirectoryApp"]

T = TypeVar("T")

_INDEX: Final = "index.html"
_MAX_ENTRIES: Final = 1000  # on one page of a listing
_MAX_DEVICES: Final = 4  # to which links lead from one to the next
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
    """A response whose body is not a file; `None` for one that was not made, for a HEAD."""

    status: int
    body: bytes | None = b""
    fields: tuple[tuple[bytes, bytes], ...] = ()
    content_type: bytes = b"text/plain; charset=utf-8"


@dataclass(frozen=True)
class _File:
    """A response whose body is the file that has been opened; `is_active`: it may run scripts."""

    content_type: str
    is_active: bool


@dataclass(frozen=True)
class _Listing:
    """A response whose body lists the folder, which has still to be read."""


@dataclass(frozen=True)
class _Archive:
    """A response whose body is a ZIP archive of the folder, which has still to be read."""


_Found = Union[_Page, _File, _Listing, _Archive]

_BAD_REQUEST: Final = _Page(400, b"400: a path begins with a slash.\n")
_NOT_FOUND: Final = _Page(404, b"404: there is no such file or folder here.\n")
_SANDBOX: Final = (b"content-security-policy", b"sandbox")
_FORBIDDEN: Final = _Page(403, b"403: this server may not read that.\n")
_UNAVAILABLE: Final = b"503: the storage does not answer at the moment.\n"
_NO_ARCHIVE: Final = "403: there is no archive of this folder: {}.\n"
_METHOD_NOT_ALLOWED: Final = _Page(
    405, b"405: only GET and HEAD are answered here.\n", ((b"allow", b"GET, HEAD"),)
)
_TOO_BUSY: Final = _Page(
    503, b"503: too many folders are being read; try again.\n", ((b"retry-after", b"1"),)
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
    - `listing`: whether a folder without `index.html` is listed, up to 1,000 entries a page;
      otherwise it is a 404.
    - `zip_folders`: whether `?zip` after a folder, and a link in its listing, give a ZIP archive
      of all that is served below it, if that is not more than `max_zip_entries`: a `ZipSource`.
    - `cache_control`: the Cache-Control of each response, `None` for none. With the default,
      browsers revalidate what they have, and get a 304 if it is current.
    - `cors`: whether pages of any other origin may read the files.
    - `sandbox`: whether HTML, SVG and XML files get `Content-Security-Policy: sandbox`. Without
      it, a script in such a file runs as one of the site that serves it: with its cookies, and
      with what only its pages may read. So set it, or use a domain for the files alone, if they
      come from anybody that you would not let write your pages.
    - `resource_policy`: the Cross-Origin-Resource-Policy of each response, such as
      `"same-origin"`; `None` for none.
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
        zip_folders: bool = False,
        max_zip_entries: int = 10_000,
        cache_control: str | None = "no-cache",
        cors: bool = False,
        sandbox: bool = False,
        resource_policy: str | None = None,
        limits: Limits = _DEFAULT_LIMITS,
        observer: Observer | None = None,
    ) -> None:
        self.root: str = os.path.realpath(root, strict=True)
        if not os.path.isdir(self.root):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(root))
        self.hidden = hidden
        self.listing = listing
        self.zip_folders = zip_folders
        self.max_zip_entries = max_zip_entries
        self.cache_control = cache_control
        self.cors = cors
        self.sandbox = sandbox
        self.resource_policy = resource_policy
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
        if not has_path(scope):
            await self._send(_BAD_REQUEST, scope, send)
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
                fields = (_SANDBOX,) if self.sandbox and found.is_active else ()
                page = _Page(200, b"", fields, found.content_type.encode("latin-1"))
            elif isinstance(found, _Listing):
                listed = await self._list(target, source.place, scope, receive)
                if listed is None:  # the client has left
                    return
                page = listed
            elif isinstance(found, _Archive):
                archived = await self._archive(target, source.place, scope, receive)
                if archived is None:
                    return
                page = archived
            else:
                page = found
            await self._send(page, scope, send)
        finally:
            source.close()

    async def _list(
        self, target: Target, place: str, scope: Scope, receive: Receive
    ) -> _Page | None:
        """The response that lists the folder at `target`, which was found on the device of `place`.

        `None` if its client has left.
        """
        if scope["method"] == "HEAD":
            return _listing(None)
        device = device_of(place)
        work = partial(self._read_folder, target, scope["query_string"], device)
        try:
            return await take_turn(work, device, receive)
        except Elsewhere:  # a link was put in its place since
            return _NOT_FOUND
        except SourceUnavailable:
            return _TOO_BUSY

    async def _archive(
        self, target: Target, place: str, scope: Scope, receive: Receive
    ) -> _Page | None:
        """Hand over the archive of the folder at `target`, found on the device of `place`.

        `None` if the client has left.
        """
        tree = Tree(self.root, target.names, place, hidden=self.hidden, most=self.max_zip_entries)
        try:
            while tree.archive is None:
                read = await take_turn(partial(_read_tree, tree), tree.device, receive)
                if not isinstance(read, Tree):
                    return read
        except SourceUnavailable:
            return _TOO_BUSY
        except Refused as refused:
            return _Page(403, _NO_ARCHIVE.format(refused).encode())
        hand_over(scope, tree.archive)
        field = (b"content-disposition", content_disposition(target.names))
        return _Page(200, b"", (field,), b"application/zip")

    async def _found(self, target: Target, source: FileSource, query: bytes) -> _Found:
        """The response for a target; if it is a file, `source` has it open."""
        try:
            for _ in range(_MAX_DEVICES):
                try:
                    device = device_of(source.place)
                    return await source.in_thread(self._look, target, source, query, device)
                except Elsewhere as elsewhere:
                    source.place = elsewhere.point
            return _NOT_FOUND
        except SourceUnavailable as unavailable:
            retry_after = b"%d" % (unavailable.retry_after or 0)
            return _Page(unavailable.status, _UNAVAILABLE, ((b"retry-after", retry_after),))

    async def _send(self, page: _Page, scope: Scope, send: Send) -> None:
        fields = [(b"x-content-type-options", b"nosniff"), *page.fields]
        if page.status != 204:
            fields.append((b"content-type", page.content_type))
            if page.body is not None:
                fields.append((b"content-length", str(len(page.body)).encode()))
        if self.cache_control is not None:
            fields.append((b"cache-control", self.cache_control.encode("latin-1")))
        if self.resource_policy is not None:
            policy = self.resource_policy.encode("latin-1")
            fields.append((b"cross-origin-resource-policy", policy))
        if self.cors:
            fields.extend(_CORS)
        body = b"" if scope["method"] == "HEAD" else page.body or b""
        await send({"type": "http.response.start", "status": page.status, "headers": fields})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    # The methods below block; they are called in a worker thread.

    def _look(self, target: Target, source: FileSource, query: bytes, device: int | None) -> _Found:
        """The response for a target; if it is a file, `source` has it open.

        `device` is the one whose thread this is. `Elsewhere` if it is on another one.
        """
        return _guarded(partial(self._find, target, source, query, device))

    def _read_folder(
        self, target: Target, query: bytes, device: int | None, client: Client
    ) -> _Page:
        """The response that lists the folder at a target, while `client` is there."""
        return _guarded(partial(self._make_listing, target, query, device, client))

    def _find(self, target: Target, source: FileSource, query: bytes, device: int | None) -> _Found:
        """As `_look`, with the errors of the file system raised."""
        opened = open_beneath(self.root, target.names, device, hidden=self.hidden)
        if not isinstance(opened, Folder):
            if target.is_folder:
                os.close(opened)
                return _NOT_FOUND
            return _adopt(opened, source, target.names[-1])
        try:
            if not target.is_folder:
                return _redirect(target, query)
            if self.zip_folders and is_asked_for(query):
                return _Archive()
            index = self._index(target, source, device)
            if index is not None:
                return index
            return _Listing() if self.listing else _NOT_FOUND
        finally:
            opened.close()

    def _make_listing(
        self, target: Target, query: bytes, device: int | None, client: Client
    ) -> _Page:
        """As `_read_folder`, with the errors of the file system raised."""
        folder = open_beneath(self.root, target.names, device, hidden=self.hidden)
        if not isinstance(folder, Folder):  # replaced since
            os.close(folder)
            return _NOT_FOUND
        try:
            after = read_after(query)
            path = os.path.join(self.root, *target.names)
            with closing(names_in(folder, path, device, hidden=self.hidden)) as names:
                places = (
                    place_of(name, is_folder=is_folder)
                    for name, is_folder in client.while_there(names)
                )
                page, has_more = first_places(places, after, _MAX_ENTRIES)
            read = partial(entry_of, self.root, target.names, folder, device, hidden=self.hidden)
            found = (read(place.name) for place in client.while_there(page))
            body = make_page(
                target.names,
                filter(None, found),
                is_first=after is None,
                rest=link_after(page[-1]) if has_more else None,
                has_archive=self.zip_folders,
            )
        finally:
            folder.close()
        return _listing(body)

    def _index(self, target: Target, source: FileSource, device: int | None) -> _File | None:
        """The `index.html` in a folder, `None` if there is none."""
        try:
            opened = open_beneath(self.root, (*target.names, _INDEX), device, hidden=self.hidden)
        except OSError as error:
            if error.errno in _NOT_FOUND_ERRORS:
                return None
            raise
        if isinstance(opened, Folder):
            opened.close()
            return None
        return _adopt(opened, source, _INDEX)


def _read_tree(tree: Tree, client: Client) -> Tree | _Page:
    """The `tree` when more of it has been read, or the response for an error; blocking."""
    return _guarded(partial(tree.read, client))


def _guarded(find: Callable[[], T]) -> T | _Page:
    """What `find` gives, or the response for its error if that tells of the path and not of us."""
    try:
        return find()
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


def _listing(body: bytes | None) -> _Page:
    """The response with the page of a listing, which is `None` for a HEAD."""
    fields = [(b"content-security-policy", PAGE_POLICY.encode())]
    if body is not None:
        fields.append((b"etag", content_etag(body).encode()))
    return _Page(200, body, tuple(fields), b"text/html; charset=utf-8")


def _adopt(fd: int, source: FileSource, name: str) -> _File:
    """The file called `name` that is open as `fd`; `source` takes over the descriptor."""
    source.adopt(fd)
    source.etag = stat_etag(source)
    return _File(content_type_of(name), is_active(name))


def _redirect(target: Target, query: bytes) -> _Page:
    """The redirect to the same name with a slash, so that relative links in the folder work."""
    location = target.location
    if query and query.isascii() and query.decode("ascii").isprintable():
        location += "?" + query.decode("ascii").replace(" ", "%20")
    return _Page(301, b"301: a folder ends in a slash.\n", ((b"location", location.encode()),))
