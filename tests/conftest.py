"""What every test may use."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return request.param


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """In CI nothing that `.ci/run` should have installed may be skipped."""
    if required():
        for report in terminalreporter.stats.get("skipped", []):
            terminalreporter.write_line(f"skipped in CI: {report.nodeid} {report.longrepr}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if required() and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def required() -> bool:
    """Whether a skip is a failure (set by `.ci/run`)."""
    return os.environ.get("RANGESERVE_NO_SKIP") == "1"
