"""A folder served by `python -m rangeserve` as a real process, and its access record."""

from __future__ import annotations

import re
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.servers import Server, running

_LINE = re.compile(
    r"(?P<client>\S+) (?P<method>[A-Z]+) (?P<target>\S+) (?P<status>\d{3}|-)"
    r"(?: bytes (?P<ranges>[\d,+-]+)/(?P<length>\d+))? (?P<sent>\d+) B"
    r" [\d.]+ ms(?:; (?P<remarks>.*))?"
)


@dataclass(frozen=True)
class Access:
    """One line of the record: what was asked, and what the observer saw sent."""

    method: str
    target: str
    status: int
    ranges: str
    sent: int
    remarks: str


@dataclass(frozen=True)
class Site:
    """`folder` is served at `url`."""

    server: Server
    folder: Path

    def url(self, name: str) -> str:
        return f"{self.server.url}/{name}"

    def accesses(self, name: str) -> list[Access]:
        """What was asked of `name`; a client's last request may be missing for a moment."""
        found = []
        for line in self.server.log.splitlines():
            match = _LINE.fullmatch(line)
            if match and match["target"].partition("?")[0] == f"/{name}":
                found.append(
                    Access(
                        match["method"],
                        match["target"],
                        0 if match["status"] == "-" else int(match["status"]),
                        match["ranges"] or "",
                        int(match["sent"]),
                        match["remarks"] or "",
                    )
                )
        return found

    def ranged(self, name: str, at_least: int = 1) -> list[Access]:
        """The 206 answers for `name`; fails if there are fewer than `at_least` of them."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            self.settle()
            found = [access for access in self.accesses(name) if access.status == 206]
            if len(found) >= at_least:
                return found
            time.sleep(0.05)
        raise AssertionError(f"fewer than {at_least} answers of 206:\n{self.server.log}")

    def sent(self, name: str) -> int:
        """The bytes of bodies that were sent for `name`, whatever the status."""
        return sum(access.sent for access in self.accesses(name))

    def settle(self) -> None:
        """One more request, so that the lines of those before it are written."""
        with urllib.request.urlopen(self.server.url, timeout=10) as answer:
            answer.read()

    def quiet(self) -> None:
        """Nothing but access lines and the greeting was printed."""
        lines = self.server.log.splitlines()
        strange = [line for line in lines if not _LINE.fullmatch(line)]
        assert all(line.startswith("Serving ") for line in strange), strange


@contextmanager
def site_of(folder: Path) -> Iterator[Site]:
    """Serve `folder` until the end of the block."""
    # Not from the folder of the tests: `-m` would find the checkout instead of the wheel.
    command = [sys.executable, "-m", "rangeserve", str(folder), "--zip", "--port", "{port}"]
    with running(command, cwd=folder) as server:
        yield Site(server, folder)
