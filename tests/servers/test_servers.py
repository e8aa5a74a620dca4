"""Each server as a real process: what must hold, and what its own faults make of it."""

from __future__ import annotations

import json
import os
import socket
import struct
import time
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import httpx
import pytest
from servers import app as behind
from support.servers import Server, serving
from support.waiting import eventually
from support.wire import Connection, Truncated, fetch

TESTS = Path(__file__).parent.parent
SIZE = 96 * 1024 * 1024
EDGE = bytes(place * 7 % 251 for place in range(8192))
STREAM = b"".join(map(behind.chunk, range(behind.CHUNKS)))

ALL = (
    "hypercorn", "hypercorn-trio", "hypercorn-uvloop", "uvicorn-h11", "uvicorn-httptools",
    "granian", "daphne", "anycorn", "anycorn-trio",
)  # fmt: skip
HTTP2 = ("hypercorn", "hypercorn-trio", "hypercorn-uvloop", "granian", "anycorn", "anycorn-trio")
# Documented: these leave the client waiting when the app fails in the middle of a body.
WAITING_HTTP1 = frozenset({"daphne"})
WAITING_HTTP2 = frozenset(HTTP2) - {"granian"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A large file that is mostly a hole, and a FIFO that nobody writes to."""
    made = tmp_path_factory.mktemp("served")
    with (made / "file").open("wb") as file:
        file.write(EDGE)
        file.seek(SIZE - len(EDGE))
        file.write(EDGE[::-1])
    os.mkfifo(made / "fifo")
    return made


@pytest.fixture(scope="module", params=ALL)
def server(request: pytest.FixtureRequest, folder: Path) -> Iterator[Server]:
    env = {"RANGESERVE_TEST_FOLDER": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    with serving(request.param, "servers.app:app", cwd=TESTS, env=env) as running:
        running.name = request.param  # type: ignore[attr-defined]
        yield running


@pytest.fixture
def quiet(server: Server) -> Iterator[None]:
    """The server logs nothing meanwhile."""
    before = len(server.log)
    yield
    time.sleep(0.05)
    assert server.log[before:] == ""


def name_of(server: Server) -> str:
    name: str = server.name  # type: ignore[attr-defined]
    return name


def seen(server: Server) -> dict[str, Any]:
    """What has been noted since the last call."""
    return dict(json.loads(fetch(server.port, "/seen").body))


def ended(server: Server, streams: int) -> Counter[str]:
    """What has been noted since the last call, once so many streams have ended.

    The client has its bytes a few turns of the loop before the producer is through.
    """
    noted: Counter[str] = Counter()

    def have_ended() -> bool:
        noted.update(seen(server)["seen"])
        return noted["finally"] >= streams

    assert eventually(have_ended), noted
    assert noted["finally"] == streams
    return noted


def await_outcome(server: Server, path: str) -> dict[str, Any]:
    """The event that tells of the end of the response to `path`."""
    ended: list[dict[str, Any]] = []

    def has_ended() -> bool:
        ended.extend(event for event in seen(server)["finished"] if event["path"] == path)
        return bool(ended)

    assert eventually(has_ended), f"the response to {path} never ended"
    return ended[0]


def parts(content_type: str, body: bytes) -> list[tuple[str, bytes]]:
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    return [
        (part["Content-Range"], part.get_payload(decode=True))  # type: ignore[union-attr, misc]
        for part in message.get_payload()
    ]


@pytest.mark.usefixtures("quiet")
class TestHTTP1:
    def test_one_range_of_a_file(self, server: Server) -> None:
        answer = fetch(server.port, "/file", [("Range", "bytes=-100")])
        assert (answer.status, answer.body) == (206, EDGE[::-1][-100:])
        assert answer["content-range"] == f"bytes {SIZE - 100}-{SIZE - 1}/{SIZE}"

    def test_one_range_of_a_stream(self, server: Server) -> None:
        answer = fetch(server.port, "/stream", [("Range", "bytes=70000-70099")])
        assert (answer.status, answer.body) == (206, STREAM[70000:70100])

    @pytest.mark.parametrize("path", ["/file", "/stream"])
    def test_several_ranges(self, server: Server, path: str) -> None:
        content = EDGE if path == "/file" else STREAM
        answer = fetch(server.port, path, [("Range", "bytes=0-9, 4000-4099")])
        size = SIZE if path == "/file" else len(STREAM)
        assert answer.status == 206
        assert parts(answer["content-type"], answer.body) == [
            (f"bytes 0-9/{size}", content[:10]),
            (f"bytes 4000-4099/{size}", content[4000:4100]),
        ]

    @pytest.mark.parametrize("path", ["/file", "/stream"])
    def test_head(self, server: Server, path: str) -> None:
        answer = fetch(server.port, path, [("Range", "bytes=0-9")], "HEAD")
        assert (answer.status, answer["accept-ranges"]) == (200, "bytes")
        assert answer["content-length"] == str(SIZE if path == "/file" else len(STREAM))

    @pytest.mark.parametrize("path", ["/file", "/stream"])
    def test_not_modified(self, server: Server, path: str) -> None:
        answer = fetch(server.port, path, [("If-None-Match", behind.TAG)])
        assert (answer.status, answer.body, answer["etag"]) == (304, b"", behind.TAG)

    def test_unsatisfiable(self, server: Server) -> None:
        answer = fetch(server.port, "/file", [("Range", f"bytes={SIZE}-")])
        assert (answer.status, answer["content-range"]) == (416, f"bytes */{SIZE}")

    def test_keep_alive_outlives_an_early_stop(self, server: Server) -> None:
        seen(server)
        with Connection(server.port) as connection:
            for _ in range(3):
                for path, content in (("/stream", STREAM), ("/file", EDGE)):
                    answer = connection.request("GET", path, [("Range", "bytes=5-14")])
                    assert (answer.status, answer.body) == (206, content[5:15])
        noted = ended(server, 3)
        assert noted["chunks"] <= 3 * 6

    def test_a_client_that_leaves(self, server: Server) -> None:
        """The rest of the file is not read: servers do not say so in `send`."""
        seen(server)
        with Connection(server.port) as connection:
            connection.send("GET", "/file", [("Range", "bytes=0-")])
            assert connection.read_head().status == 206
            assert connection.take(len(EDGE)) == EDGE
            linger = struct.pack("ii", 1, 0)  # a reset, not an orderly end
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        event = await_outcome(server, "/file")
        assert event["outcome"] == "client gone"
        assert event["sent"] < SIZE // 2

    @pytest.mark.parametrize("how", ["closed", "reset"])
    @pytest.mark.parametrize("count", [1, 8 * 1024 * 1024], ids=["at once", "later"])
    def test_twenty_clients_that_leave_are_not_talked_of(
        self, server: Server, how: str, count: int
    ) -> None:
        """asyncio logs each write to a lost connection, after the first five."""
        seen(server)
        for _ in range(20):
            with Connection(server.port) as connection:
                connection.send("GET", "/file", [("Range", "bytes=0-")])
                assert connection.read_head().status == 206
                connection.take(count)
                if how == "reset":
                    linger = struct.pack("ii", 1, 0)
                    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            # To Daphne, which takes all that it is given, some of them are complete.
            assert await_outcome(server, "/file")["outcome"] in ("client gone", "complete")

    @pytest.mark.parametrize("path", ["/file", "/path"])
    def test_a_whole_file(self, server: Server, path: str) -> None:
        """Granian is told a path that the app has sent; everybody else is given the bytes.

        A file that was handed over may be gone before the server opens it.
        """
        seen(server)
        answer = fetch(server.port, path)
        assert (answer.status, len(answer.body)) == (200, SIZE)
        assert answer.body.startswith(EDGE)
        assert answer.body.endswith(EDGE[::-1])
        natively = seen(server)["seen"].get("http.response.pathsend", 0)
        assert natively == (name_of(server) == "granian" and path == "/path")


class TestFaults:
    """These are logged, as they must be."""

    def test_a_short_body_never_looks_complete(self, server: Server) -> None:
        waiting = name_of(server) in WAITING_HTTP1
        cut = TimeoutError if waiting else (Truncated, ConnectionResetError)
        with (
            Connection(server.port, timeout=1 if waiting else 60) as connection,
            pytest.raises(cut),
        ):
            connection.request("GET", "/short")
        assert eventually(lambda: "short of Content-Length" in server.log)

    def test_a_fifo_is_refused(self, server: Server) -> None:
        """Before any server that takes paths would open it, and wait."""
        if name_of(server) in WAITING_HTTP1:
            return
        seen(server)
        assert fetch(server.port, "/fifo", [("Range", "bytes=0-9")]).status == 500
        assert "http.response.pathsend" not in seen(server)["seen"]
        assert eventually(lambda: "not a regular file" in server.log)


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """HTTP/2 with prior knowledge."""
    with httpx.Client(base_url=server.url, http1=False, http2=True, timeout=60) as made:
        yield made


def get(client: httpx.Client, path: str, method: str = "GET", **fields: str) -> httpx.Response:
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    answer = client.request(method, path, headers=headers)
    assert answer.http_version == "HTTP/2"
    return answer


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("server", HTTP2, indirect=True)
class TestHTTP2:
    def test_ranges(self, client: httpx.Client) -> None:
        answer = get(client, "/file", range="bytes=-100")
        assert (answer.status_code, answer.content) == (206, EDGE[::-1][-100:])
        answer = get(client, "/stream", range="bytes=70000-70099")
        assert (answer.status_code, answer.content) == (206, STREAM[70000:70100])
        answer = get(client, "/stream", range="bytes=0-9, 4000-4099")
        assert [part for _, part in parts(answer.headers["content-type"], answer.content)] == [
            STREAM[:10],
            STREAM[4000:4100],
        ]

    def test_head_and_not_modified(self, client: httpx.Client) -> None:
        answer = get(client, "/file", "HEAD", range="bytes=0-9")
        assert (answer.status_code, answer.headers["content-length"]) == (200, str(SIZE))
        answer = get(client, "/stream", if_none_match=behind.TAG)
        assert (answer.status_code, answer.content) == (304, b"")

    def test_many_early_stops_on_one_connection(self, server: Server, client: httpx.Client) -> None:
        seen(server)
        for _ in range(5):
            assert get(client, "/stream", range="bytes=5-14").content == STREAM[5:15]
        noted = ended(server, 5)
        assert noted["chunks"] <= 5 * 6

    def test_a_client_that_leaves(self, server: Server, client: httpx.Client) -> None:
        seen(server)
        with client.stream("GET", "/file", headers={"range": "bytes=0-"}) as answer:
            assert next(answer.iter_bytes(len(EDGE))) == EDGE
            client.close()
        event = await_outcome(server, "/file")
        assert event["outcome"] != "complete"
        assert event["sent"] < SIZE // 2


@pytest.mark.parametrize("server", HTTP2, indirect=True)
def test_a_short_body_over_http2(server: Server, client: httpx.Client) -> None:
    waiting = name_of(server) in WAITING_HTTP2
    with pytest.raises(httpx.ReadTimeout if waiting else httpx.RemoteProtocolError):
        client.get("/short", timeout=1 if waiting else 60)
