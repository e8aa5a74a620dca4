"""Faults of files: refused, out of descriptors, failing, truncated, replaced, swapped."""

from __future__ import annotations

import errno
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from support.apps import hands_over, sends_path
from support.content import numbered
from support.descriptors import nothing_left_open, open_files
from support.driver import Answer, http_scope
from support.messages import is_final
from support.waiting import SECONDS

from rangeserve import RangeMiddleware, ResponseError

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_folder_is_known")]

DATA = numbered(300_000)
RANGE = [("Range", "bytes=1000-250000")]
WAYS = [pytest.param([], id="whole"), pytest.param(RANGE, id="part")]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film"
    path.write_bytes(DATA)
    return path


class Client:
    """Records, and does something at a certain message."""

    def __init__(self, at: int = 0, act: Callable[[], Any] | None = None) -> None:
        self.answer = Answer()
        self._at = at
        self._act = act

    async def send(self, message: dict[str, Any]) -> None:
        self.answer.messages.append(message)
        if self._act is not None and len(self.answer.messages) == self._at:
            self._act()

    async def receive(self) -> dict[str, Any]:
        await anyio.sleep_forever()
        raise AssertionError

    async def ask(self, app: Any, headers: Any = (), method: str = "GET") -> Answer:
        with anyio.fail_after(SECONDS):
            scope = http_scope(method, headers=headers)
            await RangeMiddleware(app)(scope, self.receive, self.send)
        return self.answer

    @property
    def final(self) -> bool:
        return any(map(is_final, self.answer.messages))


# Refused


def fifo(folder: Path) -> str:
    os.mkfifo(folder / "fifo")
    return str(folder / "fifo")


def loop(folder: Path) -> str:
    (folder / "loop").symlink_to("loop")
    return str(folder / "loop")


def unix_socket(folder: Path) -> str:
    here = os.getcwd()
    os.chdir(folder)  # the path of a socket is at most 108 bytes
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket")
    finally:
        os.chdir(here)
    return str(folder / "socket")


REFUSED: list[Any] = [
    pytest.param(lambda folder: str(folder / "none"), id="missing"),
    pytest.param(str, id="directory"),
    pytest.param(fifo, id="FIFO"),
    pytest.param(unix_socket, id="socket"),
    pytest.param(loop, id="symlink loop"),
    pytest.param(lambda folder: f"{folder}/a\0b", id="NUL"),
    pytest.param(lambda folder: f"{folder}/{'x' * 300}", id="too long"),
    pytest.param(lambda _: "/dev/zero", id="device"),
    pytest.param(lambda _: "/proc/self/status", id="/proc"),
]


@pytest.mark.parametrize("headers", WAYS)
@pytest.mark.parametrize(
    "make_app",
    [
        pytest.param(lambda path: sends_path(path, 10), id="pathsend"),
        pytest.param(hands_over, id="hand_over"),
    ],
)
@pytest.mark.parametrize("make_path", REFUSED)
async def test_refused_promptly_and_before_any_start(
    make_path: Callable[[Path], str], make_app: Any, headers: Any, tmp_path: Path
) -> None:
    path = make_path(tmp_path)
    client = Client()
    before = open_files()
    with pytest.raises((OSError, ValueError, ResponseError)):
        await client.ask(make_app(path), headers)
    assert client.answer.messages == []
    assert open_files() == before


@pytest.mark.parametrize("make_path", REFUSED)
async def test_refused_for_a_head_too(make_path: Callable[[Path], str], tmp_path: Path) -> None:
    client = Client()
    with pytest.raises((OSError, ValueError, ResponseError)):
        await client.ask(hands_over(make_path(tmp_path)), method="HEAD")
    assert client.answer.messages == []


@pytest.mark.parametrize("make_path", REFUSED)
async def test_refused_after_a_start_that_could_not_wait(
    make_path: Callable[[Path], str], tmp_path: Path
) -> None:
    """Without a length it might have been an event stream. It never looks complete."""
    client = Client()
    with pytest.raises((OSError, ValueError, ResponseError)):
        await client.ask(sends_path(make_path(tmp_path)))
    assert [m["type"] for m in client.answer.messages] == ["http.response.start"]


async def test_an_app_that_takes_the_error_for_a_disconnect_is_an_error(tmp_path: Path) -> None:
    """An `OSError` of `send` means that the client has left, for ASGI 2.4: not here."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await sends_path(str(tmp_path / "none"), 10)(scope, receive, send)
        except OSError:
            return

    client = Client()
    with pytest.raises(ResponseError, match="returned"):
        await client.ask(app)
    assert client.answer.messages == []


async def test_the_path_is_in_the_exception_and_in_no_message(tmp_path: Path) -> None:
    client = Client()
    with pytest.raises(FileNotFoundError, match="secret") as caught:
        await client.ask(sends_path(str(tmp_path / "secret"), 10))
    assert caught.value.errno == errno.ENOENT
    assert "secret" not in repr(client.answer.messages)


# Out of descriptors, and a disk that fails


async def test_without_descriptors_this_request_fails_and_the_next_works(film: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    app = sends_path(str(film), len(DATA))
    await Client().ask(app, RANGE)  # so that everything that needs a descriptor has it
    client = Client()
    taken: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
    try:
        while True:
            try:
                taken.append(os.open("/dev/null", os.O_RDONLY))
            except OSError as error:
                assert error.errno == errno.EMFILE  # noqa: PT017
                break
        with pytest.raises(OSError, match="Too many open files") as caught:
            await client.ask(app, RANGE)
    finally:
        for fd in taken:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert caught.value.errno == errno.EMFILE
    assert client.answer.messages == []
    with nothing_left_open(film.parent):
        again = await Client().ask(app, RANGE)
    assert again.body == DATA[1000:250_001]


@pytest.mark.parametrize("headers", WAYS)
@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EAGAIN])
async def test_a_disk_that_fails_is_raised_and_the_descriptor_closed(
    headers: Any, number: int, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0
    pread = os.pread

    def failing(*args: Any) -> bytes:
        nonlocal reads
        reads += 1
        if reads == 2 or headers:
            raise OSError(number, os.strerror(number))
        return pread(*args)

    monkeypatch.setattr(os, "preadv", lambda *_: (_ for _ in ()).throw(BlockingIOError()))
    monkeypatch.setattr(os, "pread", failing)
    client = Client()
    with nothing_left_open(film.parent), pytest.raises(OSError) as caught:  # noqa: PT011
        await client.ask(sends_path(str(film), len(DATA)), headers)
    assert caught.value.errno == number
    assert not client.final
    assert DATA.startswith(client.answer.body, 1000 if headers else 0)


# It changes while it is sent


@pytest.mark.parametrize("headers", WAYS)
@pytest.mark.parametrize("left", [0, 1000, 200_000])
async def test_truncated_while_it_is_sent(headers: Any, left: int, film: Path) -> None:
    client = Client(1 if headers else 2, lambda: os.truncate(film, left))
    with nothing_left_open(film.parent), pytest.raises(ResponseError, match="shorter"):
        await client.ask(sends_path(str(film), len(DATA)), headers)
    assert not client.final
    assert DATA.startswith(client.answer.body, 1000 if headers else 0), "nothing is padded"


def grow(film: Path) -> None:
    with film.open("ab") as out:
        out.write(b"grown" * 100_000)


def replace(film: Path) -> None:
    other = film.with_name("other")
    other.write_bytes(b"other" * 100_000)
    other.replace(film)


def replace_by_fifo(film: Path) -> None:
    film.unlink()
    os.mkfifo(film)


@pytest.mark.parametrize("headers", WAYS)
@pytest.mark.parametrize("change", [grow, Path.unlink, replace, replace_by_fifo])
async def test_what_was_opened_is_sent(headers: Any, change: Any, film: Path) -> None:
    client = Client(2, lambda: change(film))
    with nothing_left_open(film.parent):
        answer = await client.ask(sends_path(str(film), len(DATA)), headers)
    assert answer.complete
    assert answer.body == (DATA[1000:250_001] if headers else DATA)


@pytest.mark.parametrize("headers", WAYS)
@pytest.mark.parametrize("length", [0, 1, len(DATA) - 1, len(DATA) + 1])
async def test_swapped_between_the_apps_fields_and_our_open(
    headers: Any, length: int, film: Path
) -> None:
    """The file that is open counts: a log grows, a file is replaced."""
    with nothing_left_open(film.parent):
        answer = await Client().ask(sends_path(str(film), length), headers)
    assert answer.complete
    assert answer.body == (DATA[1000:250_001] if headers else DATA)


async def test_swapped_under_a_404(film: Path) -> None:
    client = Client()
    with nothing_left_open(film.parent), pytest.raises(ResponseError, match=str(len(DATA))):
        await client.ask(sends_path(str(film), 5, 404))
    assert not client.final


# Cancelled, at each await


@pytest.mark.parametrize(
    ("headers", "at"), [([], 1), ([], 2), ([], 3), (RANGE, 1), (RANGE, 2)], ids=str
)
async def test_cancelled_while_sending(headers: Any, at: int, film: Path) -> None:
    sent = 0

    async def send(message: Any) -> None:
        nonlocal sent
        sent += 1
        if sent == at:
            scope.cancel()
            await anyio.sleep_forever()

    with nothing_left_open(film.parent), anyio.CancelScope() as scope:
        app = RangeMiddleware(sends_path(str(film), len(DATA)))
        await app(http_scope(headers=headers), anyio.sleep_forever, send)
        raise AssertionError("it was not cancelled")
    assert sent == at


@pytest.mark.parametrize("turns", range(12))
async def test_cancelled_after_any_number_of_turns(
    turns: int, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it waits just then: opening, probing, reading, sending."""
    monkeypatch.setattr(os, "preadv", lambda *_: (_ for _ in ()).throw(BlockingIOError()))

    async def send(message: Any) -> None:
        await anyio.lowlevel.checkpoint()

    with nothing_left_open(film.parent):
        async with anyio.create_task_group() as group:
            app = RangeMiddleware(sends_path(str(film), len(DATA)))
            group.start_soon(app, http_scope(headers=RANGE), anyio.sleep_forever, send)
            for _ in range(turns):
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()


UNREADABLE = """
import os, sys
sys.path[:0] = {paths!r}
import anyio, anyio._backends._asyncio, anyio.to_thread
from rangeserve import RangeMiddleware

async def app(scope, receive, send):
    fields = [(b"content-length", b"10")]
    await send({{"type": "http.response.start", "status": 200, "headers": fields}})
    await send({{"type": "http.response.pathsend", "path": {path!r}}})

async def main():
    await anyio.to_thread.run_sync(lambda: None)
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    sent = []
    async def send(message):
        sent.append(message)
    before = len(os.listdir("/proc/self/fd"))
    scope = {{"type": "http", "method": "GET", "path": "/", "headers": []}}
    try:
        await RangeMiddleware(app)(scope, anyio.sleep_forever, send)
    except PermissionError:
        assert len(os.listdir("/proc/self/fd")) == before
        print("refused", sent)

anyio.run(main)
"""


def test_unreadable(film: Path) -> None:
    """In a process of its own, as nobody: root may read everything."""
    film.chmod(0)
    paths = [path for path in sys.path if path]
    code = UNREADABLE.format(paths=paths, path=str(film))
    # As nobody it can write no coverage data either.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=env,
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )
    assert done.stdout == "refused []\n", done.stderr
