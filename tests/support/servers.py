"""Real servers as real processes on loopback, each on a free port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"

# name -> the command after `python -m`, with {app} and {port} to be filled in
COMMANDS: dict[str, tuple[str, ...]] = {
    "hypercorn": ("hypercorn", "{app}", "-b", "127.0.0.1:{port}", "--log-level", "warning"),
    "hypercorn-trio": (
        "hypercorn", "{app}", "-b", "127.0.0.1:{port}", "-k", "trio", "--log-level", "warning",
    ),
    "uvicorn-h11": (
        "uvicorn", "{app}", "--port", "{port}", "--http", "h11", "--log-level", "warning",
    ),
    "uvicorn-httptools": (
        "uvicorn", "{app}", "--port", "{port}", "--http", "httptools", "--log-level", "warning",
    ),
    "hypercorn-uvloop": (
        "hypercorn", "{app}", "-b", "127.0.0.1:{port}", "-k", "uvloop", "--log-level", "warning",
    ),
    "anycorn": ("anycorn", "{app}", "-b", "127.0.0.1:{port}", "--log-level", "warning"),
    "anycorn-trio": (
        "anycorn", "{app}", "-b", "127.0.0.1:{port}", "-k", "trio", "--log-level", "warning",
    ),
    "granian": (
        "granian", "{app}", "--interface", "asgi", "--host", "127.0.0.1", "--port", "{port}",
        "--log-level", "warning",
    ),
    "daphne": ("daphne", "-b", "127.0.0.1", "-p", "{port}", "-v", "0", "{app}"),
}  # fmt: skip


@dataclass
class Server:
    """A server that listens; `log` is what it has printed so far."""

    port: int
    process: subprocess.Popen[bytes]
    _log: Path

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    command: Sequence[str],
    *,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    port: int | None = None,
    ready_in: float = 30.0,
) -> Iterator[Server]:
    """Start `command` ({port} filled in), wait until it listens, and end it afterwards."""
    port = port if port is not None else free_port()
    filled = [part.replace("{port}", str(port)) for part in command]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        with log.open("wb") as out:
            process = subprocess.Popen(
                filled, cwd=cwd, env={**os.environ, **(env or {})}, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip
        server = Server(port, process, log)
        try:
            _wait_until_ready(server, ready_in)
            yield server
        finally:
            _end(process)


@contextmanager
def serving(
    name: str,
    app: str,
    *,
    cwd: Path | str,
    env: Mapping[str, str] | None = None,
    extra: Sequence[str] = (),
) -> Iterator[Server]:
    """One of `COMMANDS` with `app` (`module:attribute`, importable from `cwd`)."""
    command = [sys.executable, "-m", *(part.replace("{app}", app) for part in COMMANDS[name])]
    with running([*command, *extra], cwd=cwd, env=env) as server:
        yield server


def _wait_until_ready(server: Server, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise RuntimeError(f"ended with {server.process.returncode}:\n{server.log}")
        try:
            socket.create_connection((HOST, server.port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"did not listen within {seconds} s:\n{server.log}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
