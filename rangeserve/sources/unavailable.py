"""`SourceUnavailable`: raised if there is no source for a request."""

from __future__ import annotations

__all__ = ["SourceUnavailable"]


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
