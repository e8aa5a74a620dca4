"""What a view and the middleware exchange through the scope.

The middleware hides Range and If-Range from the app, and puts a `Handover` into
`scope["extensions"]["rangeserve"]`: it tells the view which Range was asked for, and takes
the source that the view hands over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from werkzeug.datastructures import Range

from ._checks import shown
from .core.ranges import parse_range
from .core.request import OVER_LIMITS, REPEATED
from .sources.given import Given, source_of
from .sources.protocol import Source

__all__ = [
    "EXTENSION",
    "Handover",
    "hand_over",
    "handover_of",
    "likely_bodyless",
    "requested_range",
]

# The response to a request with one of these fields may be a 304 or a 412, which need no body.
_PRECONDITIONS: Final = frozenset(
    {b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since"}
)

EXTENSION: Final = "rangeserve"
"""The key of the `Handover` among the scope's extensions."""


class Handover:
    """What one request's view, or an integration for it, arranges with the middleware.

    `source` is what has been handed over: a `Source`, an absolute path, or `None`.
    `accepted` turns true when the middleware answers from the source: whatever body the app
    still sends is discarded, so it need not be made. `same_body` tells which of the two
    methods below was called last, and `content_length` what it was told. `replaced` are
    sources that were handed over before, and are closed with the last one. `first_body`: the
    body of the first message, if the source counts only as long as that very object arrives.
    `prefers_path`: a file is to be handed over however small it is, for the sake of its path.
    """

    # What it starts with. As defaults of the class they cost a request nothing.
    source: Source | str | None = None
    same_body: bool = False
    content_length: int | None = None
    first_body: bytes | None = None
    prefers_path: bool = False
    accepted: bool = False
    replaced: tuple[Source, ...] = ()

    def __init__(self, range_field: str | None = None) -> None:
        """`range_field` is the Range field value of the request, as `core.Request` has it."""
        self._field = range_field

    @property
    def has_range(self) -> bool:
        """Whether the request has a Range field, be it one that can be acted on or not."""
        return self._field is not None

    @property
    def range(self) -> Range | None:
        """The Range field of the request, parsed.

        `None` if it is absent, malformed, repeated, over the limits, or in another unit
        than bytes.
        """
        if self._field is None or self._field in (REPEATED, OVER_LIMITS):
            return None
        return parse_range(self._field)

    def instead_of_body(self, source: Given) -> None:
        """Answer from `source`; the body that the app sends is discarded (see `hand_over`)."""
        before = self.source
        self.source = source_of(source)
        self.same_body, self.content_length, self.first_body = False, None, None
        if not (before is None or isinstance(before, str) or before is self.source):
            self.replaced = (*self.replaced, before)

    def same_as_body(self, source: Given, content_length: int | None = None) -> None:
        """Answer from `source`, which has the bytes of the body that the app is about to send.

        For an integration, which acts behind the view's back. `source` is accepted only if
        the response still has a Content-Length and it is the source's size: a layer that
        compresses or replaces the body changes or removes that field, and its body is then
        sent. So the response must keep its own body, to be sent unless `accepted`.

        `content_length` (bytes) is the Content-Length that the response has now. While it has
        that one, the source is accepted whatever its size is: a file may grow meanwhile, and
        then the size and the validators of the open file are sent.
        """
        self.instead_of_body(source)
        self.same_body, self.content_length = True, content_length

    def withdraw(self) -> Source | str | None:
        """What has been handed over, if anything; from now on nothing is."""
        source, self.source = self.source, None
        return source


def handover_of(scope: Mapping[str, Any]) -> Handover | None:
    """The handover of the request with this scope.

    `None` if no `RangeMiddleware` takes part in the request: none is installed, it skips
    this request, or the method is neither GET nor HEAD.
    """
    extensions: Mapping[str, object] = scope.get("extensions") or {}
    handover = extensions.get(EXTENSION)
    return handover if isinstance(handover, Handover) else None


def requested_range(scope: Mapping[str, Any]) -> Range | None:
    """The Range that the client asked for, as Werkzeug has it: `units` and `ranges`.

    The pairs in `ranges` are half-open, in bytes: `(start, stop)`, `(start, None)` for an
    open range and `(-length, None)` for a suffix. `None` if nothing was asked for that a
    `RangeMiddleware` could act on.
    """
    handover = handover_of(scope)
    return handover.range if handover is not None else None


def likely_bodyless(scope: Mapping[str, Any]) -> bool:
    """Whether the response to this request likely has no body: a HEAD, or with preconditions.

    A source that is opened by a request to another machine then need not ask for the body.
    """
    return scope["method"] == "HEAD" or any(
        name.lower() in _PRECONDITIONS for name, _ in scope["headers"]
    )


def hand_over(scope: Mapping[str, Any], source: Given) -> None:
    """Give the middleware what the response body is read from.

    `source`: a path, a `Source`, bytes, or a binary file object that is open, which is closed
    with the response. To be called before the response starts, from any view; the view then
    answers 200 with the fields it wants and an empty body, which is discarded. A relative path
    is resolved now. `TypeError` for anything else, `RuntimeError` if no `RangeMiddleware` takes
    part in this request: it is not installed, skips this request, or the method is neither GET
    nor HEAD.
    """
    if not hasattr(scope, "get"):
        raise TypeError(f"hand_over takes the scope (request.scope), not {shown(scope)}")
    handover = handover_of(scope)
    if handover is None:
        if "wsgi.version" in scope:
            raise TypeError("this is an environ of WSGI: rangeserve.wsgi.hand_over takes it")
        raise RuntimeError(
            "no RangeMiddleware takes this source: none is wrapped around the app, it skips "
            f"this request, or the method is {scope.get('method', scope.get('type'))}"
        )
    if hasattr(source, "read_blocking") and not hasattr(source, "read"):
        raise TypeError(
            f"{shown(source)} has a read_blocking, which is for WSGI, and no async read, which is "
            "needed here"
        )
    handover.instead_of_body(source)
