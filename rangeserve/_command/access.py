"""`AccessLog`: one line for each request, with the ranges and how the response ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from time import perf_counter
from typing import Final
from urllib.parse import quote

from .._quoting import quoted
from ..core.ranges import ByteRange
from ..errors import ResponseError
from ..events import Event, ResponseFinished
from ..types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["AccessLog", "target_of"]

_MAX_RANGES_SHOWN: Final = 8
_UNQUOTED: Final = "!$&'()*+,/:;=?@%[]~"


class Record:
    """The facts of one request that its line states; `receive` and `send` collect them.

    `client_left`: the server has said so. `is_cancelled`: the app was stopped from outside.
    `failure`: why the response could not be completed, if the app or its source said it.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        """`receive` and `send` are those of the server."""
        self.status: int = 0
        self.bytes_sent: int = 0
        self.event: ResponseFinished | None = None
        self.client_left: bool = False
        self.is_cancelled: bool = False
        self.failure: str | None = None
        self._receive = receive
        self._send = send

    async def receive(self) -> Message:
        """The next message of the server; note whether it is that the client has left."""
        message: Message = await self._receive()
        if message["type"] == "http.disconnect":
            self.client_left = True
        return message

    async def send(self, message: Message) -> None:
        """Send `message` to the server; note the status, and count the bytes of the body."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)
        if message["type"] == "http.response.body":
            self.bytes_sent += len(message.get("body", b""))

    def finish(self, event: ResponseFinished) -> None:
        """Note how the response ended."""
        self.event = event

    @property
    def end(self) -> str | None:
        """How the response ended, if it is not complete.

        A server that is stopped cancels its apps. The middleware takes that for a client that
        has left, since some servers do the same then; but Hypercorn does not.
        """
        if self.event is not None and self.event.finished:
            return None
        if self.is_cancelled and not self.client_left:
            return "cut off"
        if self.event is None:  # no start was sent: of a listing, before it was made
            return "the client left" if self.client_left and not self.status else None
        if self.event.client_gone:
            return "the client left"
        return "cut off" if self.failure is None else f"cut off: {quoted(self.failure)}"


_current: ContextVar[Record | None] = ContextVar("rangeserve.access", default=None)


class AccessLog:
    """Writes a line for each HTTP request of an app.

    `observe` must be the observer of the app's `RangeMiddleware`. `write` is called with the
    line of a request when the app returns.
    """

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def observe(self, event: Event) -> None:
        """Note how the response to the current request ended."""
        record = _current.get()
        if record is not None and isinstance(event, ResponseFinished):
            record.finish(event)

    def around(self, app: ASGIApp) -> ASGIApp:
        """The app `app` with its HTTP requests logged."""

        async def logged(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            record = Record(receive, send)
            token = _current.set(record)
            began = perf_counter()
            try:
                await app(scope, record.receive, record.send)
            except BaseException as error:
                record.is_cancelled = not isinstance(error, Exception)
                record.failure = str(error) if isinstance(error, ResponseError) else None
                raise
            finally:
                _current.reset(token)
                self._write(_line(scope, record, perf_counter() - began))

        return logged


def _line(scope: Scope, record: Record, seconds: float) -> str:
    """The line: client, method, target, status, ranges, bytes sent, time, and remarks."""
    client = str((scope.get("client") or ("-",))[0])  # of a proxy's field, if the app reads that
    event = record.event
    end = record.end
    status = str(record.status or ("-" if end else 500))  # the server answers a failure by a 500
    words = [_quote(client), _quote(scope["method"]), target_of(scope), status]
    remarks: list[str] = []
    if event is not None:
        if event.status == 206:
            words += ["bytes", f"{_ranges(event.ranges)}/{event.complete_length}"]
        if event.reason is not None:
            remarks.append(f"Range not honoured: {event.reason.value}")
    if end is not None:
        remarks.append(end)
    words += [f"{record.bytes_sent} B", f"{seconds * 1000:.1f} ms"]
    return "; ".join([" ".join(words), *remarks])


def target_of(scope: Scope) -> str:
    """The path and the query, percent-encoded so that a terminal or a log does not act on them.

    The user information in a URL, as a proxy would be sent one, is left out.
    """
    raw: bytes | None = scope.get("raw_path")
    path = raw.partition(b"?")[0] if raw is not None else scope["path"].encode("utf-8", "replace")
    query: bytes = scope.get("query_string") or b""
    return quoted(_quote(path + b"?" + query if query else path))


def _quote(text: str | bytes) -> str:
    """A word of the line: percent-encoded, so that it neither ends a word nor the line."""
    return quote(text, safe=_UNQUOTED)


def _ranges(ranges: Sequence[ByteRange]) -> str:
    """The ranges as in Content-Range: the positions of their first and last bytes."""
    shown = [f"{each.start}-{each.stop - 1}" for each in ranges[:_MAX_RANGES_SHOWN]]
    if len(ranges) > _MAX_RANGES_SHOWN:
        shown.append(f"+{len(ranges) - _MAX_RANGES_SHOWN}")
    return ",".join(shown)
