"""Hanging up on an app by an exception: whether that can work, and taking the exception back."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterable
from typing import Any, cast

from ..errors import ClientDisconnected

if sys.version_info < (3, 11):  # pragma: no cover
    from exceptiongroup import BaseExceptionGroup, ExceptionGroup

__all__ = ["Sender", "without_hangup"]

_logger = logging.getLogger("rangeserve")


class Sender:
    """Knows the task that called the app, and whether the task that calls `send` is awaited."""

    __slots__ = ("_caller", "_last")

    def __init__(self) -> None:
        self._caller = _task()
        self._last: object = None

    def is_awaited(self) -> bool:
        """Whether the task that is sending now is awaited, so that its exception would be seen.

        The task is not awaited if the app sends from a task of its own and never awaits it
        (a2wsgi: its thread waits for space in a queue). An exception there would leave the
        app waiting for ever, so such an app runs to its end, as on any server when the
        client leaves. A callback of the app, `tasks.discard` say, awaits nothing; if in doubt
        the answer is no.
        """
        task = _task()
        if task is None or task is self._caller or _answers_a_thread(task):
            return True
        is_settled, self._last = self._last is task, task
        return is_settled and _is_waited_for(task)

    def would_be_heard(self) -> bool:
        """Whether somebody waits for the task that is sending now, and so hears of an error."""
        task = _task()
        return (
            task is None or task is self._caller or _answers_a_thread(task) or _is_waited_for(task)
        )


def _is_waited_for(task: asyncio.Task[Any]) -> bool:
    callbacks: Iterable[Any] = getattr(task, "_callbacks", None) or ()
    return any(map(_waits, callbacks))


def _answers_a_thread(task: asyncio.Task[Any]) -> bool:
    """Whether a task is one of asgiref's, which raises its exception in a thread that waits."""
    return getattr(task.get_coro(), "__qualname__", "") == "AsyncToSync.main_wrap"


def _waits(entry: Any) -> bool:
    """Whether a callback of a task is that of another task, or of a group, which waits for it."""
    callback: Any = cast("Any", entry)[0] if isinstance(entry, tuple) else entry
    if isinstance(getattr(callback, "__self__", None), asyncio.Future):
        return True
    if type(callback).__name__ == "TaskWakeupMethWrapper":  # of a task written in C
        return True
    module = getattr(callback, "__module__", None) or ""
    return module.partition(".")[0] in ("asyncio", "anyio")


def _task() -> asyncio.Task[Any] | None:
    """The current task of asyncio; `None` on trio, where every task has a nursery."""
    if asyncio._get_running_loop() is None:  # which does not raise, as the public one does
        return None
    return asyncio.current_task()


def without_hangup(error: Exception) -> Exception | None:
    """`error` without the `ClientDisconnected` that we raised in the app; `None` if that was all.

    From a group only ours is taken. An error that has ours among its causes is logged at
    WARNING and taken out too: the response is complete.
    """
    if isinstance(error, ExceptionGroup):
        return _without_hangups(cast("ExceptionGroup[Exception]", error))
    if isinstance(error, ClientDisconnected):
        return None
    if _came_of_hangup(error):
        _logger.warning("the app failed when its response was complete", exc_info=error)
        return None
    return error


def _without_hangups(group: ExceptionGroup[Exception]) -> Exception | None:
    remaining = [error for each in group.exceptions if (error := without_hangup(each)) is not None]
    if list(map(id, remaining)) == list(map(id, group.exceptions)):
        return group
    if not remaining:
        return None
    rest = group.derive(remaining).with_traceback(group.__traceback__)
    rest.__cause__, rest.__context__ = group.__cause__, group.__context__
    rest.__suppress_context__ = group.__suppress_context__
    for note in getattr(group, "__notes__", ()):
        rest.add_note(note)
    return rest


def _came_of_hangup(error: BaseException) -> bool:
    """Whether a `ClientDisconnected` is among the causes and contexts of `error`."""
    seen: set[int] = set()
    pending: list[BaseException] = [error]
    while pending:
        current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, ClientDisconnected):
            return True
        if isinstance(current, BaseExceptionGroup):
            pending.extend(cast("BaseExceptionGroup[BaseException]", current).exceptions)
        pending.extend(link for link in (current.__cause__, current.__context__) if link)
    return False
