"""Faults on real servers: what the client sees, what the log says, what stays open."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.servers import Server, serving
from support.waiting import eventually
from support.wire import Connection, Truncated, fetch

HERE = Path(__file__).parent
SIZE = 3_000_000


@pytest.fixture(params=["hypercorn", "hypercorn-trio", "uvicorn-h11", "uvicorn-httptools"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "film").write_bytes(bytes(SIZE))
    os.mkfifo(tmp_path / "secret-fifo")
    (tmp_path / "secret-loop").symlink_to("secret-loop")
    (tmp_path / "secret-folder").mkdir()
    env = {"RANGESERVE_FAULTY_FOLDER": str(tmp_path)}
    with serving(request.param, "faulty:app", cwd=HERE, env=env) as running:
        yield running


def held(server: Server) -> str:
    return fetch(server.port, "/descriptors").body.decode()


def test_a_refused_path_is_a_500_that_tells_nothing(server: Server, tmp_path: Path) -> None:
    for name in ("secret-none", "secret-fifo", "secret-loop", "secret-folder"):
        for headers in ([], [("Range", "bytes=0-9")]):
            response = fetch(server.port, f"/path/{name}", headers)
            assert response.status == 500
            seen = response.body + repr(response.headers).encode()
            assert b"secret" not in seen
            assert str(tmp_path).encode() not in seen
            assert b"Errno" not in seen
        assert eventually(lambda name=name: name in server.log)  # type: ignore[misc]
    assert held(server) == "0"


@pytest.mark.parametrize("path", ["/short", "/raises", "/returns"])
@pytest.mark.parametrize("headers", [[], [("Range", "bytes=100-2000000")]], ids=["200", "206"])
def test_a_broken_body_is_cut(server: Server, path: str, headers: list[tuple[str, str]]) -> None:
    with pytest.raises((Truncated, ConnectionResetError)):
        fetch(server.port, path, headers)
    assert fetch(server.port, "/path/film", [("Range", "bytes=5-8")]).body == bytes(4)


def test_a_range_before_the_fault_is_complete(server: Server) -> None:
    for path in ("/short", "/returns"):
        response = fetch(server.port, path, [("Range", "bytes=100-200")])
        assert (response.status, response.body) == (206, bytes(101))


def test_clients_that_reset_leave_nothing_open_and_nothing_logged(server: Server) -> None:
    for number in range(40):
        with Connection(server.port) as connection:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.send("GET", "/path/film", [("Range", f"bytes={number}-")])
            if number % 2:
                connection.read_head()
            reset = struct.pack("ii", 1, 0)
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    assert eventually(lambda: held(server) == "0")
    assert "rangeserve" not in server.log
    assert fetch(server.port, "/path/film", [("Range", "bytes=5-8")]).body == bytes(4)
