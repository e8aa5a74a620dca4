"""Servers as processes on loopback, and the CPU time and memory that they use."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["HOST", "LOOPS", "SERVERS", "Server", "free_port", "on_loops", "start"]

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[1]

_UVICORN = (
    *("-m", "uvicorn", "{app}", "--port", "{port}", "--log-level", "warning"),
    *("--http", "httptools", "--no-access-log"),
)
_PYTHON: dict[str, tuple[str, ...]] = {
    "hypercorn": (
        *("-m", "hypercorn", "{app}", "-b", "127.0.0.1:{port}", "--log-level", "warning"),
        *("-c", "{scratch}/hypercorn.toml"),
    ),
    "uvicorn": (*_UVICORN, "--loop", "uvloop"),
    "uvicorn-asyncio": (*_UVICORN, "--loop", "asyncio"),
    "granian": (
        *("-m", "granian", "{app}", "--interface", "asgi", "--host", "127.0.0.1"),
        *("--port", "{port}", "--workers", "1", "--log-level", "warning", "--no-ws"),
    ),
    "aiohttp": ("-m", "{module}", "{port}"),
}
SERVERS = (*_PYTHON, "nginx")
# The event loops of uvicorn -> the name of uvicorn on them.
LOOPS = {"uvloop": "uvicorn", "asyncio": "uvicorn-asyncio"}

# By default Hypercorn closes a connection after 1,000 requests, which is not to be measured.
_HYPERCORN = "keep_alive_max_requests = 1_000_000_000\n"

_NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{
    access_log off; default_type video/mp4; sendfile on; tcp_nopush off;
    keepalive_requests 10000000;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    server {{
        listen 127.0.0.1:{port};
        location /files/ {{ alias {files}/; }}
        location = /tiny {{ default_type application/json; return 200 '{{"hello": "world"}}'; }}
    }}
}}
"""


def on_loops(servers: Iterable[str], loops: Iterable[str]) -> list[str]:
    """`servers` with uvicorn on each of these event loops; `ValueError` for an unknown name."""
    servers, loops = list(servers), list(loops)
    for names, known in ((servers, SERVERS), (loops, LOOPS)):
        unknown = set(names) - set(known)
        if unknown:
            raise ValueError(f"not one of {', '.join(known)}: {', '.join(sorted(unknown))}")
    others = [server for server in servers if server not in LOOPS.values()]
    if len(others) == len(servers):
        return others
    return [*(LOOPS[loop] for loop in loops), *others]


def free_port() -> int:
    """A port on which no process listens."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """A server process with its children. With `slow` it cannot seek, and gets one request."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    slow: bool = False

    @property
    def pids(self) -> list[int]:
        """The ids of the process and of its descendants."""
        found = [self.process.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended
                    found += map(int, task.read_text().split())
        return found

    def cpu(self) -> float:
        """The seconds of CPU time used so far, by all threads and children.

        Linux has a clock with nanosecond resolution for each process, whose id is made from the
        process id.
        """
        return sum(time.clock_gettime((~pid << 3) | 2) for pid in self.pids)

    def memory(self) -> int:
        """The resident anonymous memory, in bytes."""
        total = 0
        for pid in self.pids:
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("RssAnon:"):
                    total += int(line.split()[1]) * 1024
        return total

    def stop(self) -> None:
        """Terminate the process group of the server; kill it after 5 seconds."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(5)


def start(server: str, app: str, files: Path, scratch: Path) -> Server:
    """Start `app` on a server, and wait until the server listens.

    `app` is a module of `benchmarks.apps` with an attribute, such as `bare:ranged`.
    `RuntimeError` if the server does not listen within 30 seconds.
    """
    port = free_port()
    if server == "nginx":
        folder = scratch / f"nginx-{port}"
        folder.mkdir()
        conf = folder / "nginx.conf"
        conf.write_text(_NGINX.format(folder=folder, port=port, files=files))
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        command = [nginx, "-c", str(conf), "-p", str(folder)]
    else:
        module = f"benchmarks.apps.{app}"
        where = {"app": module, "module": module, "port": port, "scratch": scratch}
        (scratch / "hypercorn.toml").write_text(_HYPERCORN)
        command = [sys.executable, *(part.format(**where) for part in _PYTHON[server])]
    log = scratch / f"log-{port}"
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "BENCHMARKS_FOLDER": str(files), "PYTHONPATH": path}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=environment, stdout=out, stderr=out, start_new_session=True
        )
    started = Server(port, process, log, slow=app.startswith("stream:"))
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return started
    started.stop()
    raise RuntimeError(f"{' '.join(command)} does not listen:\n{log.read_text(errors='replace')}")
