"""`exchange`: one request and its response over a stream, by h11, with the raw lines kept.

h11 frames the messages. What it joins or forgives (repeated lines, a Content-Length beside
chunks) stays visible, because the head is also kept as it came.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any, Final

import anyio
import h11
from anyio.abc import ByteStream

from ..core.representation import Field
from .answers import Answer, NoAnswer, Reply
from .budget import Budget

__all__ = ["exchange"]

_LONGEST_HEAD: Final = 64 * 1024
_BLOCK: Final = 16 * 1024
_FIRST_BLOCK: Final = 4 * 1024
_AFTER_THE_END: Final = 0.2  # seconds in which stray bytes are awaited
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?:[ \r\n]|$)")


async def exchange(
    stream: ByteStream,
    method: str,
    target: str,
    fields: Sequence[tuple[str, str]],
    *,
    most: int,
    timeout: float,
    budget: Budget,
) -> Reply:
    """Send a request and receive its response, of whose body at most `most` bytes are read.

    `timeout` is in seconds, for each wait, and four times that is the most for all of them; what
    has come by then is the answer. A message that is not framed as it says is an `Answer`
    with a `trouble`; a connection that is closed without any byte is a `NoAnswer`.
    """
    reader = _Reader(stream, timeout, budget)
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
    pairs = [(name.encode("ascii"), value.encode("latin-1")) for name, value in fields]
    request = connection.send(h11.Request(method=method, target=target, headers=pairs))
    end = connection.send(h11.EndOfMessage())
    try:
        with anyio.fail_after(timeout):
            await stream.send((request or b"") + (end or b""))
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        pass  # it may have answered all the same
    return await _Receiving(reader, connection, most).reply()


class _Reader:
    """The bytes of a stream, counted; an empty block at its end."""

    def __init__(self, stream: ByteStream, timeout: float, budget: Budget) -> None:
        self._stream = stream
        self._timeout = timeout
        self._deadline = anyio.current_time() + 4 * timeout
        self._budget = budget

    async def read(self, most: int) -> bytes:
        most = min(most, self._budget.left)
        if most <= 0:
            raise _Spent
        try:
            with anyio.fail_after(min(self._timeout, self._deadline - anyio.current_time())):
                block = await self._stream.receive(most)
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            return b""
        self._budget.received += len(block)
        return block


class _Spent(Exception):
    """No more bytes may be received."""


class _Receiving:
    """One response that comes."""

    def __init__(self, reader: _Reader, connection: h11.Connection, most: int) -> None:
        self._reader = reader
        self._connection = connection
        self._most = most
        self._raw = b""  # the heads as they came, until that of the response is complete
        self._status: int | None = None
        self._fields: tuple[Field, ...] = ()
        self._version = "1.1"
        self._body = bytearray()
        self._since = time.monotonic()
        self._seconds: float | None = None

    async def reply(self) -> Reply:
        try:
            return await self._receive()
        except h11.RemoteProtocolError as error:
            return self._broken(str(error))
        except _Spent:
            return self._answer(cut=True) if self._status else NoAnswer("the budget is spent")
        except TimeoutError:
            if self._status is None:
                return NoAnswer("no answer came in time")
            return self._answer(cut=True)

    async def _receive(self) -> Reply:
        while True:
            event: Any = self._connection.next_event()
            if event is h11.NEED_DATA:
                block = await self._reader.read(self._room())
                if self._status is None:
                    self._raw += block
                    if not block and not self._raw:
                        return NoAnswer("the server closed the connection", closed=True)
                self._connection.receive_data(block)
            elif isinstance(event, h11.InformationalResponse):
                self._raw = self._raw.partition(b"\r\n\r\n")[2]
            elif isinstance(event, h11.Response):
                self._read_head(event)
            elif isinstance(event, h11.Data):
                self._note_time()
                self._body += event.data
                if len(self._body) >= self._most and not self._is_over():
                    del self._body[self._most :]
                    return self._answer(cut=True)
            else:  # h11.EndOfMessage, or the server speaks another protocol from now on
                self._note_time()
                return self._answer(trouble=await self._stray() or _trouble_in(self._raw))

    def _room(self) -> int:
        """The bytes to ask for: no more of the body than is wanted."""
        if self._status is None:
            return _FIRST_BLOCK
        # When the body is there, what is left is the end of the chunks, or of the connection.
        return min(_BLOCK, max(self._most - len(self._body), 1))

    def _is_over(self) -> bool:
        """Whether the body has its Content-Length, so that the end of the message comes next."""
        lengths = {value for name, value in self._fields if name.lower() == b"content-length"}
        return lengths == {b"%d" % len(self._body)}

    def _read_head(self, event: h11.Response) -> None:
        self._status = event.status_code
        self._version = event.http_version.decode("ascii")
        head = re.split(rb"\r?\n\r?\n", self._raw, maxsplit=1)[0]
        self._fields = tuple(_lines(head))
        self._raw = head

    def _note_time(self) -> None:
        if self._seconds is None:
            self._seconds = time.monotonic() - self._since

    def _answer(self, *, cut: bool = False, trouble: str | None = None) -> Answer:
        self._note_time()
        return Answer(
            self._status or 0,
            self._fields,
            bytes(self._body),
            complete=not cut and trouble is None,
            cut=cut,
            trouble=trouble,
            seconds=self._seconds or 0.0,
            http_version=self._version,
        )

    def _broken(self, why: str) -> Reply:
        """What can still be said of a message that h11 refuses."""
        if self._status is None:
            found = _STATUS_LINE.match(self._raw)
            if found is None:
                return NoAnswer("what the server sends is no HTTP/1.1")
            self._status = int(found[1])
            self._fields = tuple(_lines(re.split(rb"\r?\n\r?\n", self._raw, maxsplit=1)[0]))
        return self._answer(trouble=_in_words(why))

    async def _stray(self) -> str | None:
        """What is wrong with what comes after the end of the message."""
        stray = self._connection.trailing_data[0]
        if not stray:
            with anyio.move_on_after(_AFTER_THE_END):
                stray = await self._reader.read(_BLOCK)
        return "bytes come after the end of the message" if stray else None


def _in_words(why: str) -> str:
    if "without sending complete message body" in why or "incomplete chunked read" in why:
        return "the body ends before it is complete"
    if "conflicting Content-Length" in why:
        return "two Content-Lengths differ"
    return f"the framing is broken ({why})"


def _trouble_in(head: bytes) -> str | None:
    """What is wrong with the lines of a head, although h11 forgives it."""
    lines = head.split(b"\n")[1:]
    if any(line[:1] in (b" ", b"\t") for line in lines):
        return "a field line is folded"
    return None


def _lines(head: bytes) -> list[Field]:
    """The field lines of a head, each as it came."""
    fields: list[Field] = []
    for line in head.split(b"\n")[1:]:
        name, colon, value = line.rstrip(b"\r").partition(b":")
        if colon:
            fields.append((name, value.strip(b" \t")))
    return fields
