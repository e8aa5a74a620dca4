"""A client that does not read: over HTTP/2 it does not open its windows; on each server.

What must hold: the server takes from the app about what the client takes, whatever the size of
the body, and nobody waits for a client that has left. Where a server cannot do that it is named,
and the test says so when it can.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from servers import windows
from support.demo import VARIABLE, copy_demo, demo
from support.http2 import DEFAULT_WINDOW, MAX_WINDOW, Client, resident_bytes
from support.servers import HOST, Server, running, serving
from support.waiting import eventually
from support.wire import fetch

TESTS = Path(__file__).parent.parent
MIB = 1024 * 1024
# The most that may be kept for clients that do not read. What is too much is all of 192 MiB.
BOUND = 64 * MIB
# A server that has taken nothing for this time takes no more. On a loaded machine the test may
# look too early, and then sees less; it never fails for that.
QUIET_SECONDS = 2.0
STREAMS = 8
TRICKLES = 300

BARE_HYPERCORN = ("hypercorn", "hypercorn-trio", "hypercorn-uvloop")
ANYCORN = ("anycorn", "anycorn-trio")
LIMITED = tuple(f"{name}, limited" for name in BARE_HYPERCORN)
HTTP2 = (*BARE_HYPERCORN, *LIMITED, "granian", *ANYCORN)
HTTP1 = (*BARE_HYPERCORN, "uvicorn-h11", "uvicorn-httptools", "granian", "daphne", *ANYCORN)
# Documented: these take all that the app has, for a client that takes nothing.
UNBOUNDED = frozenset(BARE_HYPERCORN)
UNBOUNDED_HTTP1 = frozenset({"daphne"})
# Documented: these leave an app that does not listen waiting in `send` when its client has left.
LEAVE_WAITING = frozenset(ANYCORN)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("served")
    with (made / "file").open("wb") as file:
        file.truncate(windows.SIZE)
    return made


@contextmanager
def server_of(name: str, folder: Path) -> Iterator[Server]:
    program, _, limited = name.partition(", ")
    env = {"RANGESERVE_TEST_FOLDER": str(folder), "RANGESERVE_TEST_LIMITED": limited}
    with serving(program, "servers.windows:app", cwd=TESTS, env=env) as server:
        yield server


def taken(server: Server) -> tuple[int, int]:
    """The bytes that the server has taken of the app's bodies, and how many calls have ended."""
    count, ended = fetch(server.port, "/taken").body.split()
    return int(count), int(ended)


def settled(server: Server, enough: int) -> int:
    """The bytes that the server has taken, when it takes no more or has taken `enough`."""
    last, since = taken(server)[0], time.monotonic()

    def has_settled() -> bool:
        nonlocal last, since
        now = taken(server)[0]
        if now != last:
            last, since = now, time.monotonic()
        return now >= enough or time.monotonic() - since > QUIET_SECONDS

    assert eventually(has_settled, 120)
    return last


@pytest.mark.parametrize("name", HTTP2)
@pytest.mark.parametrize(
    ("path", "window"),
    [
        pytest.param("/file", 0, id="file, closed"),
        pytest.param("/file", DEFAULT_WINDOW, id="file, never opened"),
        pytest.param("/stream", 0, id="stream, closed"),
        pytest.param("/bare", 0, id="bare app, closed"),
    ],
)
def test_a_client_that_does_not_read(name: str, path: str, window: int, folder: Path) -> None:
    with server_of(name, folder) as server:
        taken(server)
        idle = resident_bytes(server)
        with Client(server.port, window=window) as client:
            for _ in range(STREAMS):
                client.get(path)
            if name in UNBOUNDED:
                assert eventually(lambda: taken(server)[0] > BOUND), f"{name} is bounded now"
                return
            assert settled(server, STREAMS * windows.SIZE) < BOUND
            assert resident_bytes(server) - idle < BOUND
        if path != "/file" and name in LEAVE_WAITING:
            assert not eventually(lambda: taken(server)[1] > 0, QUIET_SECONDS), "none waits now"
        else:
            assert eventually(lambda: taken(server)[1] == STREAMS), "an app waits for nobody"


@pytest.mark.parametrize("name", [name for name in HTTP2 if name not in UNBOUNDED])
def test_a_window_that_opens_by_single_bytes(name: str, folder: Path) -> None:
    with server_of(name, folder) as server:
        taken(server)
        idle = resident_bytes(server)
        with Client(server.port, window=1) as client:
            stream = client.get("/file")
            for number in range(1, TRICKLES):
                while client.received < number:
                    client.read()
                client.open_windows(stream, 1)
            assert settled(server, windows.SIZE) < BOUND
            assert resident_bytes(server) - idle < BOUND


@pytest.mark.parametrize("name", [name for name in HTTP2 if name not in UNBOUNDED])
@pytest.mark.parametrize("path", ["/file", "/stream"])
def test_a_client_that_reads_on_gets_the_rest(name: str, path: str, folder: Path) -> None:
    """One of two streams, while the other one goes on being paused."""
    with server_of(name, folder) as server, Client(server.port) as client:
        paused, wanted = client.get(path), client.get(path)
        assert settled(server, 2 * windows.SIZE) < BOUND
        client.open_windows(wanted, MAX_WINDOW - DEFAULT_WINDOW)
        while wanted not in client.ended:
            client.read()
        assert client.received == windows.SIZE
        assert paused not in client.ended
        assert not client.reset
        assert fetch(server.port, "/taken").status == 200


def test_the_command(folder: Path) -> None:
    command = [sys.executable, "-m", "rangeserve", str(folder), "--bind", "127.0.0.1:{port}"]
    with running(command) as server:
        fetch(server.port, "/file", method="HEAD")
        idle = resident_bytes(server)
        with Client(server.port) as client:
            for _ in range(STREAMS):
                client.get("/file")
            grown = 0
            deadline = time.monotonic() + 3 * QUIET_SECONDS
            while time.monotonic() < deadline:
                grown = max(grown, resident_bytes(server) - idle)
                time.sleep(0.1)
            assert grown < BOUND
        assert eventually(lambda: server.log.count("the client left") == STREAMS)


def test_the_demo(tmp_path: Path) -> None:
    video = tmp_path / "video.mp4"
    with video.open("wb") as file:
        file.truncate(windows.SIZE)
    folder = tmp_path / "demo"
    folder.mkdir()
    with demo(copy_demo(folder), env={VARIABLE: str(video)}) as server:
        assert fetch(server.port, "/").status == 200
        idle = resident_bytes(server)
        with Client(server.port) as client:
            for _ in range(STREAMS):
                client.get("/stream.mp4")
            deadline = time.monotonic() + 3 * QUIET_SECONDS
            while time.monotonic() < deadline:
                assert resident_bytes(server) - idle < BOUND
                time.sleep(0.1)


def test_the_command_ends_although_clients_wait(folder: Path) -> None:
    command = [sys.executable, "-m", "rangeserve", str(folder), "--bind", "127.0.0.1:{port}"]
    with running(command) as server, Client(server.port, window=1) as client:
        for _ in range(STREAMS):
            client.get("/file")
        while client.received < STREAMS:
            client.read()
        server.process.terminate()
        assert server.process.wait(60) == 0
        assert server.log.count("GET /file 200 ") == STREAMS
        assert "never awaited" not in server.log


@pytest.mark.parametrize("name", HTTP1)
def test_a_client_over_http_1_that_does_not_read(name: str, folder: Path) -> None:
    with server_of(name, folder) as server, socket.socket() as paused:
        taken(server)
        idle = resident_bytes(server)
        paused.connect((HOST, server.port))
        paused.sendall(b"GET /file HTTP/1.1\r\nHost: a\r\n\r\n")
        if name in UNBOUNDED_HTTP1:
            assert eventually(lambda: taken(server)[0] > BOUND), f"{name} is bounded now"
        else:
            assert settled(server, windows.SIZE) < BOUND
            assert resident_bytes(server) - idle < BOUND
