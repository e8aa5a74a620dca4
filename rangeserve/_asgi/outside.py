"""`Outside`: whether a layer round the middleware compresses, where it must not be."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from types import FunctionType, MethodType
from typing import Any, Final

from ..core.representation import Field
from ..core.request import accepts_coding

__all__ = ["Outside"]

_MAX_LAYERS: Final = 32
_COMPRESSES: Final = re.compile("gzip|brotli|zstd|(?<!de)compress|deflate", re.IGNORECASE)
_logger: Final = logging.getLogger("rangeserve")


class Outside:
    """Looks once at the layers outside, and logs one that seems to compress.

    Such a layer gives one strong ETag to two codings, and compresses parts. What it sends never
    comes back, so it is known by its name: that of its module, class or function, through which
    `send` leads. It need not be in the way of a client that accepts no coding, so the first
    request that does is the one that counts.
    """

    def __init__(self) -> None:
        self._has_looked = False

    def look(self, request_fields: Iterable[Field], send: Callable[..., object]) -> None:
        """Look at the layers that `send` leads through, if the request accepts a coding."""
        if self._has_looked or not accepts_coding(request_fields):
            return
        self._has_looked = True
        found: str | None = None
        with suppress(Exception):  # these are strangers' objects, and this is only a hint
            found = next(filter(_COMPRESSES.search, _layers(send)), None)
        if found is not None:
            _logger.warning(
                "%s is outside of RangeMiddleware and seems to compress: put it inside, else "
                "parts are compressed after they are cut, or two codings share one ETag",
                found,
            )


def _layers(send: Any) -> Iterator[str]:
    """The names of the callables that `send` leads through, from the inside to the outside."""
    for _ in range(_MAX_LAYERS):
        if isinstance(send, MethodType):
            owner: Any = send.__self__
            yield f"{type(owner).__module__}.{type(owner).__qualname__}"
            further = getattr(owner, "send", None)
            send = None if getattr(further, "__self__", None) is owner else further
        elif isinstance(send, FunctionType):
            yield f"{send.__module__}.{send.__qualname__}".partition(".<locals>")[0]
            send = _enclosed(send)
        elif isinstance(send, partial):
            inner = _named_send(send.keywords)
            yield from _layers(send.func)
            send = inner
        else:
            return


def _enclosed(function: FunctionType) -> Any:
    """The `send` that a nested function was made with."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    found: dict[str, Any] = {}
    for name, cell in cells:
        with suppress(ValueError):  # a cell without content
            found[name] = cell.cell_contents
    return _named_send(found)


def _named_send(values: Mapping[str, Any]) -> Any:
    """The first callable among `values` whose name is that of a `send`."""
    return next((each for name, each in values.items() if "send" in name and callable(each)), None)
