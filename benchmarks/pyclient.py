"""`client.c` in Python, for a machine without a C compiler: the same arguments and output.

It copies every byte into one buffer, so it is slower than the fastest servers.
"""

from __future__ import annotations

import json
import random
import selectors
import socket
import sys
import time
from dataclasses import dataclass

_BUFFER_BYTES = 1 << 20


@dataclass
class Wanted:
    """The arguments; `client.c` explains each of them."""

    port: int = 0
    path: str = "/"
    connections: int = 1
    requests: int = 0
    seconds: float = 10.0
    status: int = 200
    first: int = 0
    last: int = -1
    random: int = 0
    size: int = 0
    pause: int = 0
    rate: int = 0


class Client:
    """The counters that the connections of a run share."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.requests = 0
        self.received = 0
        self.latencies: list[float] = []
        self.buffer = bytearray(_BUFFER_BYTES)

    def more(self) -> bool:
        """Whether another request may be sent."""
        return not self.wanted.requests or self.requests < self.wanted.requests


class Connection:
    """A connection that sends one request after another."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.socket = socket.create_connection(("127.0.0.1", client.wanted.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = b""
        self.remaining: int | None = None  # bytes of the body; `None` before its length is known
        self.read = 0
        self.began = 0.0

    def request(self) -> None:
        """Send the next request."""
        wanted = self.client.wanted
        first, last = wanted.first, wanted.last
        if wanted.random:
            first = random.randrange(wanted.size - wanted.random + 1)
            last = first + wanted.random - 1
        range_line = f"Range: bytes={first}-{last}\r\n" if last >= 0 else ""
        self.head = b""
        self.remaining = None
        self.began = time.perf_counter()
        self.client.requests += 1
        self.socket.sendall(
            f"GET {wanted.path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: benchmarks\r\n"
            f"Accept: */*\r\nAccept-Encoding: identity\r\n{range_line}\r\n".encode()
        )

    def advance(self, most: int) -> bool:
        """Read once, at most `most` bytes of a body; whether the response is complete then."""
        if self.remaining is None:
            block = self.socket.recv(8192)
            self.head += block
            got = len(block)
            head, end, rest = self.head.partition(b"\r\n\r\n")
            if end:
                self.read_head(head, len(rest))
        else:
            view = memoryview(self.client.buffer)[: min(most, self.remaining, _BUFFER_BYTES)]
            got = self.socket.recv_into(view)
            self.remaining -= got
            self.client.received += got
        if not got:
            sys.exit("client: the server closed the connection")
        self.read += got
        return self.remaining is not None and self.remaining <= 0

    def read_head(self, head: bytes, rest: int) -> None:
        """Read the head of a response, after which `rest` bytes of its body have come."""
        lines = head.decode("latin-1").lower().split("\r\n")
        status = int(lines[0].split()[1])
        if status != self.client.wanted.status:
            sys.exit(f"client: the status is {status} and not {self.client.wanted.status}")
        fields = dict(line.split(":", 1) for line in lines[1:])
        self.remaining = int(fields["content-length"]) - rest
        self.client.received += rest


def run(client: Client, connections: list[Connection], until: float) -> None:
    """Send requests on all connections, as fast as the server answers."""
    wanted = client.wanted
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            if client.more():
                connection.request()
        while len(client.latencies) < client.requests:
            left = until - time.perf_counter()
            if left <= 0:
                return
            for key, _ in selector.select(left):
                connection = key.data
                if not connection.advance(_BUFFER_BYTES):
                    continue
                client.latencies.append(time.perf_counter() - connection.began)
                if wanted.pause:
                    time.sleep(wanted.pause / 1e6)
                if client.more() and time.perf_counter() < until:
                    connection.request()


def crawl(client: Client, connections: list[Connection], began: float, until: float) -> None:
    """Read `rate` bytes per second on each connection, a piece every 20 ms."""
    for connection in connections:
        connection.request()
        connection.socket.setblocking(False)
    while (now := time.perf_counter()) < until:
        for connection in connections:
            allowed = int((now - began) * client.wanted.rate) - connection.read
            try:
                if allowed > 0 and connection.advance(allowed):
                    client.latencies.append(now - connection.began)
                    connection.request()
            except BlockingIOError:
                pass
        time.sleep(0.02)


def main() -> None:
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    types = {field: type(value) for field, value in vars(Wanted()).items()}
    client = Client(Wanted(**{name: types[name](value) for name, value in given.items()}))
    connections = [Connection(client) for _ in range(client.wanted.connections)]
    began = time.perf_counter()
    until = began + client.wanted.seconds
    if client.wanted.rate:
        crawl(client, connections, began, until)
    else:
        run(client, connections, until)
    seconds = time.perf_counter() - began
    times = sorted(client.latencies) or [0.0]
    result = {
        "requests": len(client.latencies),
        "bytes": client.received,
        "seconds": seconds,
        "p50": times[round(0.5 * (len(times) - 1))],
        "p99": times[round(0.99 * (len(times) - 1))],
        "max": times[-1],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
