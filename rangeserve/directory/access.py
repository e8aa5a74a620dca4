"""A line for each request: who, what, which bytes, how much, how long, and why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from time import perf_counter
from typing import Final
from urllib.parse import quote

from ..core.ranges import ByteRange
from ..events import Event, ResponseFinished
from ..types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["AccessLog", "Record", "describe"]

_SHOWN: Final = 8
_PLAIN: Final = "!$&'()*+,/:;=?@%[]~"


class Record:
    """One request on its way. `event` is what the observer was told of it."""

    def __init__(self) -> None:
        self.status = 0
        self.bytes_sent = 0
        self.event: ResponseFinished | None = None


_current: ContextVar[Record | None] = ContextVar("rangeserve.access", default=None)


class AccessLog:
    """Wrap an app whose `RangeMiddleware` has `observe` as its observer.

    `write` is called with the line of a request when its response is over.
    """

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def observe(self, event: Event) -> None:
        """The observer: remembers how the current request ended."""
        record = _current.get()
        if record is not None and isinstance(event, ResponseFinished):
            record.event = event

    def around(self, app: ASGIApp) -> ASGIApp:
        """The app, its HTTP requests logged."""

        async def logged(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            record = Record()
            token = _current.set(record)
            began = perf_counter()

            async def counted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    record.status = message["status"]
                await send(message)
                if message["type"] == "http.response.body":
                    record.bytes_sent += len(message.get("body", b""))

            try:
                await app(scope, receive, counted)
            finally:
                _current.reset(token)
                self._write(describe(scope, record, perf_counter() - began))

        return logged


def describe(scope: Scope, record: Record, seconds: float) -> str:
    """The line: client, method, target, status, ranges, bytes sent, time, and remarks."""
    client = (scope.get("client") or ("-",))[0]
    event: ResponseFinished | None = record.event
    words = [client, scope["method"], _target(scope), str(record.status or 500)]
    remarks: list[str] = []
    if event is not None:
        if event.status == 206:
            words += ["bytes", f"{_ranges(event.ranges)}/{event.complete_length}"]
        if event.reason is not None:
            remarks.append(f"Range not honoured: {event.reason.value}")
        if event.client_gone:
            remarks.append("the client left")
        elif not event.finished:
            remarks.append("cut off")
    words += [f"{record.bytes_sent} B", f"{seconds * 1000:.1f} ms"]
    return "; ".join([" ".join(words), *remarks])


def _target(scope: Scope) -> str:
    """The path and query, with nothing in it that a terminal or a log would act upon."""
    raw: bytes | None = scope.get("raw_path")
    path = raw.partition(b"?")[0] if raw is not None else scope["path"].encode("utf-8", "replace")
    query: bytes = scope.get("query_string") or b""
    return quote(path + b"?" + query if query else path, safe=_PLAIN)


def _ranges(ranges: Sequence[ByteRange]) -> str:
    """As in Content-Range: positions of the first and the last byte."""
    shown = [f"{each.start}-{each.stop - 1}" for each in ranges[:_SHOWN]]
    if len(ranges) > _SHOWN:
        shown.append(f"+{len(ranges) - _SHOWN}")
    return ",".join(shown)
