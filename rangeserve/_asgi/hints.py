"""What the author of an app is told: once a route, as warnings or, for a choice, at INFO."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from ..core.partial import complaint_about_partial
from ..core.ranges import is_in_bytes
from ..core.representation import Representation
from ..core.request import OVER_LIMITS, REPEATED, Request
from ..core.selection import Reason
from ..core.validators import parse_entity_tag

__all__ = ["Hints"]

_logger: Final = logging.getLogger("rangeserve")
_APP_RANGES: Final = (
    ". The app does not see the Range; if it answers ranges by itself, "
    "let it: RangeMiddleware(app, app_ranges=True)"
)
_NO_LENGTH: Final = (
    "a Range was asked for, but the response has no Content-Length, so the whole is sent; set "
    "that field if the size is known, or hand over a source"
)


class Hints:
    """The hints about one response, whose request may have a Range that the app does not see."""

    __slots__ = ("_log", "_request", "_shows_ranges")

    def __init__(
        self,
        request: Request | None,
        *,
        shows_ranges: bool = False,
        log: Callable[[int, str], object] = _logger.log,
    ) -> None:
        """`shows_ranges`: the app sees the Range. `log` is called with a level and a text."""
        self._request = request
        self._shows_ranges = shows_ranges
        self._log = log

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

    def not_sliced(self, representation: Representation, reason: Reason | None) -> None:
        """A 200 that cannot be sliced is passed on, for this `reason` if there is a Range.

        The app may have said that it can. A stream without a length may be meant to have none.
        """
        if representation.accepts_ranges and not (representation.coded or self._shows_ranges):
            self._warn(f"the app says Accept-Ranges: bytes, but cannot be sliced{self._more()}")
        elif reason is Reason.NO_LENGTH:
            self._log(logging.INFO, _NO_LENGTH)

    def source_etag(self, etag: str | None) -> None:
        """A source has an `etag` that cannot be sent."""
        if etag is not None and parse_entity_tag(etag) is None:
            self._warn(f"the source's etag is left out, for it is not in double quotes: {etag!r}")

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
            f"{content_length}: another body was sent afterwards, and goes out. A view that hands "
            "over returns an empty response (in FastAPI and Starlette `return Response()`: what "
            "FastAPI makes of None is the four bytes `null`)"
        )

    def _warn(self, text: str) -> None:
        self._log(logging.WARNING, text)

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
