"""`PlannedFile`: a file as it was when somebody looked at it, opened only while it is read."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing, closing
from datetime import datetime
from stat import S_ISREG
from time import perf_counter
from typing import Final, cast

from ..errors import ResponseError
from .crc32 import Progress, forget
from .etags import stat_etag
from .file import FileSource, identity_of, time_of
from .pace import Pace
from .unavailable import SourceUnavailable

__all__ = ["PlannedFile", "add_to_each"]

_BLOCK_BYTES: Final = 1024 * 1024
# The work of one call of `add_to_each`: a fraction of a second, so that other clients have a turn,
# and so that little is read for one that has left.
_TURN_BYTES: Final = 64 * 1024 * 1024


class PlannedFile:
    """A regular file as a source that holds no descriptor: it is opened for each `read`.

    `size`, `etag` and `last_modified` are those of the `status` with which it was made. If the
    file is another one by then, or has been written to, `read` raises `ResponseError`.
    """

    __slots__ = ("_open", "_place", "content_identity", "etag", "last_modified", "path", "size")

    content_type: str | None = None

    def __init__(
        self,
        path: str,
        status: os.stat_result,
        *,
        place: str | None = None,
        open_file: Callable[[FileSource], None] = FileSource.open,
    ) -> None:
        """The file at `path`, which has this `status`; `ResponseError` if it is not regular.

        `place` is where it is looked up, if that is not `path`. `open_file` opens it; it blocks,
        and is called in a worker thread.
        """
        if not S_ISREG(status.st_mode):
            raise ResponseError(f"not a regular file: {path!r}")
        self.path: str = path
        self.size: int = status.st_size
        self.etag: str | None = stat_etag(status)
        self.last_modified: datetime | None = time_of(status.st_mtime)
        self.content_identity: tuple[int, ...] = identity_of(status)
        self._place = place
        self._open = open_file

    @property
    def device(self) -> int:
        """The number of the device that the file is on."""
        return self.content_identity[0]

    async def read(self, start: int, stop: int) -> AsyncGenerator[bytes]:
        """The bytes `[start, stop)`; `ResponseError` if they are not those of the plan any more."""
        file = FileSource(self.path, self._place)
        try:
            await file.in_thread(self._open_now, file)
            pace = file.pace = Pace()
            reading = cast("AsyncGenerator[bytes]", file.read(start, stop))
            async with aclosing(reading) as chunks:
                async for chunk in chunks:
                    begin = perf_counter()
                    yield chunk
                    pace.sent(len(chunk), perf_counter() - begin)
            if file.is_local:
                self._check(file.stat_now())
            else:
                self._check(await file.in_thread(file.stat_now))
        except (OSError, SourceUnavailable) as error:  # too late for a status
            raise ResponseError(f"{error}: {self.path!r}") from error
        finally:
            file.close()

    def read_blocking(self, start: int, stop: int) -> Iterator[bytes]:
        """As `read`, in the thread of the caller."""
        try:
            with closing(FileSource(self.path, self._place)) as file:
                self._open_now(file)
                yield from file.read_blocking(start, stop)
                self._check(file.stat_now())
        except OSError as error:  # too late for a status
            raise ResponseError(f"{error}: {self.path!r}") from error

    def add_to(self, progress: Progress, count: int) -> int:
        """Add at most `count` bytes of the file to `progress`; how many were read. Blocking."""
        with closing(FileSource(self.path, self._place)) as file:
            self._open_now(file)
            begin = position = progress.position
            stop = min(begin + count, self.size)
            while position < stop:
                block = file.read_now(min(_BLOCK_BYTES, stop - position), position)
                if not block:
                    raise self._changed()
                progress.add(position, block)
                position += len(block)
            self._check(file.stat_now())
            return position - begin

    def _open_now(self, file: FileSource) -> None:
        self._open(file)
        self._check(file.status)

    def _check(self, status: os.stat_result) -> None:
        if identity_of(status) != self.content_identity:
            raise self._changed()

    def _changed(self) -> ResponseError:
        forget(self.content_identity)
        return ResponseError(f"the file has changed since it was looked at: {self.path!r}")


def add_to_each(files: Iterable[tuple[PlannedFile, Progress]]) -> None:
    """Add what is missing of some files to the progress of each, as far as one turn goes.

    Blocking. `OSError` if a file cannot be read, `ResponseError` if it has changed.
    """
    left = _TURN_BYTES
    for file, progress in files:
        left -= file.add_to(progress, left)
        if left <= 0:
            return
