"""The scope that the wrapped app sees: a copy in which ranges do not exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from ..core.representation import Field
from ..core.request import Request
from ..handover import EXTENSION, Handover
from .messages import PATHSEND, ZEROCOPYSEND

__all__ = ["accepts_coding", "make_app_scope"]

_HIDDEN: Final = frozenset({b"range", b"if-range"})
_ACCEPT_ENCODING: Final = b"accept-encoding"
_NAME_LENGTH: Final = len(_ACCEPT_ENCODING)
_NEWEST_VERSION: Final = "2.3"
_KNOWN_VERSIONS: Final = frozenset({None, "2.0", "2.1", "2.2", _NEWEST_VERSION})
_MAX_CACHED_OCTETS: Final = 256  # of an Accept-Encoding value


def make_app_scope(
    scope: Mapping[str, Any], request: Request | None, handover: Handover
) -> tuple[dict[str, Any], bool]:
    """The scope for the app, and whether the server itself offers pathsend.

    Range and If-Range are hidden, pathsend is offered (unless compression would then be
    lost), zerocopysend is not. The server's own objects are never changed.
    """
    headers = scope["headers"]
    offered = scope.get("extensions")
    ranged = request is not None and (request.range is not None or request.if_range is not None)
    extensions: dict[str, Any] = {**(offered or {}), EXTENSION: handover}
    # Servers that offer both (anycorn 0.20) write to the socket past asyncio, and cut what
    # does not fit into its buffer.
    zerocopysend = extensions.pop(ZEROCOPYSEND, None)
    native_pathsend = PATHSEND in extensions and zerocopysend is None
    # Frameworks do not compress a file that they send by its path: pathsend is not to be
    # offered where the client would take the file compressed.
    if ranged or not _accepts_any_coding(headers):
        extensions[PATHSEND] = {}
    app_scope = {**scope, "extensions": extensions}
    if ranged:
        app_scope["headers"] = [field for field in headers if field[0].lower() not in _HIDDEN]
    asgi: Mapping[str, object] = scope.get("asgi") or {}
    version = asgi.get("spec_version")
    if version not in _KNOWN_VERSIONS and _is_newer(version):
        # From 2.4 on, frameworks wait for `send` to raise instead of listening, and then
        # lose what they had to do after the response.
        app_scope["asgi"] = {**asgi, "spec_version": _NEWEST_VERSION}
    return app_scope, native_pathsend


def _is_newer(version: object) -> bool:
    """Whether a version that is not a known one is newer than 2.3; if in doubt, it is."""
    try:
        return [int(part) for part in str(version).split(".")] > [2, 3]
    except ValueError:
        return True


def _accepts_any_coding(headers: Iterable[Field]) -> bool:
    for name, value in headers:
        if len(name) == _NAME_LENGTH and name.lower() == _ACCEPT_ENCODING:
            read = _cached if len(value) <= _MAX_CACHED_OCTETS else accepts_coding
            if read(value):
                return True
    return False


def accepts_coding(value: bytes) -> bool:
    """Whether an Accept-Encoding value (RFC 9110 12.5.3) admits a coding beside identity."""
    for element in value.lower().split(b","):
        coding, *parameters = (part.strip() for part in element.split(b";"))
        if coding in (b"", b"identity"):
            continue
        is_refused = any(
            part.startswith(b"q=") and not part[2:].strip(b"0. \t") for part in parameters
        )
        if not is_refused:
            return True
    return False


_cached = lru_cache(maxsize=256)(accepts_coding)
