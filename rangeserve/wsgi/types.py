"""The types of WSGI (PEP 3333), as loose as frameworks need them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Environ", "StartResponse", "WSGIApp"]

Environ = dict[str, Any]
"""The CGI variables of one request, and what servers and middleware add to them."""

StartResponse = Callable[..., Any]
"""Called with a status line, a list of fields and perhaps an `exc_info`; gives `write`."""

WSGIApp = Callable[..., Any]
"""Called with an `Environ` and a `StartResponse`; gives an iterable of bytes."""
