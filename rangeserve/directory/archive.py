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
from stat import S_ISDIR, S_ISREG
from typing import Final, NamedTuple
from urllib.parse import quote

from werkzeug.http import dump_options_header

from ..errors import ResponseError
from ..sources.composed import latest
from ..sources.file import FileSource, time_of
from ..sources.mounts import device_of, mounted_at
from ..sources.planned import PlannedFile
from ..sources.zip import ZipMember, ZipSource
from ..sources.zip_names import member_name
from .beneath import Elsewhere, Folder, entry_elsewhere, names_in, open_beneath, status_of
from .turn import Client

__all__ = ["Refused", "Tree", "content_disposition", "is_asked_for"]


_QUERY: Final = b"zip"
_CHANGES: Final = "it changes while it is read"


class Refused(Exception):
    """There can be no archive of this folder; the message is a sentence for the client."""


class _Place(NamedTuple):
    """A folder that has still to be read, or a link to a device that has still to be asked.

    `steps` are the names that lead to it from the folder of the archive, and `above` the device
    and inode of each folder that it lies in. `point` is where the device that it is on is mounted,
    if a link leads there.
    """

    steps: tuple[str, ...]
    above: frozenset[tuple[int, int]]
    point: str | None = None


class Tree:
    """The folder at `names` below `root`, a resolved path, read step by step.

    `archive` is `None` until all of it has been read.
    """

    def __init__(
        self, root: str, names: tuple[str, ...], place: str, *, hidden: bool, most: int
    ) -> None:
        """`place`: on whose device the folder is. `most`: how many entries there may be."""
        self.archive: ZipSource | None = None
        self._members: list[ZipMember] = []
        self._modified: datetime | None = None  # of the folder itself, which is no member
        self._root = root
        self._names = names
        self._hidden = hidden
        self._most = most
        self._pending = [_Place((), frozenset(), place)]

    @property
    def device(self) -> int | None:
        """The number of the device on which the next folder is by its name."""
        return device_of(self._where(self._pending[-1]))

    def read(self, client: Client) -> Tree:
        """The tree itself, with the folders read that come next on one device; blocking.

        With the last of them the `archive` is made. `Refused` if there are too many entries, if
        one may not be read, or if two would have the same name; `OSError` if the folder of the
        archive cannot be read.
        """
        device = self.device
        for place in client.while_there(self._next_ones()):
            try:
                self._read_folder(place, device, client)
            except Elsewhere as elsewhere:
                if place.point is not None:
                    raise Refused(_CHANGES) from None
                self._pending.append(place._replace(point=elsewhere.point))
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

    def _read_folder(self, place: _Place, device: int | None, client: Client) -> None:
        """Add the folder at `place` and the files in it; the folders in it are read later.

        `device` is the one whose thread this is.
        """
        names = (*self._names, *place.steps)
        try:
            opened = open_beneath(self._root, names, device, hidden=self._hidden)
        except PermissionError:
            raise _unreadable(place.steps) from None
        except OSError:
            if not place.steps:
                raise
            if place.point is not None:  # a link that is broken
                return
            raise Refused(_CHANGES) from None
        if not isinstance(opened, Folder):
            try:
                status = os.fstat(opened)
            finally:
                os.close(opened)
            if not (place.steps and place.point is not None):
                raise Refused(_CHANGES)
            if S_ISREG(status.st_mode):
                self._add_file(place, status)
            return
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
            place = place._replace(above=place.above | {identity})
            self._read_entries(place, opened, device, client)

    def _read_entries(
        self, place: _Place, folder: Folder, device: int | None, client: Client
    ) -> None:
        names = (*self._names, *place.steps)
        path = self._path(place.steps)
        with closing(names_in(folder, path, device, hidden=self._hidden)) as found:
            bounded = islice(found, self._most + 1)
            entries = sorted(name for name, _ in client.while_there(bounded))
        self._check_count(len(entries))
        later: list[_Place] = []
        for name in client.while_there(entries):
            inner = _Place((*place.steps, name), place.above)
            if mounted_at(self._path(inner.steps)) is not None:
                later.append(inner)  # it is asked with the threads of its device
                continue
            try:
                status = status_of(self._root, names, folder, device, name, hidden=self._hidden)
            except Elsewhere as elsewhere:
                if entry_elsewhere(self._root, elsewhere.point, name, hidden=self._hidden):
                    later.append(inner._replace(point=elsewhere.point))
                continue
            if status is None:
                continue
            if S_ISDIR(status.st_mode):
                later.append(inner)
            else:
                self._add_file(inner._replace(point=place.point if place.steps else None), status)
        self._pending.extend(reversed(later))

    def _add_file(self, place: _Place, status: os.stat_result) -> None:
        names = (*self._names, *place.steps)
        if not os.access(self._path(place.steps), os.R_OK):
            raise _unreadable(place.steps)
        source = PlannedFile(
            "/".join(names),
            status,
            place=self._where(place),
            open_file=partial(_open, self._root, names, hidden=self._hidden),
        )
        self._add(ZipMember(member_name(place.steps), source))

    def _add(self, member: ZipMember) -> None:
        self._members.append(member)
        self._check_count(0)

    def _check_count(self, more: int) -> None:
        if len(self._members) + more > self._most:
            raise Refused(f"it has more than {self._most:,} entries")

    def _where(self, place: _Place) -> str:
        return self._path(place.steps) if place.point is None else place.point

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
    try:
        opened = open_beneath(root, names, device_of(file.place), hidden=hidden)
    except Elsewhere as elsewhere:
        raise ResponseError(f"on another device now: {'/'.join(names)!r}") from elsewhere
    if isinstance(opened, Folder):
        opened.close()
        raise ResponseError(f"a folder now: {'/'.join(names)!r}")
    file.adopt(opened)
