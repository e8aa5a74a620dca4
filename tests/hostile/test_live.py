"""Every hostile case against real servers, over a raw socket, strictly.

Of each case: the outcome is one that is wanted; the framing is sound, and the next request
on the same connection is answered as if nothing had been; the body is at most 4 KiB larger
than the resource; every byte of a 206 is the resource's; an error body is small.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.servers import Server, serving
from support.wire import Connection, Response, Truncated

from .cases import REFUSALS, Case, facts_of, read_cases
from .conftest import TIMES

HERE = Path(__file__).parent
SIZE = 3 * 1024 * 1024 + 77
DATA = bytes((i * i + i // 251) % 256 for i in range(65_536)) * 49
DATA = DATA[:SIZE]
OVERHEAD = 4096
ERROR_BODY = 1024

_PART = re.compile(rb"\r\ncontent-range: bytes ([0-9]+)-([0-9]+)/([0-9]+)\r\n", re.IGNORECASE)


@dataclass
class Target:
    """A resource on a server, and what a plain GET says of it."""

    name: str
    server: Server
    path: str
    facts: dict[str, str]


@pytest.fixture(scope="module", params=["hypercorn", "uvicorn-h11", "uvicorn-httptools"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Server]]:
    resource = tmp_path_factory.mktemp("hostile") / "resource"
    resource.write_bytes(DATA)
    env = {"RANGESERVE_HOSTILE_RESOURCE": str(resource)}
    with serving(request.param, "app:app", cwd=HERE, env=env) as running:
        yield request.param, running
        assert "Traceback" not in running.log


@pytest.fixture(scope="module", params=["file", "stream"])
def target(request: pytest.FixtureRequest, server: tuple[str, Server]) -> Target:
    name, running = server
    path = f"/{request.param}"
    with Connection(running.port) as connection:
        plain = connection.request("GET", path)
    assert plain.body == DATA
    facts = facts_of(SIZE, plain["etag"], plain["last-modified"])
    return Target(f"{name} {request.param}", running, path, facts)


def ask(connection: Connection, target: Target, case: Case) -> Response | None:
    """`None` if the server closes without an answer."""
    head = f"{case.method} {target.path} HTTP/1.1\r\nHost: localhost\r\n".encode()
    # Refused while it is still being sent: then read what the server says.
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.socket.sendall(head + case.lines(target.facts) + b"\r\n")
    try:
        return connection.read(case.method)
    except (Truncated, ConnectionResetError) as error:
        if "closed before" in str(error) or isinstance(error, ConnectionResetError):
            return None
        raise


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in read_cases()])
def test_hostile_headers(target: Target, case: Case) -> None:
    with Connection(target.server.port) as connection:
        begin = time.perf_counter()
        response = ask(connection, target, case)
        elapsed = (time.perf_counter() - begin) * 1000
        TIMES.setdefault(target.name, []).append((elapsed, case.name))
        outcome = "close" if response is None else response.status
        if response is not None:
            check(response, case)
        keeps = (
            response is not None
            and outcome not in REFUSALS
            and "close" not in (response.get("connection") or "").lower()
        )
        if keeps:
            assert connection.request("GET", target.path).body == DATA, "desynchronised"
    if not keeps:
        with Connection(target.server.port) as another:
            assert another.request("GET", target.path).body == DATA, "the server is sick"
    assert outcome in case.want or (case.server_may_refuse and outcome in REFUSALS)


def check(response: Response, case: Case) -> None:
    assert len(response.body) <= SIZE + OVERHEAD, "amplified"
    for name in ("content-length", "content-range", "content-type", "etag", "last-modified"):
        assert len(response.all(name)) < 2
    if response.status == 206:
        check_parts(response)
    elif response.status == 200 and case.method == "GET":
        assert response.body == DATA
    elif response.status == 416:
        assert response["content-range"] == f"bytes */{SIZE}"
    elif response.status == 304:
        assert response.get("content-length") in (None, "0", str(SIZE))
    if response.status >= 400:
        assert len(response.body) < ERROR_BODY


def check_parts(response: Response) -> None:
    """Every byte of a 206 is the resource's, and the framing is as RFC 9110 14.6 has it."""
    kind = response.get("content-type") or ""
    match = re.fullmatch('multipart/byteranges; *boundary=([^";]{1,70})', kind)
    if match is None:
        position = re.fullmatch("bytes ([0-9]+)-([0-9]+)/([0-9]+)", response["content-range"])
        assert position is not None
        first, last, size = map(int, position.groups())
        assert size == SIZE
        assert first <= last < SIZE
        assert response.body == DATA[first : last + 1]
        return
    assert response.get("content-range") is None
    delimiter = b"--" + match[1].encode()
    body, at, parts = response.body, 0, 0
    while not body.startswith(delimiter + b"--", at):
        assert body.startswith(delimiter, at)
        head_end = body.index(b"\r\n\r\n", at)
        part = _PART.search(body[at : head_end + 2])
        assert part is not None
        first, last, size = map(int, part.groups())
        assert size == SIZE
        assert first <= last < SIZE
        start, stop = head_end + 4, head_end + 4 + last - first + 1
        assert body[start:stop] == DATA[first : last + 1]
        assert body[stop : stop + 2] == b"\r\n"
        at, parts = stop + 2, parts + 1
    assert parts > 1
    assert body[at:] == delimiter + b"--\r\n"
