"""nginx and Varnish as child processes, from the very files that docs/scale.md shows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.servers import HOST, Server, free_port, running

DOCS = Path(__file__).parents[2] / "docs" / "edges"

_NGINX = """\
daemon off;
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 256; }}
http {{
    access_log off;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{conf}
}}
"""


def rendered(name: str, changes: Mapping[str, str]) -> str:
    """A configuration of docs/edges/ with its addresses and folders replaced."""
    text = (DOCS / name).read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, f"{name} has no {old!r}"
        text = text.replace(old, new)
    return text


def find(program: str) -> str:
    path = shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


@contextmanager
def nginx(folder: Path, name: str, changes: Mapping[str, str]) -> Iterator[Server]:
    """nginx with `docs/edges/<name>`; its error log is `folder/error.log`."""
    program = find("nginx")
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    conf = rendered(name, {"listen 80;": f"listen {HOST}:{port};", **changes})
    user = "user root;" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    path.write_text(_NGINX.format(user=user, folder=folder, conf=conf), encoding="utf-8")
    command = [program, "-p", str(folder), "-c", str(path), "-e", str(folder / "error.log")]
    with running(command, port=port) as server:
        yield server


@contextmanager
def varnish(folder: Path, replicas: Sequence[Server]) -> Iterator[Server]:
    """Varnish with `docs/edges/varnish.vcl`."""
    program = find("varnishd")
    find("gcc")  # varnishd compiles its configuration
    folder.mkdir(parents=True, exist_ok=True)
    one, two = (f'.host = "{HOST}"; .port = "{replica.port}";' for replica in replicas)
    vcl = rendered(
        "varnish.vcl",
        {
            '.host = "10.0.0.11"; .port = "8000";': one,
            '.host = "10.0.0.12"; .port = "8000";': two,
        },
    )
    (folder / "edge.vcl").write_text(vcl, encoding="utf-8")
    command = [program, "-F", "-n", str(folder / "work"), "-f", str(folder / "edge.vcl")]
    command += ["-a", f"{HOST}:{{port}}", "-T", "none", "-s", "malloc,128m", "-j", "none"]
    with running(command, ready_in=60) as server:
        yield server


@contextmanager
def replica(folder: Path, log: Path, **env: str) -> Iterator[Server]:
    """A Hypercorn with `origin.py` serving `folder`; `log` gets a line for each response."""
    variables = {"ORIGIN_FOLDER": str(folder), "ORIGIN_LOG": str(log), **env}
    command = [sys.executable, "-m", "hypercorn", "origin:app", "-b", f"{HOST}:{{port}}"]
    command += ["--log-level", "warning"]
    log.touch()
    with running(command, cwd=Path(__file__).parent, env=variables) as server:
        yield server


def curl(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [find("curl"), "-sS", "--max-time", "60", *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=90,
    )
