"""The scope that the wrapped app sees: a copy in which ranges do not exist."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from .handover import EXTENSION, Offer
from .request import Request

__all__ = ["accepts_coding", "inner_scope"]

_PATHSEND: Final = "http.response.pathsend"
_ZEROCOPYSEND: Final = "http.response.zerocopysend"
_HIDDEN: Final = frozenset({b"range", b"if-range"})
_ACCEPT_ENCODING: Final = b"accept-encoding"
_LENGTH: Final = len(_ACCEPT_ENCODING)
_NEWEST: Final = "2.3"
_REMEMBERED: Final = 256  # octets of an Accept-Encoding value
_TODAYS: Final = frozenset({None, "2.0", "2.1", "2.2", _NEWEST})


def inner_scope(
    scope: Mapping[str, Any], request: Request | None, offer: Offer
) -> tuple[dict[str, Any], bool]:
    """The scope for the app, and whether the server itself offers pathsend.

    Range and If-Range are hidden, pathsend is offered (unless compression would then be
    lost), zerocopysend is not. The server's own objects are never changed.
    """
    headers = scope["headers"]
    offered = scope.get("extensions")
    ranged = request is not None and (request.range is not None or request.if_range is not None)
    extensions: dict[str, Any] = {**offered, EXTENSION: offer} if offered else {EXTENSION: offer}
    # Servers that offer both (anycorn 0.20) write to the socket past asyncio, and cut what
    # does not fit into its buffer.
    zerocopysend = extensions.pop(_ZEROCOPYSEND, None)
    native_pathsend = _PATHSEND in extensions and zerocopysend is None
    # Frameworks do not compress a file that is handed over as a path: not to be offered
    # where the client would take it compressed.
    if ranged or not _accepts_coding(headers):
        extensions[_PATHSEND] = {}
    inner = {**scope, "extensions": extensions}
    if ranged:
        inner["headers"] = [field for field in headers if field[0].lower() not in _HIDDEN]
    asgi: Mapping[str, object] = scope.get("asgi") or {}
    version = asgi.get("spec_version")
    if version not in _TODAYS and _is_newer(version):
        # From 2.4 on, frameworks wait for `send` to raise instead of listening, and then
        # lose what they had to do after the response.
        inner["asgi"] = {**asgi, "spec_version": _NEWEST}
    return inner, native_pathsend


def _is_newer(version: object) -> bool:
    """Whether a version that is not one of today's is newer than 2.3; if in doubt, yes."""
    try:
        return [int(part) for part in str(version).split(".")] > [2, 3]
    except ValueError:
        return True


def _accepts_coding(headers: Any) -> bool:
    for name, value in headers:
        if len(name) == _LENGTH and name.lower() == _ACCEPT_ENCODING:
            read = _remembered if len(value) <= _REMEMBERED else accepts_coding
            if read(value):
                return True
    return False


def accepts_coding(value: bytes) -> bool:
    """Whether an Accept-Encoding value (RFC 9110 12.5.3) admits a coding beside identity."""
    for element in value.lower().split(b","):
        coding, *parameters = (part.strip() for part in element.split(b";"))
        if coding in (b"", b"identity"):
            continue
        refused = any(
            part.startswith(b"q=") and not part[2:].strip(b"0. \t") for part in parameters
        )
        if not refused:
            return True
    return False


_remembered = lru_cache(maxsize=256)(accepts_coding)
