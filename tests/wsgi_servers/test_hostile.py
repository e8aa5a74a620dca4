"""The hostile fields of `tests/hostile`, and faults, against WSGI servers over raw sockets."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hostile.cases import REFUSALS, facts_of, read_cases
from hostile.test_live import DATA, SIZE, Target, ask, check
from support.servers import Server
from support.waiting import eventually
from support.wire import Connection, Truncated, fetch
from wsgi_servers import COMMANDS, serving

# What a server makes of a request before our turn.
OF_SERVERS = {
    # Of a field that came twice it gives the last value.
    "cheroot": {"lines-005: 100 Range lines": 206},
    # They take a bare CR for the end of a line.
    "werkzeug": {"lines-011: bare CR in value": 206},
    "wsgiref": {"lines-011: bare CR in value": 206},
}


@dataclass
class Asked:
    """A server, and its name."""

    name: str
    server: Server

    @property
    def port(self) -> int:
        return self.server.port


@pytest.fixture(scope="module", params=COMMANDS)
def asked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asked]:
    resource = tmp_path_factory.mktemp("hostile") / "resource"
    resource.write_bytes(DATA)
    env = {"RANGESERVE_HOSTILE_RESOURCE": str(resource)}
    with serving(request.param, "hostile_app:app", env) as server:
        yield Asked(request.param, server)


@pytest.mark.parametrize("path", ["/file", "/stream"])
def test_hostile_fields(asked: Asked, path: str) -> None:
    plain = fetch(asked.port, path)
    assert plain.body == DATA
    facts = facts_of(SIZE, plain["etag"], plain["last-modified"])
    target = Target(asked.name, asked.server, path, facts)
    wrong: list[str] = []
    for case in read_cases():
        with Connection(asked.port) as connection:
            response = ask(connection, target, case)
        outcome = "close" if response is None else response.status
        if response is not None:
            check(response, case)
        if OF_SERVERS.get(asked.name, {}).get(case.name) == outcome:
            continue
        if not (outcome in case.want or (case.server_may_refuse and outcome in REFUSALS)):
            wrong.append(f"{case.name}: {outcome}, not {sorted(map(str, case.want))}")
    assert not wrong, "\n".join(wrong)
    assert fetch(asked.port, path).body == DATA
    assert "Traceback" not in asked.server.log


@pytest.mark.parametrize("path", ["/short", "/raises"])
@pytest.mark.parametrize("headers", [[], [("Range", "bytes=100-2000000")]], ids=["200", "206"])
def test_a_broken_body_is_cut(asked: Asked, path: str, headers: list[tuple[str, str]]) -> None:
    with pytest.raises((Truncated, ConnectionResetError)):
        fetch(asked.port, path, headers)
    assert fetch(asked.port, "/file", [("Range", "bytes=5-8")]).body == DATA[5:9]


@pytest.mark.parametrize("path", ["/short", "/raises"])
def test_a_range_before_the_fault_is_complete(asked: Asked, path: str) -> None:
    response = fetch(asked.port, path, [("Range", "bytes=100-200")])
    assert (response.status, response.body) == (206, DATA[100:201])


def test_a_path_that_is_not_there_tells_nothing(asked: Asked) -> None:
    with Connection(asked.port) as connection:
        connection.send("GET", "/none", [("Connection", "close")])
        answer = connection.rest()
    assert b"secret" not in answer
    assert b"200 OK" not in answer
    assert eventually(lambda: "secret" in asked.server.log)


def test_clients_that_reset_leave_nothing_open(asked: Asked) -> None:
    for number in range(20):
        with Connection(asked.port) as connection:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.send(
                "GET", ("/file", "/stream")[number % 2], [("Range", f"bytes={number}-")]
            )
            if number % 4 > 1:
                connection.read_head()
            reset = struct.pack("ii", 1, 0)
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    assert eventually(lambda: fetch(asked.port, "/descriptors").body == b"0")
    assert fetch(asked.port, "/file", [("Range", "bytes=5-8")]).body == DATA[5:9]


def test_a_whole_file_leaves_nothing_open(asked: Asked) -> None:
    for headers in ([], [("Range", "bytes=x")], [("Range", "bytes=1-2")], [("Range", "bytes=-1")]):
        assert fetch(asked.port, "/file", headers).status in (200, 206)
    assert eventually(lambda: fetch(asked.port, "/descriptors").body == b"0")
