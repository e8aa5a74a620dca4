"""HTTP/1.1 over a plain socket: exact bytes out, and an answer that is checked for framing."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass, field

HOST = "127.0.0.1"


class Truncated(Exception):
    """The body ended before its Content-Length, or before its last chunk."""


@dataclass
class Response:
    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    def get(self, name: str) -> str | None:
        values = self.all(name)
        assert len(values) < 2, f"{name} came {len(values)} times"
        return values[0] if values else None

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        assert value is not None, f"no {name} in {self.headers}"
        return value


class Connection:
    """One kept-alive connection."""

    def __init__(self, port: int, timeout: float = 20.0) -> None:
        self.socket = socket.create_connection((HOST, port), timeout=timeout)
        self._buffer = b""

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def request(
        self, method: str, target: str, headers: Iterable[tuple[str, str]] = ()
    ) -> Response:
        self.send(method, target, headers)
        return self.read(method)

    def send(self, method: str, target: str, headers: Iterable[tuple[str, str]] = ()) -> None:
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in headers]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def read(self, method: str = "GET") -> Response:
        response = self.read_head()
        if method != "HEAD" and response.status not in (204, 304):
            response.body = self._read_body(response)
        return response

    def read_head(self) -> Response:
        while True:
            head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            status = int(head[0].split(" ", 2)[1])
            if status >= 200:
                break
        response = Response(status)
        for line in head[1:]:
            name, _, value = line.partition(":")
            response.headers.append((name.lower(), value.strip(" \t")))
        return response

    def take(self, count: int) -> bytes:
        blocks, held = [self._buffer], len(self._buffer)
        while held < count:
            block = self.socket.recv(1 << 18)
            if not block:
                raise Truncated(f"{count - held} bytes are missing")
            blocks.append(block)
            held += len(block)
        joined = b"".join(blocks)
        taken, self._buffer = joined[:count], joined[count:]
        return taken

    def rest(self) -> bytes:
        """What still comes until the server closes the connection."""
        while block := self.socket.recv(1 << 18):
            self._buffer += block
        taken, self._buffer = self._buffer, b""
        return taken

    def _read_body(self, response: Response) -> bytes:
        if "chunked" in (response.get("transfer-encoding") or ""):
            body = b""
            while size := int(self._until(b"\r\n").split(b";")[0], 16):
                body += self.take(size)
                self.take(2)
            while self._until(b"\r\n"):
                pass
            return body
        length = response.get("content-length")
        if length is not None:
            return self.take(int(length))
        return self.rest()

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            block = self.socket.recv(1 << 18)
            if not block:
                raise Truncated(f"closed before {mark!r}; got {self._buffer[:80]!r}")
            self._buffer += block
        head, _, self._buffer = self._buffer.partition(mark)
        return head


def fetch(
    port: int, target: str = "/", headers: Iterable[tuple[str, str]] = (), method: str = "GET"
) -> Response:
    """One request on a connection of its own."""
    with Connection(port) as connection:
        return connection.request(method, target, [*headers, ("Connection", "close")])
