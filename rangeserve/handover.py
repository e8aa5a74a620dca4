"""What a view and the middleware tell each other through the scope.

The middleware hides Range from the app and leaves an `Offer` in
`scope["extensions"]["rangeserve"]`: what was asked, and a place to put a source.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike, fspath
from os.path import abspath
from typing import Any, Final, Union

from werkzeug.datastructures import Range

from .ranges import parse_range
from .request import REPEATED
from .sources.protocol import Source

__all__ = ["EXTENSION", "Offer", "hand_over", "offer_of", "requested_range"]

EXTENSION: Final = "rangeserve"

Handed = Union[Source, str, "PathLike[str]"]


class Offer:
    """One request's end of the middleware, as the app sees it.

    `source` is what was handed over, a path or a `Source`, `None` so far. `served` turns
    true when the middleware has taken it for the response body. `exact` is for one who hands
    over behind the view's back and leaves the response as it was: the source is taken only
    if the Content-Length is still there and the source's size, since whoever codes or
    replaces a body changes that.
    """

    __slots__ = ("_field", "exact", "served", "source")

    def __init__(self, field: str | None = None) -> None:
        self._field = field
        self.source: Source | str | None = None
        self.exact: bool = False
        self.served: bool = False

    @property
    def range(self) -> Range | None:
        """The Range field of the request, parsed.

        `None` if it is absent, malformed, repeated or over the limits.
        """
        if self._field is None or self._field == REPEATED:
            return None
        return parse_range(self._field)


def offer_of(scope: Mapping[str, Any]) -> Offer | None:
    """The offer in a scope; `None` if no middleware takes part in this request."""
    extensions: Mapping[str, object] = scope.get("extensions") or {}
    offer = extensions.get(EXTENSION)
    return offer if isinstance(offer, Offer) else None


def requested_range(scope: Mapping[str, Any]) -> Range | None:
    """The Range that the client asked for (`units`, `ranges`), `None` if it asked for none."""
    offer = offer_of(scope)
    return offer.range if offer is not None else None


def hand_over(scope: Mapping[str, Any], source: Handed) -> None:
    """Give the middleware a source of the response body: a path or a `Source`.

    To be called before the response starts, from any view; the view then answers 200 with
    the fields it wants and an empty body, which is discarded. A relative path is resolved
    now. `RuntimeError` if no `RangeMiddleware` takes part in this request: it is not
    installed, skips this request, or the method is neither GET nor HEAD.
    """
    offer = offer_of(scope)
    if offer is None:
        raise RuntimeError(
            "nobody takes this source: RangeMiddleware is not wrapped round the app, skips "
            f"this request, or does not take part in {scope.get('method', scope.get('type'))}"
        )
    if isinstance(source, (str, PathLike)):
        offer.source = abspath(fspath(source))
    else:
        offer.source = source
