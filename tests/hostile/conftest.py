"""Reports the time of the hostile cases, which is not judged."""

from __future__ import annotations

import pytest

TIMES: dict[str, list[tuple[float, str]]] = {}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for server, times in sorted(TIMES.items()):
        slowest = ", ".join(f"{name} {ms:.1f} ms" for ms, name in sorted(times)[:-4:-1])
        middle = sorted(times)[len(times) // 2][0]
        terminalreporter.write_line(
            f"{server}: {len(times)} cases, median {middle:.1f} ms; slowest {slowest}"
        )
