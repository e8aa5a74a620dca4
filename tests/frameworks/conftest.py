"""Each framework's class is run with the servers and the bodies that it names."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from frameworks import resources
from frameworks.contract import CONTENT, Contract, Site, film
from support.servers import serving

TESTS = Path(__file__).parent.parent
# What the apps of the contract do on purpose, and are told of.
ON_PURPOSE = (
    "one RangeMiddleware is wrapped around another: ",
    "is outside of RangeMiddleware and seems to compress: ",
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    kind = metafunc.cls
    if kind is None or not issubclass(kind, Contract):
        return
    if "server" in metafunc.fixturenames:
        metafunc.parametrize("server", kind.servers, scope="class")
    if "body" in metafunc.fixturenames:
        metafunc.parametrize("body", [body for body in kind.bodies if body in CONTENT])
    if "gzips" in metafunc.fixturenames:
        metafunc.parametrize("gzips", kind.gzips)
    if "variant" in metafunc.fixturenames:
        metafunc.parametrize("variant", kind.variants)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A framework for which a table is empty has no such test, rather than a skipped one."""
    items[:] = [item for item in items if "NOTSET" not in item.name]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the apps serve files from."""
    made = tmp_path_factory.mktemp("served")
    (made / "film.mp4").write_bytes(film())
    (made / "file").write_bytes(film())
    (made / "script.js").write_bytes(resources.SCRIPT)
    for each in made.iterdir():
        os.utime(each, (1_700_000_000, 1_700_000_000))
    return made


@pytest.fixture(scope="class")
def site(request: pytest.FixtureRequest, folder: Path, server: str) -> Iterator[Site]:
    """The class's app behind a server, which must have logged nothing in the end."""
    kind: type[Contract] = request.cls
    env = {"RANGESERVE_TEST_FOLDER": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    with serving(server, f"frameworks.apps.{kind.app}:app", cwd=TESTS, env=env) as running:
        yield Site(running)
        time.sleep(0.1)
        log = running.log
    lines = [line for line in log.splitlines() if not any(told in line for told in ON_PURPOSE)]
    assert not [line for line in lines if not kind.excused(line)], log
