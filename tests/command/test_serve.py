"""`python -m rangeserve` as people run it: a real process, its lines and its exit codes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ResponseReceived
from hypercorn.config import Config
from support.command import Command, start
from support.content import numbered
from support.driver import ask, http_scope
from support.pages import blocks
from support.wire import Connection, Response, fetch

from rangeserve.__main__ import main
from rangeserve._command.options import read_bind
from rangeserve._command.server import at_the_pace_of_clients
from rangeserve.directory import DirectoryApp

BODY = numbered(100_000)
PAGE = Path(__file__).parents[2] / "docs" / "directory.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    (folder / "sub").mkdir()
    (folder / "film.mp4").write_bytes(BODY)
    (folder / "ünï cöde.txt").write_bytes(b"text")
    (folder / ".hidden").write_bytes(b"hidden")
    with (folder / "large.bin").open("wb") as file:
        file.truncate(1 << 30)  # a hole; nobody reads it to the end
    return folder


@pytest.fixture(scope="module")
def command(folder: Path) -> Iterator[Command]:
    """One for all: each test takes the lines of its own requests."""
    with Command("--bind", "127.0.0.1:0", cwd=folder) as command:
        yield command


def test_a_range_over_the_wire(command: Command) -> None:
    with Connection(command.port) as connection:
        first = connection.request("GET", "/film.mp4", [("Range", "bytes=10-19")])
        assert (first.status, first.body) == (206, BODY[10:20])
        assert first["content-range"] == f"bytes 10-19/{len(BODY)}"
        again = connection.request("GET", "/film.mp4", [("If-None-Match", first["etag"])])
        assert again.status == 304
        head = connection.request("HEAD", "/film.mp4")
        assert head["content-length"] == str(len(BODY))
        whole = connection.request("GET", "/film.mp4")
        assert (whole.status, whole["content-type"], whole.body) == (200, "video/mp4", BODY)
    assert [command.line().split()[3] for _ in range(4)] == ["206", "304", "200", "200"]


def test_a_target_that_climbs(command: Command) -> None:
    for target in ("/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd"):
        assert fetch(command.port, target).status == 404
    assert fetch(command.port, "//sub").get("location") == "/sub/"
    assert [command.line().split()[3] for _ in range(4)] == ["404", "404", "404", "301"]


@pytest.mark.parametrize(
    ("method", "target", "header", "line"),
    [
        pytest.param(
            "GET", "/film.mp4", None, "200 100000 B", id="whole"
        ),
        pytest.param(
            "GET", "/film.mp4?t=1", "bytes=10-19", "206 bytes 10-19/100000 10 B", id="one range"
        ),
        pytest.param(
            "GET", "/film.mp4", "bytes=-5", "206 bytes 99995-99999/100000 5 B", id="suffix"
        ),
        pytest.param(
            "GET", "/film.mp4", "bytes=0-0,5-5", "206 bytes 0-0,5-5/100000 NNN B", id="several"
        ),
        pytest.param(
            "GET", "/film.mp4", "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 40, 2)),
            "206 bytes 0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,+12/100000 NNN B", id="many",
        ),
        pytest.param(
            "GET", "/film.mp4", "lines=0-1",
            "200 100000 B; Range not honoured: the range unit is not bytes", id="unit",
        ),
        pytest.param(
            "GET", "/film.mp4", "bytes=100000-",
            "416 0 B; Range not honoured: no range selects a byte of the representation", id="416",
        ),
        pytest.param("HEAD", "/film.mp4", None, "200 0 B", id="HEAD"),
        pytest.param("POST", "/film.mp4", None, "405 42 B", id="POST"),
        pytest.param("GET", "/%c3%bcn%c3%af%20c%C3%B6de.txt", None, "200 4 B", id="quoted"),
        pytest.param("GET", "/none", None, "404 43 B", id="nothing there"),
        pytest.param("GET", "/sub?a", None, "301 31 B", id="redirect"),
        pytest.param("GET", "/.hidden", None, "404 43 B", id="hidden"),
    ],
)  # fmt: skip
def test_an_access_line_for_each_request(
    command: Command, method: str, target: str, header: str | None, line: str
) -> None:
    fetch(command.port, target, [("Range", header)] if header else [], method)
    what, _, remark = line.partition("; ")
    pattern = re.escape(f"127.0.0.1 {method} {target} {what}").replace("NNN", r"\d+")
    pattern += r" \d+\.\d ms" + (re.escape(f"; {remark}") if remark else "")
    logged = command.line()
    assert re.fullmatch(pattern, logged), logged


def test_a_client_that_leaves_is_named_so(command: Command) -> None:
    with Connection(command.port) as connection:
        connection.send("GET", "/large.bin")
        connection.read_head()
        connection.take(1)
    line = command.line()
    assert line.endswith(" ms; the client left")
    sent = re.search(r" 200 (\d+) B ", line)
    assert sent
    assert int(sent[1]) < 1 << 30


@pytest.mark.parametrize("seconds", [None, 0], ids=["closed", "reset"])
@pytest.mark.parametrize("count", [1, 1 << 23])
def test_a_client_that_leaves_is_a_line_and_no_more(
    command: Command, seconds: int | None, count: int
) -> None:
    """asyncio logs each write to a lost connection, after the first five."""
    for _ in range(10):
        with Connection(command.port) as connection:
            connection.send("GET", "/large.bin")
            connection.read_head()
            connection.take(count)
            if seconds is not None:
                linger = struct.pack("ii", 1, seconds)
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        assert command.line().endswith(" ms; the client left")
    assert command.lines.empty()


def test_ctrl_c_ends_quietly(folder: Path) -> None:
    with Command("--port", "0", cwd=folder) as command:
        assert command.greeting.startswith(f"Serving {folder} at http://127.0.0.1:")
        assert command.greeting.endswith(" (Ctrl-C to stop)\n")
        with Connection(command.port) as connection:  # of a client that reads no further
            connection.send("GET", "/large.bin")
            connection.read_head()
            os.kill(command.process.pid, signal.SIGINT)
            assert command.process.wait(20) == 0
    lines = []
    while not command.lines.empty():
        lines.append(command.lines.get())
    assert len(lines) == 1
    assert " GET /large.bin 200 " in lines[0]
    assert lines[0].endswith("; cut off")  # the client is still there


def test_everything_when_asked_for(folder: Path) -> None:
    with Command("--all", "--cors", "-p", "0", str(folder), cwd=folder) as command:
        answer = fetch(command.port, "/.hidden")
        assert answer.body == b"hidden"
        assert answer["access-control-allow-origin"] == "*"
        assert answer.get("cross-origin-resource-policy") is None


def test_folders_as_archives_when_asked_for(folder: Path, command: Command) -> None:
    assert fetch(command.port, "/sub/?zip")["content-type"] == "text/html; charset=utf-8"
    assert " GET /sub/?zip 200 " in command.line()
    with Command("--zip", "-p", "0", cwd=folder) as zipping:
        assert fetch(zipping.port, "/sub/?zip").body[:4] == b"PK\x05\x06"  # nothing is in it
        assert zipping.line().startswith("127.0.0.1 GET /sub/?zip 200 22 B ")


def asked_as(command: Command, host: str, target: str = "/film.mp4") -> Response:
    with Connection(command.port) as connection:
        connection.socket.sendall(f"HEAD {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        return connection.read("HEAD")


def test_a_page_whose_name_leads_here_reads_nothing(folder: Path, command: Command) -> None:
    """DNS rebinding: the request of a page of evil.example has its name as the Host."""
    for host in ("127.0.0.1", f"localhost:{command.port}", "[::1]"):
        answer = asked_as(command, host)
        assert answer.status == 200
        assert answer["cross-origin-resource-policy"] == "same-origin"
    for target in ("/film.mp4", "/", "/none"):
        assert asked_as(command, "evil.example", target).status == 421
    assert [command.line().split()[3] for _ in range(6)] == ["200"] * 3 + ["421"] * 3
    with Command("-p", "0", "--allow-host", "Box.example", cwd=folder) as other:
        assert asked_as(other, "box.example:80").status == 200
        assert asked_as(other, "evil.example").status == 421


@pytest.mark.parametrize(
    ("arguments", "warnings"),
    [
        pytest.param([], [], id="none"),
        pytest.param(["--all"], ["hidden files are served"], id="hidden"),
        pytest.param(["-b", "0.0.0.0"], ["whoever can reach this machine"], id="every network"),
        pytest.param(["/"], ["/ is the whole file system"], id="everything"),
        pytest.param(
            ["-b", "0.0.0.0", "--all", "/"],
            ["whoever can reach", "/ is the whole", "hidden files"],
            id="all of it",
        ),
    ],
)
def test_a_line_of_warning(folder: Path, arguments: list[str], warnings: list[str]) -> None:
    with Command("-p", "0", *arguments, cwd=folder) as command:
        assert fetch(command.port, "/none").status == 404
        for warning in warnings:
            assert command.line().startswith(f"rangeserve: warning: {warning}")
        assert " GET /none 404 " in command.line()


def test_a_wide_bind_answers_to_any_name_unless_told(folder: Path) -> None:
    for arguments, status in (([], 200), (["--allow-host", "box"], 421)):
        with Command("-b", "0.0.0.0", "-p", "0", *arguments, cwd=folder) as command:
            assert asked_as(command, "machine.lan").status == status


def test_a_method_and_a_path_of_http_2_that_no_other_could_send(command: Command) -> None:
    config = H2Configuration(
        header_encoding=None, validate_outbound_headers=False, normalize_outbound_headers=False
    )
    client = H2Connection(config)
    client.initiate_connection()
    asked = [(b"GET", b"film.mp4"), (b"GET", b"x/film.mp4"), (b"A B\x1b[2J", b"/film.mp4")]
    for number, (method, path) in enumerate(asked):
        fields = [(b":method", method), (b":path", path), (b":scheme", b"http")]
        fields.append((b":authority", b"localhost"))
        client.send_headers(2 * number + 1, fields, end_stream=True)
    statuses: dict[int, bytes] = {}
    with socket.create_connection(("127.0.0.1", command.port), timeout=20) as connection:
        connection.sendall(client.data_to_send())
        while len(statuses) < len(asked):
            received = connection.recv(65536)
            assert received
            for event in client.receive_data(received):
                if isinstance(event, ResponseReceived):
                    assert event.stream_id is not None
                    statuses[event.stream_id] = dict(event.headers or ())[b":status"]
    assert statuses == {1: b"400", 3: b"400", 5: b"405"}
    logged = sorted(command.line() for _ in asked)
    assert [line.split()[1:4] for line in logged] == [
        ["A%20B%1B[2J", "/film.mp4", "405"],
        ["GET", "film.mp4", "400"],
        ["GET", "x/film.mp4", "400"],
    ]


def test_scripts_of_files_are_not_run_if_asked_for(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(b"<script>alert(1)</script>")
    with Command("--sandbox", "-p", "0", cwd=tmp_path) as command:
        assert fetch(command.port, "/page.html")["content-security-policy"] == "sandbox"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1", ("127.0.0.1", None)),
        ("127.0.0.1:80", ("127.0.0.1", 80)),
        ("localhost:0", ("localhost", 0)),
        ("::1", ("::1", None)),
        ("::", ("::", None)),
        ("[::1]", ("::1", None)),
        ("[::1]:80", ("::1", 80)),
        ("fe80::1%lo", ("fe80::1%lo", None)),
    ],
)
def test_what_bind_means(text: str, expected: tuple[str, int | None]) -> None:
    assert read_bind(text) == expected


def test_ipv6(folder: Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:  # this machine has none, and that is what is said
        process = start("--bind", "[::1]:0", cwd=folder)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out) == (2, "")
        assert err.startswith("rangeserve: ")
        assert "::1" in err
        return
    with Command("--bind", "::1", "--port", "0", cwd=folder) as command:
        assert " at http://[::1]:" in command.greeting
        with socket.create_connection(("::1", command.port), timeout=20) as client:
            client.sendall(b"GET /film.mp4 HTTP/1.1\r\nHost: [::1]\r\nRange: bytes=0-0\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 206 ")
        assert command.line().startswith("::1 GET /film.mp4 206 bytes 0-0/100000 1 B ")


def test_what_cannot_be_served_is_said_in_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for arguments, sentence in [
            ([str(folder / "none")], f"no such file or directory: {folder}/none"),
            ([str(folder / "film.mp4")], f"not a folder: {folder}/film.mp4"),
            (
                ["http://127.0.0.1/"],
                "no such file or directory: http://127.0.0.1/; `rangeserve check URL` asks a URL",
            ),
            (
                [str(folder), "--port", str(port)],
                f"127.0.0.1:{port} is in use; --port 0 takes a free port",
            ),
            (
                [str(folder), "--bind", "192.0.2.1:0"],
                "cannot listen on 192.0.2.1:0: cannot assign requested address",
            ),
        ]:
            assert main(arguments) == 2
            out, err = capsys.readouterr()
            assert (out, err) == ("", f"rangeserve: {sentence}\n")
    for name in ("no-such-host.invalid", "x" * 70):
        assert main([str(folder), "--bind", name]) == 2
        assert capsys.readouterr().err.startswith(f"rangeserve: no such address: {name}")


def test_without_hypercorn(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "hypercorn.asyncio", None)
    assert main([str(folder)]) == 2
    assert capsys.readouterr().err == (
        "rangeserve: Hypercorn is missing; install it with: pip install 'rangeserve[serve]'\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "65536"],
        ["--port", "-1"],
        ["--port", "8_0"],
        ["--port", "9" * 5000],
        ["--bind", ""],
        ["--bind", "127.0.0.1:http"],
        ["--bind", "[::1"],
        ["--bind", "127.0.0.1:99999"],
        ["--unheard-of"],
        ["--header", "Name"],
        ["--header", "Content-Length: 1"],
        ["--cache", "*.js"],
        ["--cache", "=no-store"],
        ["--cache", "*.js=a\r\nb"],
        ["one", "two"],
    ],
)
def test_bad_arguments(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_no_traceback_from_a_real_process(folder: Path) -> None:
    process = start(str(folder / "none"), cwd=folder)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (2, "")
    assert err == f"rangeserve: no such file or directory: {folder}/none\n"


def test_a_root_that_cannot_be_printed_and_nobody_who_reads(tmp_path: Path) -> None:
    root = tmp_path / "ünï ✓"
    root.mkdir()
    (root / "a.txt").write_bytes(b"text")
    process = subprocess.Popen(
        [sys.executable, "-m", "rangeserve", "-p", "0", str(root)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        greeting = process.stdout.readline().decode("ascii")
        assert "\\xfcn\\xef \\u2713 at http://" in greeting
        process.stderr.close()
        found = re.search(r":(\d+)/", greeting)
        assert found
        for _ in range(3):
            assert fetch(int(found[1]), "/a.txt").body == b"text"
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


@pytest.mark.anyio
async def test_a_hypercorn_that_is_not_known_gets_http_1_only(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hypercorn.protocol.h2.StreamBuffer", None)
    config = Config()
    app = at_the_pace_of_clients(DirectoryApp(folder), config)
    assert config.alpn_protocols == ["http/1.1"]
    scope = http_scope(path="/film.mp4")
    statuses = {}
    for version in ("1.0", "1.1", "2", "3"):
        statuses[version] = (await ask(app, scope={**scope, "http_version": version})).status
    assert statuses == {"1.0": 200, "1.1": 200, "2": 505, "3": 505}


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    for option in (
        *("--bind", "--port", "--all", "--zip", "--cors", "--sandbox", "--allow-host", "--version"),
        *("--open", "--qr", "--password-file", "--certificate", "--key", "--precompressed"),
        *("--cache", "--header"),
        "directory",
    ):
        assert option in shown


def test_the_page_shows_what_is_printed(tmp_path: Path) -> None:
    """The blocks of docs/directory.md that only this file can run."""
    first, second = [
        block.code.splitlines()
        for block in blocks(PAGE.read_text(encoding="utf-8"))
        if block.mark == "run by: tests/command/test_serve.py"
    ]
    (tmp_path / "Videos").mkdir()
    (tmp_path / "Videos" / "talk.mp4").write_bytes(bytes(300_000))
    prompt, greeting, *lines = first
    arguments = prompt.removeprefix("$ python -m rangeserve ").split()
    with Command(*arguments, "--port", "0", cwd=tmp_path) as command:
        shown = greeting.replace("/home/me", str(tmp_path.resolve()))
        assert command.greeting == shown.replace(":8000", f":{command.port}") + "\n"
        etag = fetch(command.port, "/talk.mp4", method="HEAD")["etag"]
        command.line()
        for line, target, header in [
            (lines[0], "/", ("Accept", "text/html")),
            (lines[1], "/talk.mp4", ("Range", "bytes=0-")),
            (lines[2], "/talk.mp4", ("Range", "bytes=250000-")),
            (lines[3], "/talk.mp4", ("If-None-Match", etag)),
            (second[0], "/talk.mp4", ("Range", "bytes=0-9,100-109")),
            (second[1], "/talk.mp4", ("Range", "lines=0-1")),
            (second[2], "/talk.mp4", ("Range", "bytes=300000-")),
        ]:
            fetch(command.port, target, [header])
            logged = re.sub(r"[\d.]+ ms", "", command.line())
            assert logged == re.sub(r"[\d.]+ ms", "", line)
    assert len(lines) == 4
    assert len(second) == 3


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv (util-linux) is missing")
def test_a_folder_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    """Also by root, once it has no more rights than others."""
    locked = tmp_path / "locked"
    locked.mkdir(mode=0)
    command = [sys.executable, "-m", "rangeserve", "-p", "0", str(locked)]
    if os.geteuid() == 0:
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60)
    locked.chmod(0o700)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"rangeserve: permission denied: {locked}\n"


def test_what_ends_a_response_is_told_apart(tmp_path: Path) -> None:
    """A client that leaves, a file that becomes shorter, and a server that is stopped."""
    for name in ("left.bin", "short.bin", "stopped.bin"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(1 << 30)
    with Command("-p", "0", cwd=tmp_path) as command:
        with Connection(command.port) as connection:
            connection.send("GET", "/left.bin")
            connection.read_head()
        assert command.line().endswith("; the client left")
        with Connection(command.port) as connection:
            connection.send("GET", "/short.bin")
            connection.read_head()
            os.truncate(tmp_path / "short.bin", 1000)
            connection.rest()
        assert command.line().endswith(
            "; cut off: the file became shorter while it was sent: 'short.bin'"
        )
        with Connection(command.port) as connection:
            connection.send("GET", "/stopped.bin")
            connection.read_head()
            command.process.send_signal(signal.SIGTERM)
            assert command.process.wait(20) == 0
        line = command.line()
        assert " GET /stopped.bin " in line
        assert line.endswith("; cut off")
        assert command.lines.empty()  # no traceback of what the lines have told
