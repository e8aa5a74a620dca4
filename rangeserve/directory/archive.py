"""`Tree`: all that is served below a folder, as the members of a ZIP archive.

The rules are those of the listing: what is hidden, what lies outside of the root, broken links and
what is neither a file nor a folder is left out. A link to a folder that it lies in is left out,
too, for it would never end. When a member is read, it is opened by the same rules again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from itertools import islice
from stat import S_ISDIR
from typing import Final, NamedTuple
from urllib.parse import quote

from werkzeug.http import dump_options_header

from ..errors import ResponseError
from ..sources.composed import latest
from ..sources.file import FileSource, time_of
from ..sources.mounts import device_of, is_mount_point
from ..sources.planned import PlannedFile
from ..sources.zip import ZipMember, ZipSource
from ..sources.zip_names import member_name
from .beneath import Folder, names_in, open_beneath, status_of
from .turn import Client

__all__ = ["Refused", "Tree", "content_disposition", "is_asked_for"]


_QUERY: Final = b"zip"
_CHANGES: Final = "it changes while it is read"


class Refused(Exception):
    """There can be no archive of this folder; the message is a sentence for the client."""


class _Place(NamedTuple):
    """A folder that has still to be read.

    `steps` are the names that lead to it from the folder of the archive, and `above` the device
    and inode of each folder that it lies in.
    """

    steps: tuple[str, ...]
    above: frozenset[tuple[int, int]]


class Tree:
    """The folder at `names` below `root`, a resolved path, read step by step.

    `archive` is `None` until all of it has been read.
    """

    def __init__(self, root: str, names: tuple[str, ...], *, hidden: bool, most: int) -> None:
        """`most`: the number of entries that the archive may have."""
        self.archive: ZipSource | None = None
        self._members: list[ZipMember] = []
        self._modified: datetime | None = None  # of the folder itself, which is no member
        self._root = root
        self._names = names
        self._hidden = hidden
        self._most = most
        self._pending = [_Place((), frozenset())]

    @property
    def device(self) -> int | None:
        """The number of the device on which the next folder is by its name."""
        return device_of(self._path(self._pending[-1].steps))

    def read(self, client: Client) -> Tree:
        """The tree itself, with the folders read that come next on one device; blocking.

        With the last of them the `archive` is made. `Refused` if there are too many entries, if
        one may not be read, or if two would have the same name; `OSError` if the folder of the
        archive cannot be read.
        """
        device = self.device
        for place in client.while_there(self._next_ones()):
            self._read_folder(place, client)
            if self._pending and self.device != device:
                return self
        try:
            self.archive = ZipSource(self._members)
        except ValueError as error:
            raise Refused(str(error)) from None
        # Something that has been removed, or was moved here, tells in no other way.
        times = [self._modified, *(member.modified for member in self._members)]
        self.archive.last_modified = latest(times)
        return self

    def _next_ones(self) -> Iterator[_Place]:
        while self._pending:
            yield self._pending.pop()

    def _read_folder(self, place: _Place, client: Client) -> None:
        """Add the folder at `place` and the files in it; the folders in it are read later."""
        names = (*self._names, *place.steps)
        try:
            opened = open_beneath(self._root, names, hidden=self._hidden)
        except PermissionError:
            raise _unreadable(place.steps) from None
        except OSError:
            if place.steps:
                raise Refused(_CHANGES) from None
            raise
        if not isinstance(opened, Folder):
            os.close(opened)
            raise Refused(_CHANGES)
        with closing(opened):
            status = os.stat(opened.handle)
            identity = (status.st_dev, status.st_ino)
            if identity in place.above:
                return
            if place.steps:
                modified = time_of(status.st_mtime)
                self._add(ZipMember(f"{member_name(place.steps)}/", modified=modified))
            else:
                self._modified = time_of(status.st_mtime)
            self._read_entries(_Place(place.steps, place.above | {identity}), opened, client)

    def _read_entries(self, place: _Place, folder: Folder, client: Client) -> None:
        names = (*self._names, *place.steps)
        with closing(names_in(folder, hidden=self._hidden)) as found:
            bounded = islice(found, self._most + 1)
            entries = sorted(name for name, _ in client.while_there(bounded))
        self._check_count(len(entries))
        folders: list[_Place] = []
        for name in client.while_there(entries):
            steps = (*place.steps, name)
            if is_mount_point(self._path(steps)):  # it is asked with the threads of its device
                folders.append(_Place(steps, place.above))
                continue
            status = status_of(self._root, names, folder, name, hidden=self._hidden)
            if status is None:
                continue
            if S_ISDIR(status.st_mode):
                folders.append(_Place(steps, place.above))
            else:
                self._add_file(steps, status)
        self._pending.extend(reversed(folders))

    def _add_file(self, steps: tuple[str, ...], status: os.stat_result) -> None:
        names = (*self._names, *steps)
        path = self._path(steps)
        if not os.access(path, os.R_OK):
            raise _unreadable(steps)
        source = PlannedFile(
            "/".join(names),
            status,
            place=path,
            open_file=partial(_open, self._root, names, hidden=self._hidden),
        )
        self._add(ZipMember(member_name(steps), source))

    def _add(self, member: ZipMember) -> None:
        self._members.append(member)
        self._check_count(0)

    def _check_count(self, more: int) -> None:
        if len(self._members) + more > self._most:
            raise Refused(f"it has more than {self._most:,} entries")

    def _path(self, steps: tuple[str, ...]) -> str:
        return os.path.join(self._root, *self._names, *steps)


def is_asked_for(query: bytes) -> bool:
    """Whether the query of a request asks for the archive of its folder: `?zip`."""
    return _QUERY in query.split(b"&")


def content_disposition(names: Sequence[str]) -> bytes:
    """The Content-Disposition field for the archive of the folder at `names` (RFC 6266)."""
    name = member_name(names[-1:] or ("files",))
    plain = "".join(each if each.isascii() and each.isprintable() else "_" for each in name)
    options = {"filename": f"{plain}.zip"}
    if plain != name:
        options["filename*"] = f"UTF-8''{quote(name, safe='')}.zip"
    return dump_options_header("attachment", options).encode("ascii")


def _unreadable(steps: tuple[str, ...]) -> Refused:
    return Refused(f"this server may not read {member_name(steps)!r} in it")


def _open(root: str, names: tuple[str, ...], file: FileSource, *, hidden: bool) -> None:
    """Open the file at `names` below `root` for `file`; blocking."""
    opened = open_beneath(root, names, hidden=hidden)
    if isinstance(opened, Folder):
        opened.close()
        raise ResponseError(f"a folder now: {'/'.join(names)!r}")
    file.adopt(opened)
