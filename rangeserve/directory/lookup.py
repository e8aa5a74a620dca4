"""`Lookup`: what there is below a root for a target. Blocking: called in worker threads."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from stat import S_ISREG
from typing import Final, TypeVar

from ..errors import ResponseError
from ..sources.etags import stat_etag
from ..sources.file import FileSource
from .answers import (
    FORBIDDEN,
    NOT_FOUND,
    Answer,
    Archive,
    File,
    Listing,
    Page,
    listing_page,
    redirect,
)
from .archive import Tree, is_asked_for
from .beneath import Entry, Folder, entry_of, names_in, open_beneath
from .coding import choose_coding, coded_etag
from .listing import make_page
from .order import BY_NAME, Order, Place, read_order
from .paging import first_places, link_after, read_after
from .siblings import open_coded, sizes_of_siblings
from .target import Target
from .turn import Client

__all__ = ["Lookup", "Wishes", "read_tree"]

T = TypeVar("T")

_INDEX: Final = "index.html"
_MAX_ENTRIES: Final = 1000  # on one page of a listing
_MAX_SORTED: Final = 50_000  # names in a folder that is listed by size or time
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


@dataclass(frozen=True)
class Wishes:
    """What a request says beside its path.

    `accept_encoding` is the value of that field, `None` without it; `has_range`: whether there
    is a Range.
    """

    query: bytes = b""
    accept_encoding: str | None = None
    has_range: bool = False


@dataclass(frozen=True)
class Lookup:
    """Finds what is below `root`, a resolved path; the other fields are those of `DirectoryApp`."""

    root: str
    hidden: bool
    listing: bool
    zip_folders: bool
    precompressed: bool

    def find(
        self, target: Target, source: FileSource, wishes: Wishes, device: int | None
    ) -> Answer:
        """The response for a target; if it is a file, `source` has it open.

        `device` is the one whose thread this is. `Elsewhere` if the target is on another one.
        """
        return _guarded(partial(self._find, target, source, wishes, device))

    def read_folder(self, target: Target, query: bytes, device: int | None, client: Client) -> Page:
        """The response that lists the folder at a target, while `client` is there."""
        return _guarded(partial(self._list, target, query, device, client))

    def _find(
        self, target: Target, source: FileSource, wishes: Wishes, device: int | None
    ) -> Answer:
        opened = open_beneath(self.root, target.names, device, hidden=self.hidden)
        if not isinstance(opened, Folder):
            if target.is_folder:
                os.close(opened)
                return NOT_FOUND
            return self._file(target.names, opened, source, wishes, device)
        try:
            if not target.is_folder:
                return redirect(target, wishes.query)
            if self.zip_folders and is_asked_for(wishes.query):
                return Archive()
            index = self._index(target, source, wishes, device)
            if index is not None:
                return index
            return Listing() if self.listing else NOT_FOUND
        finally:
            opened.close()

    def _index(
        self, target: Target, source: FileSource, wishes: Wishes, device: int | None
    ) -> File | None:
        """The `index.html` in a folder, `None` if there is none."""
        names = (*target.names, _INDEX)
        try:
            opened = open_beneath(self.root, names, device, hidden=self.hidden)
        except OSError as error:
            if error.errno in _NOT_FOUND_ERRORS:
                return None
            raise
        if isinstance(opened, Folder):
            opened.close()
            return None
        return self._file(names, opened, source, wishes, device)

    def _file(
        self,
        names: tuple[str, ...],
        fd: int,
        source: FileSource,
        wishes: Wishes,
        device: int | None,
    ) -> File:
        """The file at `names`, which is open as `fd`, or a coding of it; `source` takes it over."""
        try:
            status = os.fstat(fd)
            has_codings = self.precompressed and S_ISREG(status.st_mode)
            sizes = sizes_of_siblings(self.root, names, status) if has_codings else {}
            choose = partial(choose_coding, wishes.accept_encoding, wants_range=wishes.has_range)
            coded = open_coded(self.root, names, sizes, device, choose, hidden=self.hidden)
        except BaseException:
            os.close(fd)
            raise
        if coded is None:
            source.adopt(fd)
            source.etag = stat_etag(source)
            return File(names, is_negotiated=bool(sizes))
        os.close(fd)
        coded_fd, coding = coded
        source.adopt(coded_fd)
        source.etag = coded_etag(stat_etag(source), coding)
        # Tools give a coded file the time of its original: in an If-Range that time would join
        # octets of the two.
        source.last_modified = None
        return File(names, coding, is_negotiated=True)

    def _list(self, target: Target, query: bytes, device: int | None, client: Client) -> Page:
        folder = open_beneath(self.root, target.names, device, hidden=self.hidden)
        if not isinstance(folder, Folder):  # replaced since
            os.close(folder)
            return NOT_FOUND
        read = partial(entry_of, self.root, target.names, folder, device, hidden=self.hidden)
        path = os.path.join(self.root, *target.names)
        names = partial(names_in, folder, path, device, hidden=self.hidden)
        try:
            asked = read_order(query)
            places, order = _places(names, asked, read, client)
            after = read_after(query, order)
            page, has_more = first_places(places, after, _MAX_ENTRIES)
            found = (read(place.name) for place in client.while_there(page))
            body = make_page(
                target.names,
                filter(None, found),
                order=order,
                is_too_large=order != asked,
                is_first=after is None,
                rest=link_after(page[-1], order) if has_more else None,
                has_archive=self.zip_folders,
            )
        finally:
            folder.close()
        return listing_page(body)


def read_tree(tree: Tree, client: Client) -> Tree | Page:
    """The `tree` with more of it read, while `client` is there, or what it is answered instead."""
    return _guarded(partial(tree.read, client))


_Names = Callable[[], Generator[tuple[str, bool], None, None]]


def _places(
    names_of: _Names, order: Order, read: Callable[[str], Entry | None], client: Client
) -> tuple[Iterator[Place], Order]:
    """The places in a folder, and their order: that of names if there are too many to `read`.

    The place of a name needs only the name; by size or time, every entry has to be read.
    """
    if order.needs_status:
        with closing(names_of()) as names:
            first = list(islice(client.while_there(names), _MAX_SORTED + 1))
        if len(first) <= _MAX_SORTED:
            return _by_status(first, order, read, client), order
        order = BY_NAME
    return _by_name(names_of, order, client), order


def _by_name(names_of: _Names, order: Order, client: Client) -> Iterator[Place]:
    with closing(names_of()) as names:
        for name, is_folder in client.while_there(names):
            yield order.place_of(name, is_folder=is_folder)


def _by_status(
    names: Iterable[tuple[str, bool]],
    order: Order,
    read: Callable[[str], Entry | None],
    client: Client,
) -> Iterator[Place]:
    for name, _ in client.while_there(names):
        entry = read(name)
        if entry is not None:
            yield order.place_of(
                name,
                is_folder=entry.is_folder,
                size=entry.size or 0,
                seconds=int(entry.modified),
            )


def _guarded(find: Callable[[], T]) -> T | Page:
    """What `find` gives, or the response for its error if that tells of the path and not of us."""
    try:
        return find()
    except ResponseError:  # neither a regular file nor a folder
        return NOT_FOUND
    except ValueError:  # not a valid name for this file system
        return NOT_FOUND
    except OSError as error:
        if error.errno in _FORBIDDEN_ERRORS:
            return FORBIDDEN
        if error.errno in _NOT_FOUND_ERRORS:
            return NOT_FOUND
        raise
