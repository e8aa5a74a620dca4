"""What the author of an app is told: once a route, as warnings."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from ..core.partial import complaint_about_partial
from ..core.ranges import is_in_bytes
from ..core.representation import Representation
from ..core.request import OVER_LIMITS, REPEATED, Request

__all__ = ["Hints"]

_logger: Final = logging.getLogger("rangeserve")
_APP_RANGES: Final = (
    ". The app does not see the Range; if it answers ranges by itself, "
    "let it: RangeMiddleware(app, app_ranges=True)"
)


class Hints:
    """The hints about one response, whose request may have a Range that the app does not see."""

    __slots__ = ("_request", "_shows_ranges", "_warn")

    def __init__(
        self,
        request: Request | None,
        *,
        shows_ranges: bool = False,
        warn: Callable[[str], object] = _logger.warning,
    ) -> None:
        """`shows_ranges`: the app sees the Range. `warn` is called with the text of a hint."""
        self._request = request
        self._shows_ranges = shows_ranges
        self._warn = warn

    def complaint_about(self, status: int, own: Representation) -> str | None:
        """Why a response with `status` that is not 200 must not go out; `None` if it may.

        `own` has its fields. If no Range was asked for, an app that does not see the Range
        answers as it does alone.
        """
        has_range = self._request is not None and self._request.range is not None
        if status == 206 and (has_range or self._shows_ranges):
            complaint = complaint_about_partial(self._request, own)
            if complaint is not None:
                return f"the app's own 206 must not go out: {complaint}{self._more()}"
        if status in (206, 416) and not self._app_sees_range():
            self._warn(f"the app answers {status} by itself{self._more()}")
        return None

    def not_sliced(self, representation: Representation) -> None:
        """A 200 that cannot be sliced is passed on; the app may have said that it can."""
        if representation.accepts_ranges and not (representation.coded or self._shows_ranges):
            self._warn(f"the app says Accept-Ranges: bytes, but cannot be sliced{self._more()}")

    def weak_etag(self, representation: Representation) -> None:
        """If-Range repeats an ETag that never fits it."""
        self._warn(
            f"the ETag {representation.etag} is weak or not quoted: clients that seek "
            "with If-Range, as Chromium does, get the whole each time"
        )

    def replaced_body(self, size: int, content_length: int | None) -> None:
        """A source of `size` bytes was handed over, but another body was sent afterwards."""
        self._warn(
            f"a source of {size} bytes was handed over, but the app's Content-Length is "
            f"{content_length}: another body was sent afterwards, and goes out"
        )

    def _app_sees_range(self) -> bool:
        """Whether the app sees the Range of the request: one in another unit is the app's."""
        range_field = self._request.range if self._request is not None else None
        return self._shows_ranges or (
            range_field is not None
            and range_field not in (REPEATED, OVER_LIMITS)
            and not is_in_bytes(range_field)
        )

    def _more(self) -> str:
        return "" if self._app_sees_range() else _APP_RANGES
