"""A right server, and switches that break it: each fault changes one thing of its answers.

The server decides by `rangeserve.core`, so what is right is not written down here again. It is a
plain socket in a thread, because a fault may be of the framing, which no library would send.
"""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Union

from support.content import numbered

from rangeserve.core import (
    Limits,
    Request,
    Slicer,
    Whole,
    advertise,
    make_plan,
    read_representation,
    read_request,
    select,
)

MODIFIED = 1_700_000_000
NOW = 1_800_000_000


def box(kind: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4, "big") + kind + content


FTYP, MOOV = box(b"ftyp", b"isom\0\0\0\0isom"), box(b"moov", bytes(range(200)))
# The index in front, and bytes that are nowhere the same for a thousand bytes.
MOVIE = FTYP + MOOV + box(b"mdat", numbered(99_000))


@dataclass(frozen=True)
class Asked:
    """One request as the server sees it; `number` counts the connections."""

    method: str
    path: str
    fields: dict[str, str]
    number: int

    @property
    def range(self) -> str | None:
        return self.fields.get("range")

    @property
    def specs(self) -> str:
        """What stands behind `bytes=`."""
        return (self.range or "").removeprefix("bytes=")


@dataclass(frozen=True)
class Said:
    """One response: `body` goes out as it is, whatever the fields say."""

    status: int
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key.lower() == name.lower()), None)

    def without(self, *names: str) -> Said:
        lowered = {name.lower() for name in names}
        kept = tuple(each for each in self.fields if each[0].lower() not in lowered)
        return replace(self, fields=kept)

    def having(self, name: str, value: str) -> Said:
        """With the field in place of others of its name."""
        return self.without(name).adding(name, value)

    def adding(self, name: str, value: str) -> Said:
        return replace(self, fields=(*self.fields, (name, value)))

    def carrying(self, body: bytes) -> Said:
        return replace(self, body=body).having("Content-Length", str(len(body)))

    def wire(self) -> bytes:
        lines = [
            f"HTTP/1.1 {self.status} Said",
            *(f"{name}: {value}" for name, value in self.fields),
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


@dataclass
class Right:
    """What a right server says of `body`. A fault may be another `body`, or other `fields`."""

    body: bytes = MOVIE
    fields: dict[str, str] = field(
        default_factory=lambda: {
            "Content-Type": "video/mp4",
            "ETag": '"v1"',
            "Last-Modified": formatdate(MODIFIED, usegmt=True),
            "Cache-Control": "public, max-age=60",
            "Vary": "Accept-Encoding, Origin",
        }
    )
    codes: bool = True
    cors: bool = True
    limits: Limits = field(default_factory=Limits)

    def __call__(self, asked: Asked) -> Said:
        if asked.method == "OPTIONS":
            said = Said(204, (("Access-Control-Allow-Headers", "Range, If-Range"),))
        elif asked.method in ("GET", "HEAD"):
            said = self._answer(asked)
        else:
            said = Said(405).carrying(b"")
        said = said.having("Date", formatdate(NOW + asked.number, usegmt=True))
        if self.cors and "origin" in asked.fields:
            said = said.having("Access-Control-Allow-Origin", "*").having(
                "Access-Control-Expose-Headers", "Accept-Ranges, Content-Range, ETag"
            )
        return said

    def _answer(self, asked: Asked) -> Said:
        fields = [*self.fields.items(), ("Content-Length", str(len(self.body)))]
        pairs = [(name.encode(), value.encode("latin-1")) for name, value in fields]
        sent = [(name.encode(), value.encode("latin-1")) for name, value in asked.fields.items()]
        request = read_request(asked.method, sent, self.limits) or Request(asked.method)
        representation = read_representation(pairs)
        selection = select(request, representation, self.limits, NOW)
        if isinstance(selection, Whole):
            whole = _said(200, advertise(pairs), self.body)
            if self.codes and "gzip" in asked.fields.get("accept-encoding", "") and not asked.range:
                coded = whole.having("Content-Encoding", "gzip").having("ETag", '"v1-gzip"')
                whole = coded.without("Accept-Ranges").carrying(gzip.compress(self.body, 1))
            return replace(whole, body=b"") if asked.method == "HEAD" else whole
        plan = make_plan(selection, representation)
        return _said(plan.status, plan.headers, b"".join(Slicer(plan.segments).feed(self.body)))


def _said(status: int, fields: list[tuple[bytes, bytes]], body: bytes) -> Said:
    return Said(status, tuple((n.decode(), v.decode("latin-1")) for n, v in fields), body)


# What goes onto the wire for a request: `None` closes the connection.
Reply = Union[Said, bytes, None]
Fault = Callable[[Asked, Said], Reply]


def no_fault(asked: Asked, said: Said) -> Reply:
    return said


class Server:
    """Listens on a free port of loopback, and answers each connection once.

    `requests` are those that came; `sent` counts the bytes that the clients took.
    """

    def __init__(self, right: Callable[[Asked], Said], fault: Fault = no_fault) -> None:
        self._right = right
        self._fault = fault
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/film.mp4"
        self.requests: list[Asked] = []
        self.sent = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:  # it is closed
                return
            with connection, suppress(OSError):
                connection.settimeout(20)
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            block = connection.recv(65536)
            if not block:
                return
            head += block
        first, *lines = head.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ")
        fields = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        asked = Asked(method, path, fields, len(self.requests))
        self.requests.append(asked)
        reply = self._fault(asked, self._right(asked))
        if reply is not None:
            data = reply.wire() if isinstance(reply, Said) else reply
            for start in range(0, len(data), 65536):
                connection.sendall(data[start : start + 65536])
                self.sent += len(data[start : start + 65536])
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(1)  # a client that keeps connections leaves late
            while connection.recv(65536):  # until the client leaves, so that nothing is reset
                pass

    def close(self) -> None:
        # A thread in `accept` hears of the end by one more connection.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(20)


@contextmanager
def serving(right: Callable[[Asked], Said], fault: Fault = no_fault) -> Iterator[Server]:
    server = Server(right, fault)
    try:
        yield server
    finally:
        server.close()
