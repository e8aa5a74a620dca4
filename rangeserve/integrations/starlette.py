"""Starlette and FastAPI: `FileResponse` and `StaticFiles` hand over their file.

    RangeServe(app)

is `app.add_middleware(RangeMiddleware)`, as one name with the same options as in the other
integrations. Whoever adds the `RangeMiddleware` has the files handed over, too.
"""

from __future__ import annotations

from collections.abc import Callable

from .._checks import check_kind
from .._requires import require
from ..core.limits import Limits
from ..events import Observer
from ..middleware import RangeMiddleware
from ..sources.etags import EtagMaker, stat_etag
from ..types import Scope

__all__ = ["RangeServe"]

require("Starlette", "0.47", extra="starlette")

from starlette.applications import Starlette


class RangeServe:
    """Add a `RangeMiddleware` to `app`, outside of all middlewares that it has so far.

    `limits`, `skip`, `etag` and `observer` are those of `RangeMiddleware`; `limits=None` stands
    for `Limits()`. If the app has a `RangeMiddleware` already, nothing is done. `TypeError` for
    what is neither a `Starlette` nor a `FastAPI` app.
    """

    def __init__(
        self,
        app: Starlette,
        *,
        limits: Limits | None = None,
        skip: Callable[[Scope], object] | None = None,
        etag: EtagMaker | None = stat_etag,
        observer: Observer | None = None,
    ) -> None:
        check_kind(app, Starlette, "RangeServe(app)")
        own: object = RangeMiddleware
        if any(entry.cls is own for entry in app.user_middleware):
            return
        app.add_middleware(
            RangeMiddleware,
            limits=limits if limits is not None else Limits(),
            skip=skip,
            etag=etag,
            observer=observer,
        )
