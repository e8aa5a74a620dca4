"""Taking back our own hang-up once it has left the app."""

from __future__ import annotations

import logging
import sys
from typing import cast

from .errors import ClientDisconnected

if sys.version_info < (3, 11):  # pragma: no cover
    from exceptiongroup import BaseExceptionGroup, ExceptionGroup

__all__ = ["without_hangup"]

_logger = logging.getLogger("rangeserve")


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
