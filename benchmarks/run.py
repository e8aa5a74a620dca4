"""Runs workloads: all contenders are started, and then measured in turn, A B C, A B C."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from . import client
from .contenders import Contender, installed
from .files import KIB, probes_residency, warm
from .micro import cases, timing
from .results import Results
from .servers import Server, start
from .workloads import Bench, Workload

__all__ = ["run_micro", "run_workloads"]


class Runner:
    """Measures contenders. A server is started when it is first needed, and kept."""

    def __init__(self, bench: Bench, results: Results, stack: ExitStack) -> None:
        self.bench = bench
        self.results = results
        self._stack = stack
        self._servers: dict[Contender, Server] = {}

    def server(self, contender: Contender) -> Server | None:
        """The server of a contender; `None`, with a failure noted, if it gives wrong bytes."""
        if contender.name in self.results.failures:
            return None
        if contender not in self._servers:
            try:
                server = start(
                    contender.server, contender.app, self.bench.files.folder, self.bench.scratch
                )
                self._stack.callback(server.stop)
                self._check(contender, server)
            except RuntimeError as error:
                self.fail(contender, error)
                return None
            self._servers[contender] = server
        return self._servers[contender]

    def _check(self, contender: Contender, server: Server) -> None:
        """Raise `RuntimeError` unless a range is answered with a 206 of the right length."""
        if "stream:" in contender.app or "inline:" in contender.app:
            return
        path = f"/files/{self.bench.files.whole.name}"
        seen = client.run(
            self.bench.scratch,
            port=server.port,
            path=path,
            status=206,
            first=KIB,
            last=2 * KIB - 1,
            requests=20,
        )
        if seen.bytes != 20 * KIB:
            raise RuntimeError(f"20 ranges of 1 KiB gave {seen.bytes} bytes")

    def fail(self, contender: Contender, error: Exception) -> None:
        """Note that a contender is out of the run."""
        self.results.failures[contender.name] = str(error)[-2000:]
        print(f"    {contender.name} failed: {str(error)[-200:]}", file=sys.stderr)

    def measure(self, workload: Workload, contender: Contender) -> None:
        """Measure one contender once, and add the numbers to the results."""
        numbers = None
        if workload.fresh:
            old = self._servers.pop(contender, None)
            if old is not None:
                old.stop()
        server = self.server(contender)
        if server is not None:
            try:
                numbers = workload.measure(self.bench, server)
            except RuntimeError as error:
                print(f"    {contender.name}: {str(error)[-200:]}", file=sys.stderr)
        self.results.add(workload.name, contender.name, numbers)
        if server is not None and not _is_quiet(server):
            server.stop()
            self._servers.pop(contender, None)

    def round(self, workload: Workload, contenders: Iterable[Contender]) -> None:
        """Measure each contender once, one after another or, with `together`, at the same time."""
        if workload.together:
            with ThreadPoolExecutor(16) as pool:
                list(pool.map(lambda each: self.measure(workload, each), contenders))
        else:
            for contender in contenders:
                self.measure(workload, contender)


def _is_quiet(server: Server) -> bool:
    """Whether a server stops using CPU time: some go on sending to a client that has left."""
    for _ in range(10):
        before = server.cpu()
        time.sleep(0.05)
        if server.cpu() - before < 0.005:
            return True
    return False


def run_workloads(
    workloads: Iterable[Workload],
    bench: Bench,
    results: Results,
    *,
    rounds: int,
    servers: frozenset[str],
    labels: frozenset[str] | None = None,
    save: Callable[[], None] = lambda: None,
) -> None:
    """Measure each workload `rounds` times into `results`, and call `save` after each workload.

    Only contenders on one of `servers` are measured, and if `labels` are given, only those with
    one of these labels.
    """
    with ExitStack() as stack:
        runner = Runner(bench, results, stack)
        for workload in workloads:
            contenders = [
                each
                for each in workload.contenders
                if each.server in servers
                and (labels is None or each.label in labels)
                and installed(each)
            ]
            warm(bench.files.whole)
            print(f"{workload.title}: {len(contenders)} contenders", file=sys.stderr, flush=True)
            for contender in contenders:
                if not workload.fresh:
                    runner.server(contender)
            for number in range(rounds):
                began = time.monotonic()
                runner.round(workload, contenders)
                spent = time.monotonic() - began
                print(f"    round {number + 1}: {spent:.1f} s", file=sys.stderr, flush=True)
            save()


def run_micro(results: Results, rounds: int, files: Path) -> None:
    """Time the micro-benchmarks in this process, hot and cold, in microseconds.

    A file is made in a temporary folder in `files`.
    """
    with tempfile.TemporaryDirectory(dir=files) as folder:
        asyncio.run(_micro(results, rounds, Path(folder)))


async def _micro(results: Results, rounds: int, folder: Path) -> None:
    (folder / "probe").write_bytes(b"probe")
    tells = probes_residency(folder / "probe")
    timed = await cases.make_cases(folder if tells else None)
    doubled = await cases.doubled()
    for number in range(rounds):
        began = time.monotonic()
        for name, call in (*timed.items(), *doubled.items()):
            numbers = None
            try:
                numbers = {"us": timing.hot(call)}
                for mib in timing.DISPLACED_MIB if name in timed else ():
                    numbers[f"cold_{mib}_mib_us"] = timing.cold(call, mib)
            except AssertionError as error:
                results.failures[name] = str(error)
            results.add("micro", name, numbers)
        spent = time.monotonic() - began
        print(f"micro, round {number + 1}: {spent:.1f} s", file=sys.stderr, flush=True)
