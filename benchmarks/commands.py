"""Commands that serve a folder, side by side: what each answers to real requests, and how fast.

python -m benchmarks.commands               # prints the table of docs/directory.md
CADDY=/path/to/caddy python -m benchmarks.commands

A command that is not installed (PATH, or a variable with its name in capitals) is named below the
table and has no column. Each serves the same folder on 127.0.0.1, with its options for what is
asked. The speeds are those of one client, and are given as ratios: machines differ.
"""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
BODY: Final = bytes(range(256)) * 40
_LARGE: Final = 512 << 20
_WAIT_SECONDS: Final = 20.0
_PORTION: Final = 1 << 20


@dataclass(frozen=True)
class Command:
    """A command: how it is started, for a port and a folder, and which version it is."""

    name: str
    version: str
    arguments: Callable[[int, str], list[str]]


@dataclass(frozen=True)
class Answer:
    """A response to a request."""

    status: int
    fields: Mapping[str, str]
    body: bytes


def installed() -> tuple[list[Command], list[str]]:
    """The commands that are there, rangeserve first, and the names of those that are not."""
    python = [sys.executable, "-m"]
    found = [
        Command(
            "rangeserve",
            version("rangeserve"),
            lambda port, folder: [
                *python,
                "rangeserve",
                "-p",
                str(port),
                "--precompressed",
                folder,
            ],
        ),
        Command(
            "http.server",
            ".".join(map(str, sys.version_info[:3])),
            lambda port, folder: [
                *(*python, "http.server", "-b", HOST, "-d", folder, str(port)),
                *(("-p", "HTTP/1.1") if sys.version_info >= (3, 11) else ()),
            ],
        ),
    ]
    missing: list[str] = []
    if find_spec("RangeHTTPServer") is not None:
        found.append(
            Command(
                "RangeHTTPServer",
                version("rangehttpserver"),
                lambda port, folder: [*python, "RangeHTTPServer", "-b", HOST, str(port)],
            )
        )
    else:
        missing.append("RangeHTTPServer")
    programs: dict[str, Callable[[str, int, str], list[str]]] = {
        "http-server": lambda program, port, folder: [
            *(program, folder, "-p", str(port), "-a", HOST, "-s", "--gzip", "--brotli")
        ],
        "caddy": lambda program, port, folder: [
            *(program, "file-server", "--browse", "--root", folder),
            *("--listen", f"{HOST}:{port}"),
        ],
        "dufs": lambda program, port, folder: [program, folder, "-p", str(port), "-b", HOST],
        "miniserve": lambda program, port, folder: [program, folder, "-p", str(port), "-i", HOST],
    }
    for name, start in programs.items():
        program = os.environ.get(name.upper().replace("-", "_")) or shutil.which(name)
        if program is None:
            missing.append(name)
            continue
        asked = "version" if name == "caddy" else "--version"
        printed = subprocess.run([program, asked], capture_output=True, text=True, timeout=30)
        found.append(
            Command(
                name,
                printed.stdout.strip().split("\n")[0].removeprefix(name).strip().lstrip("v"),
                lambda port, folder, start=start, program=program: start(program, port, folder),
            )
        )
    return found, missing


def make_folder(folder: Path) -> None:
    """Write the files that are asked for, and one beside the folder that must not be served."""
    folder.mkdir()
    (folder.parent / "outside.txt").write_bytes(b"outside")
    files = {
        "a.bin": BODY,
        "a.txt": b"text",
        "app.js": b"the script",
        "app.js.br": b"by br",
        "app.js.gz": b"by gzip",
        ".hidden": b"hidden",
        "sub/b.txt": b"b",
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "out.txt").symlink_to("../outside.txt")
    with (folder / "large.bin").open("wb") as file:
        file.truncate(_LARGE)


@contextmanager
def running(command: Command, folder: Path) -> Iterator[int]:
    """The port at which `command` serves `folder`."""
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
    process = subprocess.Popen(
        command.arguments(port, str(folder)),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "XDG_DATA_HOME": str(folder.parent), "HOME": str(folder.parent)},
    )
    try:
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                socket.create_connection((HOST, port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command.name} does not serve") from None
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(_WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def ask(port: int, target: str, **fields: str) -> Answer:
    """The response to a GET of `target`, which is sent as it is written."""
    connection = http.client.HTTPConnection(HOST, port, timeout=_WAIT_SECONDS)
    try:
        connection.putrequest("GET", target, skip_host="Host" in fields, skip_accept_encoding=True)
        for name, value in fields.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        response = connection.getresponse()
        fields_of = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, fields_of, response.read())
    finally:
        connection.close()


def _range(port: int) -> bool:
    answer = ask(port, "/a.bin", Range="bytes=10-19")
    return (answer.status, answer.body) == (206, BODY[10:20])


def _suffix(port: int) -> bool:
    answer = ask(port, "/a.bin", Range="bytes=-7")
    return (answer.status, answer.body) == (206, BODY[-7:])


def _several(port: int) -> bool:
    answer = ask(port, "/a.bin", Range="bytes=0-9,5000-5009")
    is_multipart = answer.fields.get("content-type", "").startswith("multipart/byteranges")
    return answer.status == 206 and is_multipart and answer.body.count(BODY[:10]) >= 1


def _unsatisfiable(port: int) -> bool:
    answer = ask(port, "/a.bin", Range="bytes=99999-")
    return (answer.status, answer.fields.get("content-range")) == (416, f"bytes */{len(BODY)}")


def _strong_tag(port: int) -> bool:
    return ask(port, "/a.bin").fields.get("etag", "W/").startswith('"')


def _if_range(port: int) -> bool:
    """Of a file that has changed since, a client that resumes gets all."""
    old = ask(port, "/a.bin", Range="bytes=10-19", If_Range='"another"')
    return _range(port) and (old.status, old.body) == (200, BODY)


def _if_none_match(port: int) -> bool:
    tag = ask(port, "/a.bin").fields.get("etag")
    return tag is not None and ask(port, "/a.bin", If_None_Match=tag).status == 304


def _dot(port: int) -> bool:
    return (ask(port, "/./a.txt").status, ask(port, "/./a.txt").body) == (200, b"text")


def _link_out(port: int) -> bool:
    return ask(port, "/out.txt").body != b"outside"


def _hidden(port: int) -> bool:
    return ask(port, "/.hidden").body != b"hidden"


def _coded(port: int) -> bool:
    coded = ask(port, "/app.js", Accept_Encoding="br, gzip;q=0.5")
    is_coded = (coded.body, coded.fields.get("content-encoding")) == (b"by br", "br")
    return is_coded and ask(port, "/app.js").body == b"the script"


def _varies(port: int) -> bool:
    """A cache is told that the answer depends on Accept-Encoding, whichever it is."""
    both = [ask(port, "/app.js", Accept_Encoding=each) for each in ("br", "identity")]
    told = all("accept-encoding" in each.fields.get("vary", "").lower() for each in both)
    return _coded(port) and told


def _refused_coding(port: int) -> bool:
    """`br;q=0` is a refusal."""
    answer = ask(port, "/app.js", Accept_Encoding="br;q=0, gzip")
    return (answer.body, answer.fields.get("content-encoding")) == (b"by gzip", "gzip")


def _listing(port: int) -> bool:
    answer = ask(port, "/", Accept="text/html")
    return answer.status == 200 and b"a.txt" in answer.body


def _other_name(port: int) -> bool:
    return ask(port, "/a.txt", Host="evil.example").body != b"text"


_ONE_RANGE: Final = "one range: `206`"
PROBES: Final[Mapping[str, Callable[[int], bool]]] = {
    _ONE_RANGE: _range,
    "a suffix range": _suffix,
    "several ranges: `multipart/byteranges`": _several,
    "no such range: `416` with the length": _unsatisfiable,
    "a strong `ETag`": _strong_tag,
    "`If-Range` with another tag: `200`": _if_range,
    "`If-None-Match`: `304`": _if_none_match,
    "`/./a.txt` is `/a.txt`": _dot,
    "a link that leads out is refused": _link_out,
    "hidden files are refused": _hidden,
    "another site's name is refused (DNS rebinding)": _other_name,
    "coded siblings (`app.js.br`)": _coded,
    "`Vary` with and without the coding": _varies,
    "`br;q=0` is a refusal": _refused_coding,
    "a listing": _listing,
}


def probe(port: int) -> dict[str, bool]:
    """Which of the `PROBES` a server passes."""
    return {name: passes(port) for name, passes in PROBES.items()}


def seconds_for_large(port: int) -> float:
    """The seconds that a download of 512 MiB takes."""
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    buffer, received, began = memoryview(bytearray(_PORTION)), 0, time.perf_counter()
    connection.request("GET", "/large.bin", headers={"Accept-Encoding": "identity"})
    response = connection.getresponse()
    while count := response.readinto(buffer):
        received += count
    connection.close()
    if received != _LARGE:
        raise RuntimeError(f"{received} bytes came")
    return time.perf_counter() - began


def seconds_for_seeks(port: int) -> float:
    """The seconds that 200 seeks take: each asks for the rest, reads 64 KiB of it, and leaves."""
    began = time.perf_counter()
    for number in range(200):
        connection = http.client.HTTPConnection(HOST, port, timeout=60)
        start = number * 2_000_003 % (_LARGE - 65536)
        connection.request("GET", "/large.bin", headers={"Range": f"bytes={start}-"})
        connection.getresponse().read(65536)
        connection.close()
    return time.perf_counter() - began


def table(commands: list[Command], rounds: int = 5) -> str:
    """The table in Markdown; the speeds take `rounds`, in which each command has its turn."""
    passed: dict[str, dict[str, bool]] = {}
    times: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "folder"
        make_folder(folder)
        for command in commands:
            with running(command, folder) as port:
                passed[command.name] = probe(port)
        for _ in range(rounds):
            for command in commands:
                with running(command, folder) as port:
                    for what, measure in _TIMED.items():
                        if measure is seconds_for_seeks and not passed[command.name][_ONE_RANGE]:
                            continue
                        taken = times.setdefault(what, {}).setdefault(command.name, [])
                        taken.append(measure(port))
    lines = ["| | " + " | ".join(f"{each.name} {each.version}" for each in commands) + " |"]
    lines.append("| --- |" + " --- |" * len(commands))
    for name in PROBES:
        marks = ["yes" if passed[each.name][name] else "no" for each in commands]
        lines.append(f"| {name} | {' | '.join(marks)} |")
    for what, taken in times.items():
        ours = statistics.median(taken["rangeserve"])
        ratios = {name: f"{statistics.median(of) / ours:.1f}" for name, of in taken.items()}
        lines.append(f"| {what} | {' | '.join(ratios.get(each.name, '') for each in commands)} |")
    return "\n".join(lines)


_TIMED: Final = {
    "time of a download of 512 MiB": seconds_for_large,
    "time of 200 seeks in it": seconds_for_seeks,
}


def main() -> None:
    """Print the table, and which commands are not installed."""
    commands, missing = installed()
    print(table(commands))
    if missing:
        print(f"\nNot installed: {', '.join(missing)}.")


if __name__ == "__main__":
    main()
