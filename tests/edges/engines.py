"""nginx and Varnish as child processes, from the very files that docs/scale.md shows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from support import engines
from support.engines import find
from support.servers import HOST, Server, running

DOCS = Path(__file__).parents[2] / "docs" / "edges"


def rendered(name: str, changes: Mapping[str, str]) -> str:
    """A configuration of docs/edges/ with its addresses and folders replaced."""
    text = (DOCS / name).read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, f"{name} has no {old!r}"
        text = text.replace(old, new)
    return text


@contextmanager
def nginx(folder: Path, name: str, changes: Mapping[str, str]) -> Iterator[Server]:
    """nginx with `docs/edges/<name>`; its error log is `folder/error.log`."""
    conf = rendered(name, {"listen 80;": f"listen {HOST}:{{port}};", **changes})
    with engines.nginx(folder, conf) as server:
        yield server


@contextmanager
def varnish(folder: Path, replicas: Sequence[Server]) -> Iterator[Server]:
    """Varnish with `docs/edges/varnish.vcl`."""
    one, two = (f'.host = "{HOST}"; .port = "{replica.port}";' for replica in replicas)
    vcl = rendered(
        "varnish.vcl",
        {
            '.host = "10.0.0.11"; .port = "8000";': one,
            '.host = "10.0.0.12"; .port = "8000";': two,
        },
    )
    with engines.varnish(folder, vcl) as server:
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
