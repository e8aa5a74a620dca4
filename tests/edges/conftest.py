"""Replicas that hold the same files, and what a client does."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from edges.engines import replica
from support.servers import Server

SIZE = 12 * 2**20 + 12345
OLD = hashlib.shake_128(b"old").digest(SIZE)
NEW = hashlib.shake_128(b"new").digest(SIZE)
LONG_AGO = 1_600_000_000


@dataclass
class Replica:
    """One Hypercorn, the folder that it serves, and a line for each response it gave."""

    server: Server
    folder: Path
    log: Path

    @property
    def lines(self) -> list[str]:
        """The responses that have ended."""
        return [
            each
            for each in self.log.read_text(encoding="utf-8").splitlines()
            if not each.startswith("began")
        ]

    def is_sending(self) -> bool:
        """Whether a response has begun and not ended."""
        events = [line.split()[0] for line in self.log.read_text(encoding="utf-8").splitlines()]
        return events.count("began") > len(events) - events.count("began")

    def kill(self) -> None:
        os.killpg(self.server.process.pid, signal.SIGKILL)
        self.server.process.wait(10)

    def put(self, content: bytes, moment: int) -> None:
        """Replace the film, as a deployment does: with a rename."""
        new = self.folder / "new"
        new.write_bytes(content)
        os.utime(new, (moment, moment))
        new.replace(self.folder / "film.mp4")


def kill_the_one_that_sends(replicas: list[Replica]) -> None:
    (sending,) = (each for each in replicas if each.is_sending())
    sending.kill()


Start = Callable[..., list[Replica]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts two replicas on one folder or on two copies of it."""
    with ExitStack() as stack:

        def start_two(*, copies: bool = False, **env: str) -> list[Replica]:
            one = tmp_path / "one"
            one.mkdir()
            (one / "film.mp4").write_bytes(OLD)
            os.utime(one / "film.mp4", (LONG_AGO, LONG_AGO))
            two = one
            if copies:
                two = tmp_path / "two"
                shutil.copytree(one, two)  # which keeps the modification times, as rsync -t
            replicas = []
            for number, folder in enumerate((one, two)):
                log = tmp_path / f"log-{number}"
                server = stack.enter_context(replica(folder, log, **env))
                replicas.append(Replica(server, folder, log))
            return replicas

        yield start_two
