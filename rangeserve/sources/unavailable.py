"""`SourceUnavailable`: raised if there is no source for a request."""

from __future__ import annotations

import logging
from typing import Final

from .._quoting import quoted

__all__ = ["SourceUnavailable", "log_unavailable"]

# Of what a store says, which may be a page of HTML, or without an end.
_MAX_READ: Final = 4096  # characters
_MAX_SHOWN: Final = 500
_logger: Final = logging.getLogger("rangeserve")


class SourceUnavailable(Exception):
    """There is no source for this request: the client gets `status` and an empty body.

    `status` is an HTTP status code, `why` a message for the log, `retry_after` the number of
    seconds for a Retry-After field, `None` for no field. The exception of the store or of the
    system is the cause.
    """

    def __init__(self, status: int, why: str = "", retry_after: int | None = None) -> None:
        super().__init__(why or f"no source: {status}")
        self.status = status
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[type[SourceUnavailable], tuple[int, str, int | None]]:
        """The class and the arguments to make a copy from, for `pickle`."""
        return (type(self), (self.status, str(self), self.retry_after))


def log_unavailable(unavailable: SourceUnavailable, what: str) -> None:
    """Log why there is no source for `what`, a path or a key, if the reason is an error.

    What is missing is no error. What the store or the system says is quoted, since a client may
    have written some of it, and cut short; a URL in it is shown without its user information.
    """
    if unavailable.__cause__ is None or unavailable.status == 404:
        return
    first_line = str(unavailable.__cause__)[:_MAX_READ].partition("\n")[0]
    shown = quoted(first_line)[:_MAX_SHOWN]
    _logger.warning("%s for %r: %s", unavailable.status, what, shown)
