"""That there is no source for this request, and the status that says so."""

from __future__ import annotations

__all__ = ["SourceUnavailable"]


class SourceUnavailable(Exception):
    """A source cannot be had: answer with `status`, an HTTP status code, and no details.

    What the store or system said is the exception's cause, for the log.
    """

    def __init__(self, status: int, why: str = "") -> None:
        super().__init__(why or f"no source: {status}")
        self.status = status

    def __reduce__(self) -> tuple[type[SourceUnavailable], tuple[int, str]]:
        """What pickling needs: the arguments, which are not those of `Exception`."""
        return (type(self), (self.status, str(self)))
