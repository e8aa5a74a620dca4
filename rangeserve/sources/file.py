"""`FileSource`: a regular file, opened once and read at offsets.

A chunk is read on the event loop as far as it is in the page cache, which takes tens of
microseconds (RWF_NOWAIT: the system gives what it has, and never waits). What is not there is read
in a worker thread, so that the event loop does not wait for a disk.
"""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timezone
from functools import lru_cache, partial
from io import BytesIO
from stat import S_ISREG
from typing import Any, Final, TypeVar

from ..errors import ResponseError
from .mounts import device_of, is_local, learn_device
from .pace import Pace
from .threads import CLOSES, LOOK_UPS, READS, Kind, in_thread, later
from .unavailable import SourceUnavailable

__all__ = [
    "CAN_READ_AT_ONCE",
    "MEANINGLESS_SECONDS",
    "OPEN_FLAGS",
    "FileSource",
    "identity_of",
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
CAN_READ_AT_ONCE: Final = _NOWAIT is not None
_CHUNK_BYTES: Final = 64 * 1024


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


def _has_content(fd: int) -> bool:
    """Whether a file of size 0 has content that the system generates while it is read."""
    return _pread(fd, 1, 0) != b"" and os.fstat(fd).st_size == 0


@lru_cache(maxsize=1024)  # the same files are requested again and again
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
    `sendable_path`, `place`, `is_local`, `in_thread_for`, `read_at_once` and `pace`, is for this
    package.
    """

    # What a file starts with. As defaults of the class they cost a request nothing.
    size: int = 0
    etag: str | None = None
    last_modified: datetime | None = None
    content_type: str | None = None
    is_local: bool = True
    pace: Pace | None = None
    _status: os.stat_result | None = None
    _fd: int = -1
    _adopted: bool = False
    _in_threads: int = 0
    _closed: bool = False
    _can_ask_cache: bool = True

    def __init__(self, path: str, place: str | None = None) -> None:
        """A file that is not open yet: `open` or `adopt` comes next.

        `place` is where the file is looked up, if that is not `path`.
        """
        self.path = path
        self.place: str = path if place is None else place
        self._lock = threading.Lock()

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
            if status.st_dev in _GENERATED or (not status.st_size and _has_content(fd)):
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
        size = min(_CHUNK_BYTES if self.pace is None else self.pace.size, remaining)
        chunk = self.read_at_once(start, start + size)
        if chunk is not None:
            return chunk
        if not self._can_ask_cache:
            size = min(max(size, _THREAD_CHUNK_BYTES), remaining)
        return await self.in_thread(self.read_now, size, start)

    def read_at_once(self, start: int, stop: int) -> bytes | None:
        """The first of the bytes `[start, stop)`, as far as none of them has to be waited for.

        `None` if the first has to be waited for, or may have to be; the system then begins to read
        ahead. `None` at the end of the file, too.
        """
        if _NOWAIT is None or not self._can_ask_cache:
            self._can_ask_cache = False
            return None
        # The memory of the stream becomes that of the bytes: nothing is copied.
        stream = BytesIO()
        stream.seek(stop - start - 1)
        stream.write(b"\0")
        try:
            with stream.getbuffer() as buffer:
                count = os.preadv(self._fd, (buffer,), start, _NOWAIT)
        except BlockingIOError:
            return None
        except OSError:  # this file system cannot tell (tmpfs): do not ask again
            self._can_ask_cache = False
            return None
        if not count:  # the end of the file; or Linux 5.9 or 5.10, which say 0 for EAGAIN too
            return None
        if count != stop - start:
            stream.truncate(count)
        return stream.getvalue()

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


def identity_of(status: os.stat_result) -> tuple[int, ...]:
    """The numbers of a file that change if its content changes; the first is its device."""
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )
