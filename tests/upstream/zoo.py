"""An HTTP server on loopback that answers as it is told, well or badly, octet by octet."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Union

from support.servers import HOST

from rangeserve.core import parse_range, resolve

ETAG = '"v1"'
DATE = "Wed, 21 Oct 2015 07:28:00 GMT"

# What is sent: octets, or the seconds to wait before what follows.
Piece = Union[bytes, float]


@dataclass
class Asked:
    """A request: field names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]


Animal = Callable[[Asked], Iterable[Piece]]


@dataclass
class Zoo:
    """The server that listens; `asked` are the requests so far, `sent` the octets of answers."""

    port: int
    animal: Animal
    asked: list[Asked] = field(default_factory=list)
    sent: int = 0
    closing: threading.Event = field(default_factory=threading.Event)
    connections: int = 0
    open_connections: int = 0

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def ranges(self) -> list[tuple[str, str | None]]:
        return [(each.method, each.headers.get("range")) for each in self.asked]


@contextmanager
def zoo(animal: Animal) -> Iterator[Zoo]:
    """A server on a free port whose `animal` answers each request."""
    listener = socket.create_server((HOST, 0))
    listener.settimeout(0.05)
    server = Zoo(listener.getsockname()[1], animal)
    threads: list[threading.Thread] = []

    def accept() -> None:
        while not server.closing.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            server.connections += 1
            thread = threading.Thread(target=_talk, args=(server, connection), daemon=True)
            threads.append(thread)
            thread.start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        server.closing.set()
        listener.close()
        for thread in (accepting, *threads):
            thread.join(10)


def _talk(server: Zoo, connection: socket.socket) -> None:
    connection.settimeout(0.05)
    server.open_connections += 1
    with connection:
        # Little is under way: what was sent is about what the client has read.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
        try:
            while (asked := _read(server, connection)) is not None:
                server.asked.append(asked)
                for piece in server.animal(asked):
                    if isinstance(piece, bytes):
                        _send(server, connection, piece)
                    elif server.closing.wait(piece):
                        return
        except ConnectionError:
            pass
        finally:
            server.open_connections -= 1


def _read(server: Zoo, connection: socket.socket) -> Asked | None:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        try:
            octet = connection.recv(1)
        except TimeoutError:
            if server.closing.is_set():
                return None
            continue
        if not octet:
            return None
        head += octet
    line, *fields = head.decode("latin-1").strip().split("\r\n")
    method, target, _ = line.split(" ")
    pairs = [each.partition(":") for each in fields]
    return Asked(method, target, {name.lower(): value.strip() for name, _, value in pairs})


def _send(server: Zoo, connection: socket.socket, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        try:
            done = connection.send(view)
        except TimeoutError:
            if server.closing.is_set():
                raise ConnectionError("the test is over") from None
            continue
        server.sent += done
        view = view[done:]


# Answers


def head(status: int, fields: Mapping[str, object], reason: str = "Any") -> bytes:
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join([f"HTTP/1.1 {status} {reason}", *lines, "", ""]).encode("latin-1")


def answer(asked: Asked, status: int, body: bytes, fields: Mapping[str, object]) -> list[bytes]:
    """A response as it should be; a field that is `None` is left out."""
    framed = {"Content-Length": len(body), **fields}
    return [head(status, framed)] + ([] if asked.method == "HEAD" else [body])


def good(content: bytes, **changes: object) -> Animal:
    """A server that answers ranges and If-Match as it should, but for the fields in `changes`."""

    def animal(asked: Asked) -> Iterable[Piece]:
        facts = {"ETag": ETAG, "Last-Modified": DATE, "Content-Type": "video/mp4"}
        facts |= {name.replace("_", "-"): value for name, value in changes.items()}
        if_match = asked.headers.get("if-match")
        if if_match is not None and if_match != facts["ETag"]:
            return answer(asked, 412, b"", {})
        range_field = asked.headers.get("range")
        if range_field is None or asked.method == "HEAD":
            return answer(asked, 200, content, facts)
        requested = parse_range(range_field)
        assert requested is not None
        resolved = resolve(requested, len(content))
        if not resolved:
            return answer(asked, 416, b"", {"Content-Range": f"bytes */{len(content)}"})
        ((start, stop),) = resolved
        position = f"bytes {start}-{stop - 1}/{len(content)}"
        return answer(asked, 206, content[start:stop], {"Content-Range": position, **facts})

    return animal
