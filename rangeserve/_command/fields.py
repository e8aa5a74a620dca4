"""`--header`: response fields that the user adds to every response."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from ..core.representation import Field, is_field_value
from ..types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["read_field", "with_fields"]

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 5.6.2
# What a response says of its own framing, content and moment is not the same for every response.
_OWN: Final = frozenset(
    {
        *("accept-ranges", "allow", "connection", "content-encoding", "content-length"),
        *("content-range", "content-type", "date", "etag", "keep-alive", "last-modified"),
        *("location", "retry-after", "te", "trailer", "transfer-encoding", "upgrade"),
        "www-authenticate",
    }
)
# Several lines of these hold together; any other field that is there already is replaced.
_ADDED: Final = frozenset({b"vary", b"content-security-policy", b"set-cookie", b"link"})


def read_field(text: str) -> Field:
    """The field in `NAME: VALUE`, its name in lower case.

    `ValueError` with a sentence if it is none (RFC 9110 5.1, 5.5), or if each response has a
    value of its own for it.
    """
    name, colon, value = text.partition(":")
    value = value.strip(" \t")
    if not colon or _TOKEN.fullmatch(name) is None or not is_field_value(value):
        raise ValueError(f"{text!r} is not NAME: VALUE")
    if name.lower() in _OWN:
        raise ValueError(f"{name} is for each response to say, and not for all of them")
    return name.lower().encode("ascii"), value.encode("latin-1")


def with_fields(app: ASGIApp, fields: Sequence[Field]) -> ASGIApp:
    """The app `app` with `fields`, their names in lower case, in each of its HTTP responses."""
    replaced = {name for name, _ in fields} - _ADDED

    async def amended(scope: Scope, receive: Receive, send: Send) -> None:
        async def amend(message: Message) -> None:
            if message["type"] == "http.response.start":
                own: Iterable[Field] = message.get("headers", ())
                kept = [field for field in own if field[0].lower() not in replaced]
                message = {**message, "headers": [*kept, *fields]}
            await send(message)

        await app(scope, receive, amend if scope["type"] == "http" else send)

    return amended
