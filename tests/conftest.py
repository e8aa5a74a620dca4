"""What every test may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

if find_spec("hypothesis") is not None:  # not everywhere: real clients are driven without it
    from hypothesis import HealthCheck, settings

    # How long an example takes says nothing on a machine that has other work to do.
    settings.register_profile(
        "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("untimed")


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def no_folder_is_known() -> Iterator[None]:
    """No folder has been found quick yet: its first file is opened in a thread."""
    from rangeserve.sources import opening

    opening._quick_folders.clear()
    yield
    opening._quick_folders.clear()


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
