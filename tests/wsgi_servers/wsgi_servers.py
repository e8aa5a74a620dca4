"""WSGI servers as real processes on loopback, each on a free port."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.servers import Server, running

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent

# name -> the command, with {app} (module:attribute) and {port} to be filled in
COMMANDS: dict[str, tuple[str, ...]] = {
    "gunicorn": (
        sys.executable, "-m", "gunicorn", "{app}", "-b", "127.0.0.1:{port}", "--log-level",
        "warning", "-k", "gthread", "--threads", "8", "--no-control-socket",
        "--limit-request-field_size", "65535",
    ),
    "waitress": (
        sys.executable, "-m", "waitress", "--listen=127.0.0.1:{port}", "--threads=8", "{app}",
    ),
    "cheroot": (sys.executable, "-m", "cheroot", "--bind", "127.0.0.1:{port}", "{app}"),
    "werkzeug": (sys.executable, "serve.py", "werkzeug", "{app}", "{port}"),
    "wsgiref": (sys.executable, "serve.py", "wsgiref", "{app}", "{port}"),
    "uwsgi": (
        str(BIN / "uwsgi"), "--http-socket", "127.0.0.1:{port}", "--module", "{app}", "--need-app",
        "--master", "--die-on-term", "--threads", "8", "--disable-logging", "--buffer-size",
        "65535", "--virtualenv", sys.prefix,
    ),
}  # fmt: skip


@contextmanager
def serving(name: str, app: str, env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """One of `COMMANDS` with `app`, a `module:attribute` of this folder."""
    command = [part.replace("{app}", app) for part in COMMANDS[name]]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{name} is not installed")
    with running(command, cwd=HERE, env={"PYTHONDONTWRITEBYTECODE": "1", **(env or {})}) as server:
        yield server
