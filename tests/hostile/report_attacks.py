"""Reports what other clients, the memory and the end of a server suffer under attacks, as a table.

python tests/hostile/report_attacks.py [SERVER[,SERVER...]] [ATTACK[,ATTACK...]]

One client asks for a small file again and again: its 99th percentile without and with the attack,
each the best of 3 rounds, because other programs disturb a round. Memory is the most that was
resident under attack, above that of the idle server. What is left are threads and descriptors, 20 s
at most after the attackers have left. The last column is the time from SIGTERM to the end of the
process, under attack; `inf` is more than 20 s. `flood` is what 20 clients cost that ask for the
small file as well, each of them 10 times a second at most, as the attackers do.
"""

from __future__ import annotations

import http.client
import multiprocessing
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.http2 import DEFAULT_WINDOW, Client, resident_bytes
from support.servers import HOST, Server, running
from support.stuck import Storage
from support.waiting import eventually

HERE = Path(__file__).parent
_MODULE = (sys.executable, "-m")
_APP = "attacked_app:app"
_BIND = ("-b", "127.0.0.1:{port}")
SERVERS = {
    "command": (*_MODULE, "rangeserve", "{root}", "--port", "{port}"),
    "hypercorn": (*_MODULE, "hypercorn", _APP, *_BIND, "--graceful-timeout", "1"),
    "uvicorn": (
        *_MODULE, "uvicorn", _APP, "--port", "{port}", "--timeout-graceful-shutdown", "1",
        "--no-access-log",
    ),
    "granian": (
        *_MODULE, "granian", _APP, "--interface", "asgi", "--port", "{port}",
        "--workers-kill-timeout", "1", "--no-access-log",
    ),
    "anycorn": (*_MODULE, "anycorn", _APP, *_BIND, "--graceful-timeout", "1"),
}  # fmt: skip
WITHOUT_HTTP2 = frozenset({"uvicorn"})
ATTACKERS = 20
ENTRIES = 100_000
FILM_BYTES = 192 * 1024 * 1024
REQUESTS = 200
ROUNDS = 3
SECONDS_BETWEEN = 0.005
ATTACKERS_REST_SECONDS = 0.1
LEAVING_SECONDS = 20.0
ENDING_SECONDS = 20.0


def _ask(port: int, request: bytes, seconds: float = 30.0) -> socket.socket:
    connection = socket.create_connection((HOST, port), timeout=seconds)
    connection.sendall(request + b"\r\nHost: localhost\r\n")
    return connection


def _read(connection: socket.socket) -> bytes:
    received = bytearray()
    with connection:
        while data := connection.recv(1 << 20):
            received += data
    time.sleep(ATTACKERS_REST_SECONDS)
    return bytes(received)


def _get(port: int, path: bytes, method: bytes = b"GET", fields: bytes = b"") -> bytes:
    request = method + b" " + path + b" HTTP/1.1"
    connection = _ask(port, request)
    connection.sendall(fields + b"Connection: close\r\n\r\n")
    return _read(connection)


def _paused(port: int, number: int) -> None:
    with _ask(port, b"GET /film.bin HTTP/1.1") as connection:
        connection.sendall(b"\r\n")
        time.sleep(3600)


def _paused_http2(port: int, number: int) -> None:
    with Client(port, window=(0, 1, DEFAULT_WINDOW)[number % 3]) as client:
        for _ in range(8):
            client.get("/film.bin")
        time.sleep(3600)


def _list(port: int, number: int) -> None:
    etag = b""
    while True:
        kind = number % 4
        if kind == 0:
            _get(port, b"/many/")
        elif kind == 1:
            _get(port, b"/many/", b"HEAD")
        elif kind == 2:
            answer = _get(port, b"/many/", fields=etag)
            for line in answer.partition(b"\r\n\r\n")[0].split(b"\r\n"):
                if line.lower().startswith(b"etag:"):
                    etag = b"If-None-Match:" + line[5:] + b"\r\n"
        else:
            with _ask(port, b"GET /many/ HTTP/1.1") as connection:
                connection.sendall(b"\r\n")
                time.sleep(0.05)
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def _dead(port: int, number: int) -> None:
    paths = (b"/far/film.bin", b"/folder/", b"/folder/unseen.bin", b"/link.bin")
    while True:
        connection = _ask(port, b"GET " + paths[number % 4] + b" HTTP/1.1", 3600)
        connection.sendall(b"Connection: close\r\n\r\n")
        _read(connection)


def _coded(port: int, number: int) -> None:
    path = (b"/store/", b"/")[number % 2] + b"%25" * (1, 4_900)[number % 4 > 1] + b"25" * 400
    while True:
        _get(port, path)


def _coded_http2(port: int, number: int) -> None:
    path = ("/store/", "/")[number % 2] + "%25" + "25" * 15_000
    while True:
        with Client(port, window=DEFAULT_WINDOW) as client:
            stream = client.get(path)
            while stream not in client.ended | client.reset:
                client.read()
        time.sleep(ATTACKERS_REST_SECONDS)


def _ranges(port: int, number: int) -> None:
    path = (b"/store/film.bin", b"/film.bin")[number % 2]
    field = b"Range: bytes=" + b",".join(b"%d-%d" % (i * 99, i * 99) for i in range(64))
    while True:
        _get(port, path, fields=field + b"\r\n")


def _flood(port: int, number: int) -> None:
    while True:
        _get(port, b"/near.txt")


ATTACKS: dict[str, Callable[[int, int], None]] = {
    "flood": _flood,
    "paused": _paused,
    "paused h2": _paused_http2,
    "listings": _list,
    "dead mount": _dead,
    "%25": _coded,
    "%25 h2": _coded_http2,
    "64 ranges": _ranges,
}


def _attack(name: str, port: int) -> None:
    """What a process of its own does: `ATTACKERS` threads that come back if they are refused."""

    def again(number: int) -> None:
        while True:
            with suppress(OSError):
                ATTACKS[name](port, number)
            time.sleep(ATTACKERS_REST_SECONDS)

    for number in range(ATTACKERS):
        threading.Thread(target=again, args=(number,), daemon=True).start()
    time.sleep(3600)


@contextmanager
def attacking(name: str, port: int) -> Iterator[None]:
    process = multiprocessing.get_context("spawn").Process(target=_attack, args=(name, port))
    process.start()
    try:
        time.sleep(2)
        yield
    finally:
        process.kill()
        process.join()


def percentile(port: int) -> float:
    """The 99th percentile of what the small file takes, in seconds, of the best round."""
    return min(_percentile(port) for _ in range(ROUNDS))


def _percentile(port: int) -> float:
    """That of one round; without an answer, 60."""
    took: list[float] = []
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    for _ in range(REQUESTS):
        begin = time.perf_counter()
        try:
            connection.request("GET", "/near.txt", headers={"Host": "localhost"})
            connection.getresponse().read()
        except OSError:
            return 60.0
        took.append(time.perf_counter() - begin)
        time.sleep(SECONDS_BETWEEN)
    connection.close()
    return sorted(took)[len(took) * 99 // 100]


class Peak:
    """The most resident memory of a server while it is watched, in bytes."""

    def __init__(self, server: Server) -> None:
        self.bytes = 0
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            self.bytes = max(self.bytes, resident_bytes(self._server))


def held(server: Server) -> tuple[int, int]:
    """The threads and the descriptors of a server and its workers."""
    threads = descriptors = 0
    for entry in filter(str.isdecimal, os.listdir("/proc")):
        with suppress(OSError):
            if os.getsid(int(entry)) == server.process.pid:
                threads += len(os.listdir(f"/proc/{entry}/task"))
                descriptors += len(os.listdir(f"/proc/{entry}/fd"))
    return threads, descriptors


@dataclass
class Row:
    quiet: float
    attacked: float
    grown: int
    left: tuple[int, int]
    ended: float


def measure(server_name: str, attack: str, storage: Storage) -> Row:
    command = [part.replace("{root}", str(storage.root)) for part in SERVERS[server_name]]
    env = {**storage.env, "ATTACKED_LIMITED": "1" if server_name == "hypercorn" else ""}
    storage.answers()
    with running(command, cwd=HERE, env=env) as server:
        for path in (b"/near.txt", b"/far/film.bin", b"/near.bin", b"/many/", b"/store/near.bin"):
            _get(server.port, path)
        quiet = percentile(server.port)
        idle, before = resident_bytes(server), held(server)
        storage.sticks("all" if attack == "dead mount" else "no")
        with Peak(server) as peak, attacking(attack, server.port):
            attacked = percentile(server.port)
        storage.answers()

        def is_clean() -> bool:
            return all(now <= then for now, then in zip(held(server), before, strict=True))

        eventually(is_clean, LEAVING_SECONDS)
        left = tuple(max(0, now - then) for now, then in zip(held(server), before, strict=True))
        storage.sticks("all" if attack == "dead mount" else "no")
        with attacking(attack, server.port):
            begin = time.perf_counter()
            os.kill(server.process.pid, signal.SIGTERM)
            ended = float("inf")
            with suppress(subprocess.TimeoutExpired):
                server.process.wait(ENDING_SECONDS)
                ended = time.perf_counter() - begin
        storage.answers()
    return Row(quiet, attacked, peak.bytes - idle, (left[0], left[1]), ended)


def main(servers: list[str], attacks: list[str]) -> None:
    """Print the table; a row as soon as it is there."""
    print("| server | attack | p99 quiet | p99 attacked | | memory | left | ended after |")
    print("| --- | --- | ---: | ---: | ---: | ---: | --- | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        storage = Storage.make(Path(folder))
        (storage.root / "near.txt").write_bytes(b"a" * 1024)
        with (storage.root / "film.bin").open("wb") as film:
            film.truncate(FILM_BYTES)
        (storage.root / "many").mkdir()
        for number in range(ENTRIES):
            (storage.root / "many" / f"entry number {number}").touch()
        for server in servers:
            for attack in attacks:
                if attack.endswith("h2") and server in WITHOUT_HTTP2:
                    continue
                row = measure(server, attack, storage)
                print(
                    f"| {server} | {attack} | {row.quiet * 1000:.1f} ms "
                    f"| {row.attacked * 1000:.1f} ms | x {row.attacked / row.quiet:.1f} "
                    f"| {row.grown / 2**20:+.0f} MiB "
                    f"| {row.left[0]} threads, {row.left[1]} descriptors | {row.ended:.1f} s |",
                    flush=True,
                )


if __name__ == "__main__":
    chosen = [each.split(",") for each in sys.argv[1:]]
    main(
        chosen[0] if chosen else list(SERVERS),
        chosen[1] if len(chosen) > 1 else list(ATTACKS),
    )
