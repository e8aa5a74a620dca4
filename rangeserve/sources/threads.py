"""Worker threads for blocking work, shared out by kind of work and by device.

A device that does not answer keeps the threads that wait for it, but none of another device. Work
that finds no free thread waits only so long. Its caller may be cancelled at any time: work that
has begun goes on, and nobody awaits it. The threads are daemons, for a process must not wait for
them when it ends.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Final, Generic, TypeVar, cast

from anyio import Event, move_on_after

from .unavailable import SourceUnavailable

__all__ = ["CLOSES", "HASHES", "LOOK_UPS", "READS", "Kind", "in_thread", "later"]

T = TypeVar("T")

_PATIENCE_SECONDS: Final = 5.0
_HASH_PATIENCE_SECONDS: Final = 60.0
_RETRY_AFTER_SECONDS: Final = 10
_IDLE_SECONDS: Final = 10.0
_logger: Final = logging.getLogger("rangeserve")


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of work: on each device it has at most this number of `threads`.

    `patience`: the seconds that work waits for a thread. With `None` it waits for as long as it
    takes, and is done even if its caller is cancelled.
    """

    name: str
    threads: int
    patience: float | None


LOOK_UPS: Final = Kind("look-ups", 16, _PATIENCE_SECONDS)
READS: Final = Kind("reads", 32, _PATIENCE_SECONDS)
HASHES: Final = Kind("hashes", 1, _HASH_PATIENCE_SECONDS)
CLOSES: Final = Kind("closes", 4, None)


async def in_thread(work: Callable[[], T], kind: Kind, device: int | None) -> T:
    """The result of the blocking `work`, done in a worker thread as soon as one is free.

    `device` is the number of the one that the work waits for, `None` if it is not known.
    `SourceUnavailable` (503) if no thread is free within the patience of the `kind`.
    """
    done = Event()
    job = _Job(partial(copy_context().run, work), _waker(done))
    workers = _workers_for(kind, device)
    has_begun = workers.take(job)
    try:
        if not has_begun and kind.patience is not None:
            with move_on_after(kind.patience):
                await done.wait()
            if workers.withdraw(job):
                raise workers.unavailable()
        await done.wait()
    except BaseException:
        if kind.patience is not None:
            workers.withdraw(job)
        raise
    return job.outcome()


def later(work: Callable[[], object], kind: Kind, device: int | None) -> None:
    """Have the blocking `work` done in a worker thread some time; an error of it is lost."""
    _workers_for(kind, device).take(_Job(work, lambda: None))


class _Job(Generic[T]):
    """Work for a thread. `wake` is called there when the work is done."""

    __slots__ = ("_error", "_result", "_wake", "_work")

    def __init__(self, work: Callable[[], T], wake: Callable[[], object]) -> None:
        self._work: Callable[[], T] | None = work
        self._wake = wake
        self._result: T | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        """Do the work; blocking."""
        assert self._work is not None
        try:
            self._result = self._work()
        except BaseException as error:
            self._error = error
        self._work = None
        self._wake()

    def outcome(self) -> T:
        """What the work has returned; what it has raised is raised."""
        error, self._error = self._error, None
        if error is None:
            return cast("T", self._result)
        try:
            raise error
        finally:
            del error


class _Workers:
    """The threads for one kind of work on one device."""

    def __init__(self, kind: Kind, device: int | None) -> None:
        self._kind = kind
        self._device = device
        self._lock = threading.Lock()
        self._threads = 0
        self._idle: list[SimpleQueue[_Job[Any]]] = []  # each that of a thread; the last is warm
        self._waiting: OrderedDict[_Job[Any], None] = OrderedDict()
        self._has_warned = False

    def take(self, job: _Job[Any]) -> bool:
        """Give `job` to a thread: whether one was free; if not, the job waits."""
        with self._lock:
            if self._idle:
                self._idle.pop().put(job)
                return True
            if self._threads >= self._kind.threads:
                self._waiting[job] = None
                return False
            self._threads += 1
        inbox: SimpleQueue[_Job[Any]] = SimpleQueue()
        inbox.put(job)
        name = f"rangeserve {self._kind.name}"
        try:
            threading.Thread(target=self._run, args=(inbox,), name=name, daemon=True).start()
        except BaseException:  # the system has no more threads
            with self._lock:
                self._threads -= 1
            raise
        return True

    def withdraw(self, job: _Job[Any]) -> bool:
        """Take back a job: whether it was still waiting."""
        with self._lock:
            return self._waiting.pop(job, job) is None

    def unavailable(self) -> SourceUnavailable:
        """The exception for work that has waited in vain; the first one is logged."""
        kind, device = self._kind, self._device
        where = "" if device is None else f" on device {_shown(device)}"
        why = f"no thread for {kind.name}{where}: each of {kind.threads} waits for an answer"
        if not self._has_warned:
            self._has_warned = True
            _logger.warning("%s", why)
        return SourceUnavailable(503, why, retry_after=_RETRY_AFTER_SECONDS)

    def _run(self, inbox: SimpleQueue[_Job[Any]]) -> None:
        job: _Job[Any] | None = inbox.get()
        while job is not None:
            job.run()
            job = None  # so that its result is not kept by a thread without work
            job = self._next(inbox)

    def _next(self, inbox: SimpleQueue[_Job[Any]]) -> _Job[Any] | None:
        """The next job of a thread; `None` if there was none for a while, and the thread ends."""
        with self._lock:
            self._has_warned = False
            if self._waiting:
                return self._waiting.popitem(last=False)[0]
            self._idle.append(inbox)
        try:
            return inbox.get(timeout=_IDLE_SECONDS)
        except Empty:
            pass
        with self._lock:
            if inbox in self._idle:
                self._idle.remove(inbox)
                self._threads -= 1
                return None
        return inbox.get()  # a job came at the last moment


_all_workers: dict[tuple[Kind, int | None], _Workers] = {}
if hasattr(os, "register_at_fork"):  # a child has none of its parent's threads
    os.register_at_fork(after_in_child=_all_workers.clear)


def _workers_for(kind: Kind, device: int | None) -> _Workers:
    workers = _all_workers.get((kind, device))
    if workers is None:
        workers = _all_workers.setdefault((kind, device), _Workers(kind, device))
    return workers


def _shown(device: int) -> str:
    """A device number as the table of mounts has it; Windows knows no such numbers."""
    return f"{os.major(device)}:{os.minor(device)}" if hasattr(os, "major") else str(device)


def _waker(done: Event) -> Callable[[], None]:
    """A function that sets `done` from another thread, unless its event loop has ended."""
    call_soon = _call_soon()

    def wake() -> None:
        try:
            call_soon(done.set)
        except RuntimeError:
            return

    return wake


def _call_soon() -> Callable[[Callable[[], object]], object]:
    """The function by which another thread has something called by this event loop."""
    trio: Any = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():  # which may be inside of asyncio
        soon: Callable[[Callable[[], object]], object]
        soon = trio.lowlevel.current_trio_token().run_sync_soon
        return soon
    return asyncio.get_running_loop().call_soon_threadsafe
