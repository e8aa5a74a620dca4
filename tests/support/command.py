"""`python -m rangeserve` as a real process on a free port."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from queue import Queue

from support.waiting import SECONDS


def start(
    *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """The process of the command, which may end at once."""
    return subprocess.Popen(
        [sys.executable, "-m", "rangeserve", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


class Command:
    """The command on a free port; `lines` are its access lines as they come."""

    def __init__(
        self, *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.process = start(*arguments, cwd=cwd, environment=environment)
        assert self.process.stdout is not None
        self.greeting = self.process.stdout.readline()
        found = re.search(
            r" at https?://(?:127\.0\.0\.1|0\.0\.0\.0|\[::1\]):(\d+)/ ", self.greeting
        )
        assert found, self.greeting
        self.port = int(found[1])
        self.lines: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.put(line.rstrip("\n"))

    def line(self) -> str:
        return self.lines.get(timeout=20)

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *_: object) -> None:
        # It ends by itself, so that what it did counts for the coverage.
        self.process.terminate()
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self._reader.join(10)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
