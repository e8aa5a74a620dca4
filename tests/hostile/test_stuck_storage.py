"""Storage that never answers keeps its own threads: other files are served, and the server ends.

40 clients ask for a file of a device that has stuck, on real servers. See `support/stuck.py`.
"""

from __future__ import annotations

import io
import os
import signal
import socket
import struct
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.servers import HOST, Server, running
from support.stuck import BODY, Storage, compiler
from support.waiting import SECONDS, eventually

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD and /proc are of Linux"),
    pytest.mark.skipif(compiler() is None, reason="there is no C compiler"),
    pytest.mark.timeout(300),
]

CLIENTS = 40
# Those that get a thread for their reads; the others wait for one, and are cut off after 5 s.
READERS = 32
HERE = Path(__file__).parent
_MODULE = (sys.executable, "-m")
_APP = "stuck_app:app"
# name -> the command, which ends within the grace that it is given (uvicorn has none by default)
SERVERS = {
    "command": (*_MODULE, "rangeserve", "{root}", "--zip", "--port", "{port}"),
    "uvicorn": (*_MODULE, "uvicorn", _APP, "--port", "{port}", "--timeout-graceful-shutdown", "1"),
    "hypercorn-trio": (*_MODULE, "hypercorn", _APP, "-b", "127.0.0.1:{port}", "-k", "trio"),
}
BY_DEFAULT_SIGNALLED = (0, -signal.SIGTERM)  # uvicorn ends by the signal itself


@dataclass
class Stand:
    server: Server
    storage: Storage

    @property
    def open_files(self) -> int:
        return self.storage.open_in(self.server.process.pid)

    def ask(self, path: str, method: str = "GET") -> Client:
        return Client(self.server.port, path, method)

    def get(self, path: str, method: str = "GET") -> Answer:
        client = self.ask(path, method)
        try:
            return client.answer()
        finally:
            client.leave()


@dataclass
class Answer:
    status: int  # 0 if there was none
    fields: dict[str, str]
    body: bytes


class Client:
    """One request on a connection of its own."""

    def __init__(self, port: int, path: str, method: str) -> None:
        self._connection = socket.create_connection((HOST, port), timeout=SECONDS)
        request = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        self._connection.sendall(request.encode("ascii"))

    def answer(self) -> Answer:
        """What comes until the server closes the connection."""
        received = bytearray()
        try:
            while data := self._connection.recv(1 << 20):
                received += data
        except ConnectionResetError:
            pass
        head, _, body = bytes(received).partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        fields = {
            name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
        }
        return Answer(int(status.split(" ")[1]) if status else 0, fields, body)

    def leave(self) -> None:
        """Close the connection by a reset."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()


@pytest.fixture(scope="module", params=SERVERS)
def stand(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stand]:
    with standing(request.param, tmp_path_factory.mktemp("stuck")) as stand:
        yield stand


@pytest.fixture(autouse=True)
def nothing_sticks_afterwards(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever has failed: the next test, or the same one again, begins with nothing open."""
    yield
    if "stand" in request.fixturenames:
        stand: Stand = request.getfixturevalue("stand")
        stand.storage.answers()
        eventually(lambda: stand.open_files == 0)


@contextmanager
def standing(name: str, folder: Path) -> Iterator[Stand]:
    storage = Storage.make(folder)
    command = [part.replace("{root}", str(storage.root)) for part in SERVERS[name]]
    with running(command, cwd=HERE, env=storage.env) as server:
        stand = Stand(server, storage)
        try:
            for path in ("/near.bin", "/far/film.bin") * 2:  # so that both folders are known
                assert stand.get(path).body == BODY
            yield stand
        finally:
            storage.answers()


@contextmanager
def clients(stand: Stand, path: str) -> Iterator[list[Client]]:
    """40 clients that ask for `path`; those that are left leave afterwards."""
    with ExitStack() as stack:
        asking = [stand.ask(path) for _ in range(CLIENTS)]
        for client in asking:
            stack.callback(client.leave)
        yield asking


def all_wait(stand: Stand) -> bool:
    """Whether all clients wait: for a read, or for a thread until they are cut off after 5 s.

    On a loaded machine the first may have been cut off before the last one has come.
    """
    since: float | None = None

    def is_so() -> bool:
        nonlocal since
        count = stand.open_files
        if count != READERS:
            since = None
        elif since is None:
            since = time.monotonic()
        return count == CLIENTS or (since is not None and time.monotonic() - since > 6)

    return eventually(is_so)


def others_are_served(stand: Stand) -> None:
    assert stand.get("/near.bin").body == BODY
    assert stand.get("/near.bin", "HEAD").status == 200


def nothing_is_left(stand: Stand) -> None:
    """Once the storage answers, every file is served, and closed."""
    stand.storage.answers()
    for path in ("/near.bin", "/far/film.bin", "/far/other.bin"):
        assert stand.get(path).body == BODY
    assert eventually(lambda: stand.open_files == 0)


def test_reads_that_never_return(stand: Stand) -> None:
    """32 clients keep a thread; the connections of the others are cut after some seconds."""
    stand.storage.sticks("reads")
    with clients(stand, "/far/film.bin") as asking:
        assert all_wait(stand)
        others_are_served(stand)
        assert stand.get("/far/other.bin", "HEAD").status == 200
        assert eventually(lambda: stand.open_files == READERS)
        others_are_served(stand)
        stand.storage.answers()
        bodies = [client.answer().body for client in asking]
        assert sorted(map(len, bodies)) == [0] * (CLIENTS - READERS) + [len(BODY)] * READERS
        assert all(body in (b"", BODY) for body in bodies)
    nothing_is_left(stand)


def test_look_ups_that_never_return(stand: Stand) -> None:
    """16 clients keep a thread, and the others are told to try again later."""
    stand.storage.sticks("all")
    with clients(stand, "/far/film.bin") as asking:
        others_are_served(stand)
        refused = stand.get("/far/other.bin")
        assert refused.status == 503
        assert refused.body in (b"", b"503: the storage does not answer at the moment.\n")
        assert refused.fields["retry-after"] == "10"
        others_are_served(stand)
        stand.storage.answers()
        answers = [client.answer() for client in asking]
        assert sorted(answer.status for answer in answers) == [200] * 16 + [503] * (CLIENTS - 16)
        assert all(answer.body == BODY for answer in answers if answer.status == 200)
    nothing_is_left(stand)


def test_clients_that_leave(stand: Stand) -> None:
    """Nobody waits for their reads; the threads close the files once they have returned."""
    stand.storage.sticks("reads")
    with clients(stand, "/far/film.bin"):
        assert all_wait(stand)
    assert eventually(lambda: stand.open_files == READERS)
    others_are_served(stand)
    nothing_is_left(stand)


def test_files_that_cannot_be_closed(stand: Stand) -> None:
    """Closing a file waits for its storage, too: not on the event loop."""
    stand.storage.sticks("reads")
    with clients(stand, "/far/film.bin"):
        assert all_wait(stand)
        stand.storage.sticks("all")
    others_are_served(stand)
    nothing_is_left(stand)


def test_a_link_to_the_storage(stand: Stand) -> None:
    """A link in a folder that is served on the event loop otherwise."""
    assert stand.get("/link.bin").body == BODY
    stand.storage.sticks("all")
    with clients(stand, "/link.bin"):
        others_are_served(stand)
    nothing_is_left(stand)


def test_a_link_to_the_storage_that_nobody_has_followed(tmp_path: Path) -> None:
    """The device that has the link is not kept: its other files, folders and links are served."""
    with standing("command", tmp_path) as stand:
        stand.storage.sticks("all")
        for path in ("/folder/unseen.bin", "/folder/unseen/film.bin", "/folder/unseen/"):
            with clients(stand, path):
                others_are_served(stand)
                assert stand.get("/folder/").status == 200
                assert stand.get("/folder").status == 301
        nothing_is_left(stand)
        assert stand.get("/folder/unseen/other.bin").body == BODY


def test_a_folder_with_links_to_the_storage(tmp_path: Path) -> None:
    """They are listed by their names, and nothing is asked of what they lead to."""
    with standing("command", tmp_path) as stand:
        stand.storage.sticks("all")
        with clients(stand, "/folder/") as asking:
            answers = [client.answer() for client in asking]
        page = answers[0].body.decode()
        assert [answer.status for answer in answers] == [200] * CLIENTS
        for name in ("unseen.bin", "unseen"):
            (item,) = [line for line in page.splitlines() if f'href="{name}"' in line]
            assert "bytes" not in item
            assert "<time></time>" in item
        assert 'href="far/"' in stand.get("/").body.decode()


@pytest.mark.parametrize("stuck", ["reads", "all"])
def test_an_archive_of_a_folder_with_the_storage_in_it(tmp_path: Path, stuck: str) -> None:
    """It waits for the storage, or is cut; everything else is served."""
    with standing("command", tmp_path) as stand:
        stand.storage.sticks(stuck)
        with clients(stand, "/?zip"):
            others_are_served(stand)
            assert stand.get("/none").status == 404
            others_are_served(stand)
        nothing_is_left(stand)
        # Some of those who have left may still have to be noticed, and keep the two turns.
        assert eventually(lambda: stand.get("/?zip", "HEAD").status == 200)
        with zipfile.ZipFile(io.BytesIO(stand.get("/?zip").body)) as archive:
            names = {
                "near.bin",
                "link.bin",
                *("far/", "far/film.bin", "far/other.bin"),
                *("folder/", "folder/unseen.bin"),
                *("folder/unseen/", "folder/unseen/film.bin", "folder/unseen/other.bin"),
            }
            assert sorted(archive.namelist()) == sorted(names)
            assert all(archive.read(name) == BODY for name in names if not name.endswith("/"))
        assert eventually(lambda: stand.open_files == 0)


@pytest.mark.parametrize("stuck", ["reads", "all"])
@pytest.mark.parametrize("name", SERVERS)
def test_the_server_ends_while_the_storage_is_stuck(name: str, stuck: str, tmp_path: Path) -> None:
    with standing(name, tmp_path) as stand:
        stand.storage.sticks(stuck)
        process = stand.server.process
        with clients(stand, "/far/film.bin"):
            if stuck == "reads":
                assert all_wait(stand)
            others_are_served(stand)
            os.kill(process.pid, signal.SIGTERM)
            assert process.wait(SECONDS) in BY_DEFAULT_SIGNALLED
