"""Runs the HTTP client: `client.c`, compiled at first use, or `pyclient.py` without a compiler.

Either runs as a process, with the same arguments and the same line of JSON as its output.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["Answers", "begin", "compiled", "end", "run"]

_SOURCE = Path(__file__).with_name("client.c")


@dataclass(frozen=True)
class Answers:
    """The result of a run of the client: `bytes` of all bodies, and latencies in seconds."""

    requests: int
    bytes: int
    seconds: float
    p50: float
    p99: float
    max: float


@cache
def _command(folder: Path) -> tuple[str, ...]:
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if compiler and os.environ.get("BENCHMARKS_CLIENT") != "python":
        binary = folder / "client"
        built = subprocess.run(
            [compiler, "-O2", "-o", str(binary), str(_SOURCE)], capture_output=True, text=True
        )
        if built.returncode == 0:
            return (str(binary),)
        print(f"the C client cannot be built, Python is used:\n{built.stderr}", file=sys.stderr)
    return (sys.executable, str(_SOURCE.with_name("pyclient.py")))


def compiled(folder: Path) -> bool:
    """Whether the C client is used."""
    return len(_command(folder)) == 1


def begin(folder: Path, **arguments: Any) -> subprocess.Popen[str]:
    """Start the client with the arguments that `client.c` explains; its binary is in `folder`."""
    command = [*_command(folder), *(f"{name}={value}" for name, value in arguments.items())]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end(process: subprocess.Popen[str], patience: float = 60) -> Answers:
    """Wait up to `patience` seconds for a client; `RuntimeError` if it fails or does not end."""
    try:
        out, error = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise RuntimeError(f"the client has not ended after {patience:g} seconds") from None
    if process.returncode:
        raise RuntimeError(error.strip())
    return Answers(**json.loads(out))


def run(folder: Path, **arguments: Any) -> Answers:
    """Run the client, and wait for its result."""
    return end(begin(folder, **arguments))
