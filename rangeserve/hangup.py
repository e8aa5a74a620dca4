"""Hanging up on an app: who would hear it, and taking it back once it has left the app."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import cast

from .errors import ClientDisconnected

if sys.version_info < (3, 11):  # pragma: no cover
    from exceptiongroup import BaseExceptionGroup, ExceptionGroup

__all__ = ["Sender", "without_hangup"]

_logger = logging.getLogger("rangeserve")


class Sender:
    """Who sends for one app: the task that called it, or one of the app's own making."""

    __slots__ = ("_caller", "_last")

    def __init__(self) -> None:
        self._caller = _task()
        self._last: object = None

    def is_heard(self) -> bool:
        """Whether an exception in the task that sends now would be heard by somebody.

        Not if the app has left all its sending to a task that nobody waits for: the app
        would be stuck for ever (a2wsgi, whose thread then waits for room in a queue), so it
        has to run to its end, as on any server when the client leaves.
        """
        task = _task()
        settled, self._last = self._last is task, task
        if task is None or task is self._caller or not settled:
            return True
        waiting: object = getattr(task, "_callbacks", True)
        return bool(waiting)


def _task() -> object:
    """The current task of asyncio; `None` on trio, where every task has a nursery."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


def without_hangup(error: Exception) -> Exception | None:
    """What is left of `error` when our `ClientDisconnected` is taken out; `None` if nothing.

    From a group only ours is taken. An error that merely came of ours - it is among its
    causes - is logged at WARNING and taken out too: the response is complete.
    """
    if isinstance(error, ExceptionGroup):
        return _without_hangups(cast("ExceptionGroup[Exception]", error))
    if isinstance(error, ClientDisconnected):
        return None
    if _came_of_hangup(error):
        _logger.warning("the app failed when its response was over", exc_info=error)
        return None
    return error


def _without_hangups(group: ExceptionGroup[Exception]) -> Exception | None:
    left = [kept for each in group.exceptions if (kept := without_hangup(each)) is not None]
    if list(map(id, left)) == list(map(id, group.exceptions)):
        return group
    return group.derive(left).with_traceback(group.__traceback__) if left else None


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
