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

_GULP = 1 << 20


@dataclass
class Wanted:
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
    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.asked = 0
        self.received = 0
        self.latencies: list[float] = []
        self.buffer = bytearray(_GULP)

    def more(self) -> bool:
        return not self.wanted.requests or self.asked < self.wanted.requests


class Connection:
    def __init__(self, client: Client) -> None:
        self.client = client
        self.socket = socket.create_connection(("127.0.0.1", client.wanted.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = b""
        self.owed: int | None = None
        self.taken = 0
        self.began = 0.0

    def ask(self) -> None:
        wanted = self.client.wanted
        first, last = wanted.first, wanted.last
        if wanted.random:
            first = random.randrange(wanted.size - wanted.random + 1)
            last = first + wanted.random - 1
        asked = f"Range: bytes={first}-{last}\r\n" if last >= 0 else ""
        self.head = b""
        self.owed = None
        self.began = time.perf_counter()
        self.client.asked += 1
        self.socket.sendall(
            f"GET {wanted.path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: benchmarks\r\n"
            f"Accept: */*\r\nAccept-Encoding: identity\r\n{asked}\r\n".encode()
        )

    def advance(self, most: int) -> bool:
        """One read; whether it completed an answer."""
        if self.owed is None:
            block = self.socket.recv(8192)
            self.head += block
            got = len(block)
            head, end, rest = self.head.partition(b"\r\n\r\n")
            if end:
                self.read_head(head, len(rest))
        else:
            view = memoryview(self.client.buffer)[: min(most, self.owed, _GULP)]
            got = self.socket.recv_into(view)
            self.owed -= got
            self.client.received += got
        if not got:
            sys.exit("client: the server closed the connection")
        self.taken += got
        return self.owed is not None and self.owed <= 0

    def read_head(self, head: bytes, rest: int) -> None:
        lines = head.decode("latin-1").lower().split("\r\n")
        status = int(lines[0].split()[1])
        if status != self.client.wanted.status:
            sys.exit(f"client: the status is {status} and not {self.client.wanted.status}")
        fields = dict(line.split(":", 1) for line in lines[1:])
        self.owed = int(fields["content-length"]) - rest
        self.client.received += rest


def run(client: Client, connections: list[Connection], until: float) -> None:
    """As fast as it goes."""
    wanted = client.wanted
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            if client.more():
                connection.ask()
        while len(client.latencies) < client.asked:
            left = until - time.perf_counter()
            if left <= 0:
                return
            for key, _ in selector.select(left):
                connection = key.data
                if not connection.advance(_GULP):
                    continue
                client.latencies.append(time.perf_counter() - connection.began)
                if wanted.pause:
                    time.sleep(wanted.pause / 1e6)
                if client.more() and time.perf_counter() < until:
                    connection.ask()


def crawl(client: Client, connections: list[Connection], began: float, until: float) -> None:
    """Every connection reads `rate` bytes a second, a little every 20 ms."""
    for connection in connections:
        connection.ask()
        connection.socket.setblocking(False)
    while (now := time.perf_counter()) < until:
        for connection in connections:
            allowed = int((now - began) * client.wanted.rate) - connection.taken
            try:
                if allowed > 0 and connection.advance(allowed):
                    client.latencies.append(now - connection.began)
                    connection.ask()
            except BlockingIOError:
                pass
        time.sleep(0.02)


def main() -> None:
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    kinds = {field: type(value) for field, value in vars(Wanted()).items()}
    client = Client(Wanted(**{name: kinds[name](value) for name, value in given.items()}))
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
