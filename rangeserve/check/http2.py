"""`exchange_http2`: one request and its response over HTTP/2, by h2."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import anyio
import h2.config
import h2.connection
import h2.events
import h2.exceptions
from anyio.abc import ByteStream
from anyio.streams.tls import TLSAttribute

from ..core.representation import Field
from .answers import Answer, NoAnswer, Reply
from .budget import Budget

__all__ = ["exchange_http2"]

_BLOCK = 16 * 1024
_OF_HTTP_1 = frozenset({"host", "connection"})


async def exchange_http2(
    stream: ByteStream,
    method: str,
    target: str,
    authority: str,
    fields: Sequence[tuple[str, str]],
    *,
    most: int,
    timeout: float,
    budget: Budget,
) -> Reply:
    """Send a request and receive its response, of whose body at most `most` bytes are read.

    `timeout` is in seconds, for each wait, and four times that for all of them. A `NoAnswer` if
    the server did not choose HTTP/2.
    """
    if stream.extra(TLSAttribute.alpn_protocol, None) != "h2":
        return NoAnswer("HTTP/2 is not offered")
    config = h2.config.H2Configuration(client_side=True, header_encoding=None)
    connection = h2.connection.H2Connection(config)
    connection.initiate_connection()
    pseudo = [(":method", method), (":scheme", "https"), (":authority", authority)]
    own = [(name.lower(), value) for name, value in fields if name.lower() not in _OF_HTTP_1]
    pairs = [
        (name.encode("ascii"), value.encode("latin-1"))
        for name, value in (*pseudo, (":path", target), *own)
    ]
    connection.send_headers(1, pairs, end_stream=True)
    received = _Received(most)
    deadline = anyio.current_time() + 4 * timeout
    try:
        while not received.ended and len(received.body) < most:
            with anyio.fail_after(min(timeout, deadline - anyio.current_time())):
                await stream.send(connection.data_to_send())
                block = await stream.receive(max(min(_BLOCK, budget.left), 1))
            budget.received += len(block)
            for event in connection.receive_data(block):
                received.note(event, connection)
    except TimeoutError:
        return NoAnswer("no answer came in time over HTTP/2")
    except (anyio.EndOfStream, anyio.BrokenResourceError, h2.exceptions.ProtocolError):
        received.trouble = "the HTTP/2 connection ends before the response is complete"
    return received.reply()


class _Received:
    """What has come of one response."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._since = time.monotonic()
        self._seconds: float | None = None
        self._fields: list[Field] = []
        self.body = bytearray()
        self.ended = False
        self.trouble: str | None = None

    def note(self, event: Any, connection: h2.connection.H2Connection) -> None:
        if isinstance(event, h2.events.ResponseReceived):
            self._fields = [(bytes(name), bytes(value)) for name, value in event.headers or ()]
        elif isinstance(event, h2.events.DataReceived):
            self._note_time()
            self.body += event.data or b""
            length = event.flow_controlled_length or 0
            if length:
                connection.acknowledge_received_data(length, 1)
        elif isinstance(event, h2.events.StreamEnded):
            self.ended = True
        elif isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)):
            self.ended = True
            self.trouble = "the server resets the HTTP/2 stream"

    def _note_time(self) -> None:
        if self._seconds is None:
            self._seconds = time.monotonic() - self._since

    def reply(self) -> Reply:
        self._note_time()
        status = next((value for name, value in self._fields if name == b":status"), None)
        if status is None:
            return NoAnswer("no response comes over HTTP/2")
        cut = not self.ended
        return Answer(
            int(status),
            tuple(field for field in self._fields if not field[0].startswith(b":")),
            bytes(self.body[: self._most]),
            complete=not cut and self.trouble is None,
            cut=cut and self.trouble is None,
            trouble=self.trouble,
            seconds=self._seconds or 0.0,
            http_version="2",
        )
