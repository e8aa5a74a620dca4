"""`FileSource`: a regular file, opened once and read at offsets.

Before each read the system is asked whether the bytes are in the page cache. If they are, the
chunk is read on the event loop, which takes tens of microseconds; if not, in a worker thread,
so that the event loop does not wait for a disk.
"""

from __future__ import annotations

import errno
import inspect
import logging
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime, timezone
from functools import partial
from stat import S_ISREG
from time import perf_counter
from typing import Any, Final, TypeVar, Union, cast

import anyio

from ..core.validators import parse_entity_tag
from ..errors import ResponseError
from .mounts import device_of, is_local, learn_device
from .pace import Pace
from .threads import CLOSES, LOOK_UPS, READS, Kind, in_thread, later
from .unavailable import SourceUnavailable

__all__ = [
    "MEANINGLESS_SECONDS",
    "OPEN_FLAGS",
    "EtagMaker",
    "FileSource",
    "identity_of",
    "make_etag",
    "make_etag_blocking",
    "open_file",
    "stat_etag",
    "time_of",
]

T = TypeVar("T")

# O_NONBLOCK: opening a FIFO must not block, not even a thread. O_NOCTTY: a terminal that is
# opened must not become the controlling terminal of the process.
OPEN_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
_NO_LINK_FLAGS: Final = OPEN_FLAGS | getattr(os, "O_NOFOLLOW", 0)
_NOWAIT: Final[int | None] = getattr(os, "RWF_NOWAIT", None) if hasattr(os, "preadv") else None
_THREAD_CHUNK_BYTES: Final = 256 * 1024
# Reproducible builds and Nix give every file this modification time, or 0: it tells nothing.
MEANINGLESS_SECONDS: Final = 1
_PAGE_BYTES: Final = 4096  # of the page cache, at least

# After two opens in a row that took longer than this, the next open in the same folder is done
# in a thread. (A single slow open may be chance: a busy CPU interrupts any process.)
_QUICK_SECONDS: Final = 0.001
_MAX_FOLDERS: Final = 1024
# Folders whose files are opened on the event loop -> whether the last open there was slow.
_quick_folders: dict[str, bool] = {}
_logger: Final = logging.getLogger("rangeserve")


def _device_of(path: str) -> int | None:
    """The device number of the file system mounted on `path`, `None` if nothing is."""
    try:
        device = os.stat(path).st_dev
        return device if device != os.stat("/").st_dev else None
    except OSError:
        return None


# The files there are generated while they are read.
_GENERATED: Final = frozenset(filter(None, map(_device_of, ("/proc", "/sys"))))


_HAS_PREAD: Final = hasattr(os, "pread")
_seek_lock: Final = threading.Lock()


def _pread(fd: int, size: int, start: int) -> bytes:
    """`os.pread`, and the same by seeking where the system lacks it (Windows)."""
    if _HAS_PREAD:
        return os.pread(fd, size, start)
    with _seek_lock:
        os.lseek(fd, start, os.SEEK_SET)
        return os.read(fd, size)


def _is_generated(fd: int, status: os.stat_result) -> bool:
    """Whether the system generates the file while it is read, so that its size is unknown."""
    if status.st_dev in _GENERATED:
        return True
    return status.st_size == 0 and _pread(fd, 1, 0) != b"" and os.fstat(fd).st_size == 0


def time_of(seconds: float) -> datetime | None:
    """The UTC time of a file's time stamp, in seconds, if it says when the content changed.

    `None` outside the years 1 to 9999, and for 1 s after the epoch or less, which reproducible
    builds give to every file.
    """
    if seconds <= MEANINGLESS_SECONDS:
        return None
    try:
        return datetime.fromtimestamp(int(seconds), timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None


class FileSource:
    """A regular file as a source, held open by one descriptor until it is closed.

    An `EtagMaker` is called with one. `path` is the name by which the file was opened. `size`
    (in bytes) and `last_modified` are those of the descriptor; `etag` and `content_type` are
    those of `Source`, and may be set. Everything else of a FileSource, `open`, `adopt`,
    `sendable_path`, `place`, `is_local`, `in_thread_for` and `pace`, is for this package.
    """

    def __init__(self, path: str, place: str | None = None) -> None:
        """A file that is not open yet: `open` or `adopt` comes next.

        `place` is where the file is looked up, if that is not `path`.
        """
        self.path = path
        self.place: str = path if place is None else place
        self.size: int = 0
        self.etag: str | None = None
        self.last_modified: datetime | None = None
        self.content_type: str | None = None
        self._status: os.stat_result | None = None
        self.pace: Pace = Pace()
        self._fd = -1
        self._adopted = False
        self._lock = threading.Lock()
        self._in_threads = 0
        self._closed = False
        self.is_local: bool = True
        self._can_ask_cache = _NOWAIT is not None

    @property
    def status(self) -> os.stat_result:
        """The `os.stat_result` of the descriptor; `RuntimeError` if the file is not open yet."""
        if self._status is None:
            raise RuntimeError(f"the file has not been opened yet: {self.path!r}")
        return self._status

    @property
    def sendable_path(self) -> str | None:
        """The path by which a server that can send files may open this file, if there is one."""
        return None if self._adopted else self.path

    def open(self, *, follow: bool = True) -> None:
        """Open the file; blocking. Unless `follow`, a symbolic link is an `OSError` (ELOOP).

        `OSError` if it cannot be opened, `ResponseError` if it is not a regular file. After an
        error no descriptor is left open.
        """
        self._hold(os.open(self.path, OPEN_FLAGS if follow else _NO_LINK_FLAGS))

    def adopt(self, fd: int) -> None:
        """Take over the descriptor `fd`, which is open for reading; otherwise like `open`.

        There is no `sendable_path` then, because `path` may name another file by now.
        """
        self._adopted = True
        self._hold(fd)

    def _hold(self, fd: int) -> None:
        try:
            status = self._status = os.fstat(fd)
            if not S_ISREG(status.st_mode):
                raise ResponseError(f"not a regular file: {self.path!r}")
            if _is_generated(fd, status):
                raise ResponseError(f"not a stored file: {self.path!r}")
            self.size = status.st_size
            self.last_modified = time_of(status.st_mtime)
            if not is_local(status.st_dev):
                self.is_local = False
                learn_device(self.place, status.st_dev)
        except BaseException:
            os.close(fd)
            raise
        with self._lock:
            self._fd = fd

    def close(self) -> None:
        """Close the descriptor; while a thread works with it, as soon as the thread is done.

        A second call does nothing.
        """
        with self._lock:
            self._closed = True
            if self._in_threads:
                return
            fd, self._fd = self._fd, -1
        if fd < 0:
            return
        if self.is_local:
            os.close(fd)
        else:  # NFS and FUSE tell whoever answers for the file, and wait
            later(partial(os.close, fd), CLOSES, self.status.st_dev)

    async def in_thread(self, work: Callable[..., T], *args: Any) -> T:
        """The result of the blocking `work(*args)`, done with this file in a worker thread.

        The descriptor stays open until `work` returns, even if `close` is called or the caller
        is cancelled meanwhile. `ResponseError` if the file is closed before a thread is free,
        `SourceUnavailable` (503) if none becomes free.
        """
        return await self.in_thread_for(READS, work, *args)

    async def in_thread_for(self, kind: Kind, work: Callable[..., T], *args: Any) -> T:
        """As `in_thread`, for work of this `kind`; before the file is open it is a look-up."""
        work = partial(self._while_open, work, *args)
        if self._status is None:
            return await in_thread(work, LOOK_UPS, device_of(self.place))
        return await in_thread(work, kind, self._status.st_dev)

    def _while_open(self, work: Callable[..., T], *args: Any) -> T:
        with self._lock:
            if self._closed:
                raise ResponseError(f"closed while waiting for a thread: {self.path!r}")
            self._in_threads += 1
        try:
            return work(*args)
        finally:
            fd = -1
            with self._lock:
                self._in_threads -= 1
                if self._closed and not self._in_threads:
                    fd, self._fd = self._fd, -1
            if fd >= 0:
                os.close(fd)

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes `[start, stop)` of the file, in chunks.

        `ResponseError` if the file has become shorter or no thread becomes free, `OSError` if
        it cannot be read.
        """
        while start < stop:
            try:
                chunk = await self._chunk(start, stop - start)
            except SourceUnavailable as unavailable:  # too late for its status
                raise ResponseError(f"{unavailable}: {self.path!r}") from unavailable
            if not chunk:
                raise self._became_shorter()
            start += len(chunk)
            yield chunk

    def read_blocking(self, start: int, stop: int) -> Iterator[bytes]:
        """As `read`, in the thread of the caller."""
        while start < stop:
            chunk = self.read_now(min(_THREAD_CHUNK_BYTES, stop - start), start)
            if not chunk:
                raise self._became_shorter()
            start += len(chunk)
            yield chunk

    def _became_shorter(self) -> ResponseError:
        return ResponseError(f"the file became shorter while it was sent: {self.path!r}")

    async def _chunk(self, start: int, remaining: int) -> bytes:
        """The next chunk of the `remaining` bytes from `start` on; empty at the file's end."""
        size = min(self.pace.size, remaining)
        if self._can_ask_cache:
            if self._is_cached(start) and (size < _PAGE_BYTES or self._is_cached(start + size - 1)):
                return _pread(self._fd, size, start)
            if self._can_ask_cache:
                return await self.in_thread(self.read_now, size, start)
        size = min(max(size, _THREAD_CHUNK_BYTES), remaining)
        return await self.in_thread(self.read_now, size, start)

    def read_now(self, size: int, start: int) -> bytes:
        """At most `size` bytes from the offset `start` on, none at the end of the file; blocking.

        To be called by the `work` of `in_thread`. `OSError` if the file cannot be read.
        """
        return _pread(self._fd, size, start)

    def stat_now(self) -> os.stat_result:
        """The present status of the descriptor, while `status` is that of its opening; blocking.

        To be called by the `work` of `in_thread`.
        """
        return os.fstat(self._fd)

    def _is_cached(self, position: int) -> bool:
        """Whether the byte at `position` can be read without waiting; if not, read-ahead starts."""
        assert _NOWAIT is not None
        try:
            os.preadv(self._fd, [bytearray(1)], position, _NOWAIT)
        except BlockingIOError:
            return False
        except OSError:  # this file system cannot tell (tmpfs): do not ask again
            self._can_ask_cache = False
            return False
        return True


EtagMaker = Callable[[FileSource], Union[str, Awaitable[Union[str, None]], None]]
"""A function that makes the entity-tag of an open file: the type of `etag=`.

It may be async, and returns a quoted entity-tag, or `None` for no tag. Of the `FileSource` it
uses `path`, `size` (in bytes) and `status` (an `os.stat_result`), and to read the content
`in_thread` with `read_now`.
"""


def stat_etag(file: FileSource | os.stat_result) -> str | None:
    """The strong entity-tag, quoted, of an open file or of an `os.stat_result`.

    `None` for a modification time of 1 s after the epoch or less, which says nothing.

    It is made of the modification time in nanoseconds and the size in bytes. The inode plays no
    part, so that replicas with the same file and the same time have the same tag.
    """
    status = file.status if isinstance(file, FileSource) else file
    if status.st_mtime_ns <= MEANINGLESS_SECONDS * 10**9:
        return None
    return f'"{status.st_mtime_ns:x}-{status.st_size:x}"'


def identity_of(status: os.stat_result) -> tuple[int, ...]:
    """The numbers of a file that change if its content changes; the first is its device."""
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


async def make_etag(maker: EtagMaker, file: FileSource) -> str | None:
    """The entity-tag that `maker` makes of an open file; `None` if it fails, which is logged."""
    try:
        etag = cast("object", maker(file))
        if inspect.isawaitable(etag):
            etag = await etag
        if etag is None or (isinstance(etag, str) and parse_entity_tag(etag) is not None):
            return etag
        _logger.error(
            "the etag callable gave %r for %r, which is no entity-tag in double quotes: no ETag",
            etag,
            file.path,
        )
    except Exception:
        _logger.exception("the etag callable failed for %r: no ETag", file.path)
    return None


def make_etag_blocking(maker: EtagMaker, file: FileSource) -> str | None:
    """As `make_etag`, in the thread of the caller; an async `maker` gets an event loop."""
    if inspect.iscoroutinefunction(maker):
        return anyio.run(make_etag, maker, file)
    making = make_etag(maker, file)
    try:
        making.send(None)
    except StopIteration as made:
        return cast("Union[str, None]", made.value)
    making.close()
    raise RuntimeError("an EtagMaker that is to be awaited must be an async function")


async def open_file(path: str) -> FileSource:
    """Open the regular file at `path`; errors are those of `FileSource.open`.

    It is opened on the event loop if opens in its folder were quick and its device is local,
    and otherwise in a worker thread. `SourceUnavailable` (503) if none becomes free.
    """
    source = FileSource(path)
    folder = os.path.dirname(path)
    try:
        if not (folder in _quick_folders and _opened_now(source, folder)):
            await source.in_thread(_timed_open, source, folder)
    except BaseException:
        source.close()
        raise
    return source


def _opened_now(source: FileSource, folder: str) -> bool:
    """Open `source` on the event loop: `False` if it is a link, which may lead to any device."""
    try:
        _timed_open(source, folder, follow=False)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return False
        raise
    if not source.is_local:  # it was mounted there since
        _quick_folders.pop(folder, None)
    return True


def _timed_open(source: FileSource, folder: str, *, follow: bool = True) -> None:
    """Open `source`, and note whether its folder is quick; blocking."""
    begin = perf_counter()
    source.open(follow=follow)
    if not source.is_local:
        return
    slow = perf_counter() - begin > _QUICK_SECONDS
    if slow and _quick_folders.get(folder, True):
        _quick_folders.pop(folder, None)
    else:
        if len(_quick_folders) >= _MAX_FOLDERS:
            _quick_folders.clear()
        _quick_folders[folder] = slow
