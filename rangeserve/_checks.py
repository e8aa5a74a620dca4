"""What is given to a constructor is checked there: one sentence that says what to give instead.

Each function raises `TypeError` or `ValueError`, and otherwise does nothing. Nothing here is
called for a request.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, cast

from .core.limits import Limits
from .core.validators import parse_entity_tag

__all__ = [
    "check_app",
    "check_etag",
    "check_etag_maker",
    "check_function",
    "check_hooks",
    "check_kind",
    "check_limits",
    "check_size",
    "check_wsgi_app",
    "generates_async",
    "is_async",
    "shown",
]

_EXAMPLE = "Limits(max_ranges=8)"


def check_app(app: object) -> None:
    """Raise `TypeError` unless `app` may be an ASGI app: a callable with three parameters."""
    if not callable(app):
        raise TypeError(f"RangeMiddleware wraps an ASGI app, not {shown(app)}")
    if _takes(app, 3):
        return
    if _takes(app, 2):
        raise TypeError(
            f"RangeMiddleware wraps an ASGI app, and {_name(app)} is a WSGI app: "
            "rangeserve.wsgi.RangeMiddleware wraps it for a WSGI server, and a2wsgi.WSGIMiddleware "
            "or asgiref.wsgi.WsgiToAsgi makes an ASGI app of it"
        )
    if _takes(app, 1):
        raise TypeError(
            f"RangeMiddleware wraps an ASGI 3 app, and {_name(app)} takes the scope alone, as in "
            "ASGI 2: put it into asgiref.compatibility.guarantee_single_callable first"
        )
    raise TypeError(
        f"RangeMiddleware wraps an ASGI app, and {_name(app)} cannot be called with a scope, a "
        "receive and a send"
    )


def check_wsgi_app(app: object) -> None:
    """Raise `TypeError` unless `app` may be a WSGI app: a callable with two parameters."""
    if not callable(app):
        raise TypeError(f"rangeserve.wsgi.RangeMiddleware wraps a WSGI app, not {shown(app)}")
    if _takes(app, 2):
        return
    if _takes(app, 3):
        raise TypeError(
            f"rangeserve.wsgi.RangeMiddleware wraps a WSGI app, and {_name(app)} is an ASGI app: "
            "rangeserve.RangeMiddleware wraps it"
        )
    raise TypeError(
        f"rangeserve.wsgi.RangeMiddleware wraps a WSGI app, and {_name(app)} cannot be called "
        "with an environ and a start_response"
    )


def check_kind(app: object, kind: type, what: str) -> None:
    """Raise `TypeError` unless `app` is a `kind`, the class of a framework's apps."""
    if not isinstance(app, kind):
        raise TypeError(
            f"{what} is for an app of {kind.__name__}, not {shown(app)}; RangeMiddleware(app) "
            "wraps any ASGI app"
        )


def check_limits(limits: object) -> None:
    """Raise `TypeError` unless `limits` is a `Limits`."""
    if not isinstance(limits, Limits):
        raise TypeError(f"limits is a Limits, such as {_EXAMPLE}, not {shown(limits)}")


def check_function(name: str, function: object, instead: str) -> None:
    """Raise `TypeError` unless the option `name` is a function that is not async, or `None`.

    `instead` says, for an async one, what happens and what to do.
    """
    if function is None:
        return
    if not callable(function):
        raise TypeError(f"{name} is a function, not {shown(function)}")
    if is_async(function):
        raise TypeError(f"{name} is called and not awaited, so it must not be async: {instead}")


def check_hooks(body_etag: object, validator: object, too_large: object) -> None:
    """Raise `TypeError` or `ValueError` unless these options of a middleware are valid."""
    if body_etag is not None:
        if isinstance(body_etag, bool) or not isinstance(body_etag, int):
            raise TypeError(f"body_etag is a number of bytes, or None, not {shown(body_etag)}")
        if body_etag < 1:
            raise ValueError("body_etag must be at least 1 byte, or None")
    check_function("validator", validator, "have what it needs ready before the request")
    check_function("too_large", too_large, "make the URL from what it is given")


def check_size(size: object) -> None:
    """Raise `TypeError` or `ValueError` unless `size` is a number of bytes."""
    if isinstance(size, bool) or not isinstance(size, int):
        raise TypeError(f"size is a number of bytes, not {shown(size)}")
    if size < 0:
        raise ValueError("size must not be negative")


def check_etag_maker(etag: object) -> None:
    """Raise `TypeError` unless `etag` is a function of an open file, or `None`."""
    if etag is not None and not callable(etag):
        raise TypeError(
            f"etag is a function that is called with an open file, or None, not {shown(etag)}"
        )


def check_etag(etag: object) -> None:
    """Raise `ValueError` unless `etag` is an entity-tag (RFC 9110 8.8.3), or `None`.

    `TypeError` if it is no text.
    """
    if etag is None:
        return
    if not isinstance(etag, str):
        raise TypeError(f"an entity-tag is text, such as '\"v1\"', not {shown(etag)}")
    if parse_entity_tag(etag) is None:
        plain = etag.removeprefix("W/").strip('"')
        quoted = f'"{plain}"'
        better = f": {quoted!r}" if parse_entity_tag(quoted) else ""
        raise ValueError(f"an entity-tag stands in double quotes{better}, not {etag!r}")


def is_async(function: object) -> bool:
    """Whether a call of `function` gives a coroutine, or would: also of a callable object."""
    if inspect.iscoroutinefunction(function):
        return True
    return inspect.iscoroutinefunction(_call_of(function))


def generates_async(function: object) -> bool:
    """Whether `function` is an async generator function: also of a callable object."""
    return inspect.isasyncgenfunction(function) or inspect.isasyncgenfunction(_call_of(function))


def _call_of(value: object) -> object:
    return inspect.getattr_static(type(value), "__call__", None)


def shown(value: object) -> str:
    """A value in the sentence of an error: short ones as they are, others by their class."""
    if value is None:
        return "None"
    kind = type(value)
    text = repr(value) if kind in (str, bytes, int, bool, dict, list, tuple) else ""
    article = "an" if kind.__name__[0].lower() in "aeiou" else "a"
    return text if text and len(text) <= 40 else f"{article} {kind.__name__}"


def _takes(app: Callable[..., object], number: int) -> bool:
    """Whether `app` can be called with this number of arguments; if in doubt, it can."""
    try:
        signature = inspect.signature(app)
    except Exception:  # a proxy (werkzeug.local) may not be bound yet, and raises what it likes
        return True
    try:
        signature.bind(*[None] * number)
    except TypeError:
        return False
    return True


def _name(app: object) -> str:
    return str(cast("Any", getattr(app, "__qualname__", None)) or shown(app))
