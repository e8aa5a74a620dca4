"""A regular file as a source: one descriptor, opened once, read at offsets.

Before a read the system is asked whether the bytes are in the page cache: a resident chunk is
read inline (tens of microseconds), any other in a worker thread, so that the event loop does
not wait for a disk.
"""

from __future__ import annotations

import inspect
import logging
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timezone
from functools import partial
from stat import S_ISREG
from time import perf_counter
from typing import Any, Final, TypeVar, Union, cast

from ..errors import ResponseError
from .pace import Pace
from .threads import in_thread

__all__ = ["OPEN_FLAGS", "EtagMaker", "FileSource", "make_etag", "open_file", "stat_etag"]

T = TypeVar("T")

# O_NONBLOCK: a FIFO must not block, not even a thread. O_NOCTTY: nor a terminal adopt us.
OPEN_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
_NOWAIT: Final[int | None] = getattr(os, "RWF_NOWAIT", None) if hasattr(os, "preadv") else None
_THREAD_CHUNK_BYTES: Final = 256 * 1024

# After two opens in a row that took longer than this, the next one in their folder is not
# done on the event loop. (One may be chance: any process is interrupted on a busy CPU.)
_QUICK_SECONDS: Final = 0.001
_MAX_FOLDERS: Final = 1024
# folder -> whether its last open was slow
_quick_folders: dict[str, bool] = {}
_logger: Final = logging.getLogger("rangeserve")


def _proc_device() -> int | None:
    """The device of what is mounted on /proc, `None` if nothing is."""
    try:
        device = os.stat("/proc").st_dev
        return device if device != os.stat("/").st_dev else None
    except OSError:
        return None


_PROC: Final = _proc_device()


def _is_made_up(fd: int, status: os.stat_result) -> bool:
    """Whether a file is made as it is read, so that its size says nothing."""
    if status.st_dev == _PROC:
        return True
    return status.st_size == 0 and os.pread(fd, 1, 0) != b"" and os.fstat(fd).st_size == 0


def _moment(seconds: float) -> datetime | None:
    """A time stamp of a file; `None` if it lies outside the years 1 to 9999."""
    try:
        return datetime.fromtimestamp(int(seconds), timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None


class FileSource:
    """A regular file, held open by one descriptor from the decision to the last byte.

    `path` is the name that it was opened by. `size` (bytes) and `last_modified` are those of
    the descriptor.
    """

    def __init__(self, path: str) -> None:
        """A file yet to be opened; `open_file` is the usual way."""
        self.path = path
        self.adopted: bool = False
        self.size: int = 0
        self.etag: str | None = None
        self.last_modified: datetime | None = None
        self.content_type: str | None = None
        self._status: os.stat_result | None = None
        self.pace: Pace = Pace()
        self._fd = -1
        self._lock = threading.Lock()
        self._in_thread = False
        self._closed = False
        self._asks = _NOWAIT is not None

    @property
    def status(self) -> os.stat_result:
        """The `os.stat_result` of the open descriptor. `RuntimeError` before it is open."""
        if self._status is None:
            raise RuntimeError(f"the file has not been opened yet: {self.path!r}")
        return self._status

    @property
    def sendable_path(self) -> str | None:
        """The path, if a server that can send files may open it by that name."""
        return None if self.adopted else self.path

    def open(self) -> None:
        """Open the file and look at what was opened; blocking.

        `OSError` if it cannot be opened, `ResponseError` if it is not a regular file; in
        either case no descriptor is left.
        """
        self._take(os.open(self.path, OPEN_FLAGS))

    def adopt(self, fd: int) -> None:
        """Take over a descriptor that somebody else has opened for reading; as `open`.

        Nobody opens `path` again then, not even a server that could send the file by its
        path: the name may lead elsewhere by now.
        """
        self.adopted = True
        self._take(fd)

    def _take(self, fd: int) -> None:
        try:
            status = self._status = os.fstat(fd)
            if not S_ISREG(status.st_mode):
                raise ResponseError(f"not a regular file: {self.path!r}")
            if _is_made_up(fd, status):
                raise ResponseError(f"not a stored file: {self.path!r}")
            self.size = status.st_size
            self.last_modified = _moment(status.st_mtime)
        except BaseException:
            os.close(fd)
            raise
        with self._lock:
            self._fd = fd

    def close(self) -> None:
        """Close the descriptor, once; if a thread is using it, as soon as that is done."""
        with self._lock:
            self._closed = True
            if not self._in_thread:
                self._close_now()

    def _close_now(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    async def in_thread(self, work: Callable[..., T], *args: Any) -> T:
        """Do blocking `work` in a worker thread; a `close` meanwhile waits for its end."""
        return await in_thread(partial(self._guarded, work, *args))

    def _guarded(self, work: Callable[..., T], *args: Any) -> T:
        with self._lock:
            if self._closed:
                raise ResponseError(f"closed while waiting for a thread: {self.path!r}")
            self._in_thread = True
        try:
            return work(*args)
        finally:
            with self._lock:
                self._in_thread = False
                if self._closed:
                    self._close_now()

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes `[start, stop)` of the descriptor, a chunk at a time.

        `ResponseError` if the file has become shorter, `OSError` if it cannot be read.
        """
        while start < stop:
            chunk = await self._chunk(start, stop - start)
            if not chunk:
                raise ResponseError(f"the file became shorter while it was sent: {self.path!r}")
            start += len(chunk)
            yield chunk

    async def _chunk(self, start: int, owed: int) -> bytes:
        """The next chunk, at most `owed` bytes."""
        size = min(self.pace.size, owed)
        if self._asks:
            if self._resident(start) and (size < 4096 or self._resident(start + size - 1)):
                return os.pread(self._fd, size, start)
            if self._asks:
                return await self.in_thread(self.read_now, size, start)
        size = min(max(size, _THREAD_CHUNK_BYTES), owed)
        return await self.in_thread(self.read_now, size, start)

    def read_now(self, size: int, start: int) -> bytes:
        """At most `size` bytes from `start` on; blocking. Empty at the end of the file."""
        return os.pread(self._fd, size, start)

    def stat_now(self) -> os.stat_result:
        """The status of the descriptor as it is now; blocking."""
        return os.fstat(self._fd)

    def _resident(self, position: int) -> bool:
        """Whether the byte at `position` can be read without waiting; starts the read-ahead."""
        assert _NOWAIT is not None
        try:
            os.preadv(self._fd, [bytearray(1)], position, _NOWAIT)
        except BlockingIOError:
            return False
        except OSError:  # this file system cannot say (tmpfs, /proc): do not ask again
            self._asks = False
            return False
        return True


EtagMaker = Callable[[FileSource], Union[str, Awaitable[Union[str, None]], None]]
"""What `etag=` takes: called with a file that is open, it gives the entity-tag of its content.

The tag is quoted, as it goes on the wire; `None` is for none. The callable may be async. It
finds in the file its `path`, its `size` in bytes and its `status` (`os.stat_result`).
"""


def stat_etag(file: FileSource | os.stat_result) -> str:
    """A strong entity-tag from size and modification time in nanoseconds.

    Of an open file, or of a stat result. Not from the inode: replicas that hold the same
    file with the same time must agree.
    """
    status = file.status if isinstance(file, FileSource) else file
    return f'"{status.st_mtime_ns:x}-{status.st_size:x}"'


async def make_etag(maker: EtagMaker, file: FileSource) -> str | None:
    """What `maker` makes of an open file; a failure is logged, and costs only the tag."""
    try:
        etag = cast("object", maker(file))
        if inspect.isawaitable(etag):
            etag = await etag
        if etag is None or isinstance(etag, str):
            return etag
        _logger.error("the etag callable gave %r for %r: no ETag", etag, file.path)
    except Exception:
        _logger.exception("the etag callable failed for %r: no ETag", file.path)
    return None


async def open_file(path: str) -> FileSource:
    """Open a regular file for reading at offsets.

    A folder that was quick is trusted to be quick again, and the file opened inline;
    otherwise in a worker thread. Errors are those of `FileSource.open`.
    """
    source = FileSource(path)
    folder = os.path.dirname(path)
    try:
        if folder in _quick_folders:
            _timed_open(source, folder)
        else:
            await source.in_thread(_timed_open, source, folder)
    except BaseException:
        source.close()
        raise
    return source


def _timed_open(source: FileSource, folder: str) -> None:
    begin = perf_counter()
    source.open()
    slow = perf_counter() - begin > _QUICK_SECONDS
    if slow and _quick_folders.get(folder, True):
        _quick_folders.pop(folder, None)
    else:
        if len(_quick_folders) >= _MAX_FOLDERS:
            _quick_folders.clear()
        _quick_folders[folder] = slow
