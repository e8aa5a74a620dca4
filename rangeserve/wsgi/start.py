"""`Start`: what the app said to `start_response`, as a message and back."""

from __future__ import annotations

from http.client import responses
from typing import Any, Final

from .._asgi.messages import START
from ..core.representation import Field
from ..errors import ResponseError
from ..types import Message

__all__ = ["Start"]

_BODYLESS: Final = frozenset({204, 304})
# wsgiref.validate asks for the field, also of a response without a body.
_OWN_TYPE: Final = ("Content-Type", "text/plain; charset=utf-8")


class Start:
    """One call of `start_response`: the status line and the fields, and perhaps an `exc_info`."""

    __slots__ = ("_exc_info", "_fields", "_headers", "_line", "status")

    def __init__(self, line: str, headers: list[tuple[str, str]], exc_info: Any) -> None:
        if not (line[:3].isascii() and line[:3].isdigit()):
            raise ResponseError(f"the app's status line has no status: {line!r}")
        self.status: int = int(line[:3])
        self._line = line
        self._headers = list(headers)
        self._fields: list[Field] = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers
        ]
        self._exc_info = exc_info

    @property
    def fields(self) -> list[Field]:
        """The fields as pairs of bytes, as a message has them."""
        return self._fields

    def has_field(self, name: str) -> bool:
        """Whether there is a field of this `name`, which is in lower case."""
        return _has_field(self._headers, name)

    def know_size(self, size: int) -> None:
        """Add the Content-Length that a server would add: of a body of `size` bytes."""
        has_body = self.status >= 200 and self.status not in _BODYLESS
        if has_body and not self.has_field("content-length"):
            self._headers.append(("Content-Length", str(size)))
            self._fields.append((b"content-length", b"%d" % size))

    def message(self) -> Message:
        """The message that an ASGI app would send."""
        return {"type": START, "status": self.status, "headers": self._fields}

    def arguments(self, message: Message) -> tuple[Any, ...]:
        """The arguments of the server's `start_response` for the `message` that is to be sent."""
        status, headers = message["status"], self._headers
        line = self._line
        if status != self.status:
            line = f"{status} {responses.get(status, 'Unknown')}"
        if message["headers"] is not self._fields:
            headers = [
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in message["headers"]
            ]
        if (
            status != self.status
            and status not in (206, 304)
            and not _has_field(headers, "content-type")
        ):
            headers.append(_OWN_TYPE)
        return (line, headers, self._exc_info) if self._exc_info else (line, headers)


def _has_field(headers: list[tuple[str, str]], name: str) -> bool:
    return any(each.lower() == name for each, _ in headers)
