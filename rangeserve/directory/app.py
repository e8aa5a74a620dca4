"""`DirectoryApp`: the files below one folder as an ASGI app."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from functools import partial
from os import PathLike
from typing import Final

from ..apps import decline, has_path
from ..core.limits import Limits
from ..core.representation import Field
from ..events import Observer
from ..handover import hand_over, handover_of
from ..middleware import RangeMiddleware
from ..sources.file import FileSource
from ..sources.mounts import device_of
from ..sources.unavailable import SourceUnavailable
from ..types import Receive, Scope, Send
from .answers import (
    BAD_REQUEST,
    CORS,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    PREFLIGHT,
    TOO_BUSY,
    Answer,
    Archive,
    File,
    Listing,
    Page,
    archive_page,
    listing_page,
    no_archive,
    unavailable,
)
from .archive import Refused, Tree, content_disposition
from .beneath import Elsewhere
from .cache import CacheRules
from .lookup import Lookup, Wishes, read_tree
from .media import content_type_of, is_active
from .target import Target, read_target
from .turn import take_turn

__all__ = ["DirectoryApp"]

_DEFAULT_LIMITS: Final = Limits()
_SANDBOX: Final = (b"content-security-policy", b"sandbox")
_MAX_DEVICES: Final = 4  # to which links lead from one to the next


class DirectoryApp:
    """An ASGI app that serves the files below `root`, with byte ranges and preconditions.

    - `hidden`: whether names that begin with a dot are served and listed, too.
    - `listing`: whether a folder without `index.html` is listed, up to 1,000 entries a page;
      otherwise it is a 404.
    - `zip_folders`: whether `?zip` after a folder, and a link in its listing, give a ZIP archive
      of all that is served below it, if that is not more than `max_zip_entries`: a `ZipSource`.
    - `cache_control`: the Cache-Control of each response, `None` for none. With the default,
      browsers revalidate what they have, and get a 304 if it is current.
    - `cache_rules`: another Cache-Control for the files that match a pattern, such as
      `{"*.js": "max-age=31536000, immutable"}`; the first that matches counts. A pattern is one
      of `fnmatch`, for the name of a file or, if it has a slash, for its path below `root`.
    - `precompressed`: whether `app.js.br`, `app.js.zst` or `app.js.gz`, if it is there and not
      older, is sent in place of `app.js` to clients that accept it (Accept-Encoding). A request
      with a Range gets the file itself, since a coded response is not sliced.
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
    `NotADirectoryError` or `FileNotFoundError` if `root` is not a folder, `ValueError` for a
    Cache-Control that is not valid as a field value.
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
        cache_rules: Mapping[str, str] | None = None,
        precompressed: bool = False,
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
        self.max_zip_entries = max_zip_entries
        self.cors = cors
        self.sandbox = sandbox
        self.resource_policy = resource_policy
        self._cache = CacheRules(cache_control, cache_rules or {})
        self._lookup = Lookup(self.root, hidden, listing, zip_folders, precompressed)
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
        handover = handover_of(scope)
        if handover is None:  # neither GET nor HEAD
            is_preflight = self.cors and scope["method"] == "OPTIONS"
            await self._send(PREFLIGHT if is_preflight else METHOD_NOT_ALLOWED, scope, send)
            return
        if not has_path(scope):
            await self._send(BAD_REQUEST, scope, send)
            return
        target = read_target(scope)
        if target is None:
            await self._send(NOT_FOUND, scope, send)
            return
        wishes = Wishes(scope["query_string"], _accept_encoding(scope), handover.has_range)
        source = FileSource("/".join(target.names), os.path.join(self.root, *target.names))
        try:
            found = await self._found(target, source, wishes)
            if isinstance(found, File):
                hand_over(scope, source)
                await self._send(self._page_of(found), scope, send, found.names)
            elif isinstance(found, Listing):
                listed = await self._list(target, source.place, scope, receive)
                if listed is not None:  # the client is still there
                    await self._send(listed, scope, send)
            elif isinstance(found, Archive):
                archived = await self._archive(target, source.place, scope, receive)
                if archived is not None:
                    await self._send(archived, scope, send)
            else:
                await self._send(found, scope, send)
        finally:
            source.close()

    def _page_of(self, file: File) -> Page:
        """The start of the response with a file."""
        name = file.names[-1]
        fields: list[Field] = []
        if self.sandbox and is_active(name):
            fields.append(_SANDBOX)
        if file.is_negotiated:
            fields.append((b"vary", b"Accept-Encoding"))
        if file.coding is not None:
            fields.append((b"content-encoding", file.coding.encode()))
        return Page(200, b"", tuple(fields), content_type_of(name).encode("latin-1"))

    async def _list(
        self, target: Target, place: str, scope: Scope, receive: Receive
    ) -> Page | None:
        """The response that lists the folder at `target`, which was found on the device of `place`.

        `None` if its client has left.
        """
        if scope["method"] == "HEAD":
            return listing_page(None)
        device = device_of(place)
        work = partial(self._lookup.read_folder, target, scope["query_string"], device)
        try:
            return await take_turn(work, device, receive)
        except Elsewhere:  # a link was put in its place since
            return NOT_FOUND
        except SourceUnavailable:
            return TOO_BUSY

    async def _archive(
        self, target: Target, place: str, scope: Scope, receive: Receive
    ) -> Page | None:
        """Hand over the archive of the folder at `target`, found on the device of `place`.

        `None` if the client has left.
        """
        tree = Tree(self.root, target.names, place, hidden=self.hidden, most=self.max_zip_entries)
        try:
            while tree.archive is None:
                read = await take_turn(partial(read_tree, tree), tree.device, receive)
                if not isinstance(read, Tree):
                    return read
        except SourceUnavailable:
            return TOO_BUSY
        except Refused as refused:
            return no_archive(str(refused))
        hand_over(scope, tree.archive)
        return archive_page(content_disposition(target.names))

    async def _found(self, target: Target, source: FileSource, wishes: Wishes) -> Answer:
        """The response for a target; if it is a file, `source` has it open."""
        try:
            for _ in range(_MAX_DEVICES):
                try:
                    device = device_of(source.place)
                    find = partial(self._lookup.find, target, source, wishes, device)
                    return await source.in_thread(find)
                except Elsewhere as elsewhere:
                    source.place = elsewhere.point
            return NOT_FOUND
        except SourceUnavailable as error:
            return unavailable(error.status, error.retry_after)

    async def _send(
        self, page: Page, scope: Scope, send: Send, names: tuple[str, ...] = ()
    ) -> None:
        """Send `page`; `names` are those of its file, if it has one."""
        fields = [(b"x-content-type-options", b"nosniff"), *page.fields]
        if page.status != 204:
            fields.append((b"content-type", page.content_type))
            if page.body is not None:
                fields.append((b"content-length", str(len(page.body)).encode()))
        cache_control = self._cache.value_for(names)
        if cache_control is not None:
            fields.append((b"cache-control", cache_control))
        if self.resource_policy is not None:
            policy = self.resource_policy.encode("latin-1")
            fields.append((b"cross-origin-resource-policy", policy))
        if self.cors:
            fields.extend(CORS)
        body = b"" if scope["method"] == "HEAD" else page.body or b""
        await send({"type": "http.response.start", "status": page.status, "headers": fields})
        await send({"type": "http.response.body", "body": body, "more_body": False})


def _accept_encoding(scope: Scope) -> str | None:
    """The value of Accept-Encoding, its lines joined; `None` if the request has none."""
    lines = [value for name, value in scope["headers"] if name.lower() == b"accept-encoding"]
    return b",".join(lines).decode("latin-1") if lines else None
