"""A relay before a server that cuts one response in its middle, as a network does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from support.servers import HOST

__all__ = ["Relay", "cutting"]

_NEVER = 1 << 62


@dataclass
class Relay:
    """The relay's `port`, and the Range and If-Range lines of requests for the `target`."""

    port: int
    target: bytes
    after: int  # bytes of the first response for the target
    asked: list[list[str]] = field(default_factory=list)


@contextmanager
def cutting(port: int, target: str, after: int) -> Iterator[Relay]:
    """Relay to the server at `port`; the first response for `target` is cut `after` some bytes."""
    with socket.create_server((HOST, 0)) as listener:
        relay = Relay(listener.getsockname()[1], f"GET {target} ".encode(), after)
        accepting = threading.Thread(target=_accept, args=(listener, port, relay), daemon=True)
        accepting.start()
        yield relay
        listener.shutdown(socket.SHUT_RDWR)  # so that `accept` returns
    accepting.join(10)


def _accept(listener: socket.socket, port: int, relay: Relay) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            server = socket.create_connection((HOST, port))
            connection = _Connection(client, server, relay)
            threading.Thread(target=connection.requests, daemon=True).start()
            threading.Thread(target=connection.responses, daemon=True).start()


class _Connection:
    """One connection of a client. A request comes in one piece, as browsers send it."""

    def __init__(self, client: socket.socket, server: socket.socket, relay: Relay) -> None:
        self._client, self._server, self._relay = client, server, relay
        self._left = _NEVER

    def requests(self) -> None:
        with self._server, suppress(OSError):
            while data := self._client.recv(1 << 16):
                if data.startswith(self._relay.target):
                    if not self._relay.asked:
                        self._left = self._relay.after
                    lines = data.decode("latin-1").split("\r\n")
                    kept = [each for each in lines if each.startswith(("Range:", "If-Range:"))]
                    self._relay.asked.append(kept)
                self._server.sendall(data)

    def responses(self) -> None:
        with self._client, suppress(OSError):
            while self._left > 0 and (data := self._server.recv(1 << 16)):
                self._client.sendall(data[: self._left])
                self._left -= len(data)
            self._client.shutdown(socket.SHUT_RDWR)
