"""Every seeded bug must be caught: applied one at a time to a copy of the package.

tox -e mutation          # or: pytest tests/mutation -k "selection.py"
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

import rangeserve

from .mutations import MUTATIONS, Mutation

ROOT = Path(__file__).parent.parent.parent
PACKAGE = Path(rangeserve.__file__).parent
# A bug that makes the tests hang is caught too.
SECONDS = 60

pytestmark = pytest.mark.timeout(600)


def copy_to(folder: Path) -> Path:
    """The package as it is installed, and the tests."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, folder / "rangeserve", ignore=ignored)
    for room in ("core", "asgi", "middleware", "sources", "support"):
        shutil.copytree(ROOT / "tests" / room, folder / "tests" / room, ignore=ignored)
    shutil.copy(ROOT / "tests" / "conftest.py", folder / "tests")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def run_tests(copy: Path, names: str, seconds: float = SECONDS) -> tuple[int | None, str]:
    """pytest's exit status, `None` if it hangs, and what it printed."""
    files = [str(next(copy.glob(f"tests/*/test_{name}.py"))) for name in names.split()]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *files]
    env = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    env.pop("RANGESERVE_NO_SKIP", None)
    try:
        done = subprocess.run(
            command,
            cwd=copy,
            env=env,
            capture_output=True,
            encoding="utf-8",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return None, str(error.stdout)
    return done.returncode, done.stdout + done.stderr


def mutate(copy: Path, mutation: Mutation) -> None:
    path = copy / "rangeserve" / mutation.file
    text = path.read_text(encoding="utf-8")
    found = text.count(mutation.old)
    assert found == 1, f"{mutation.file} has {found} times {mutation.old!r}: renew the mutation"
    mutated = text.replace(mutation.old, mutation.new)
    compile(mutated, str(path), "exec")  # what is no Python is no bug
    path.write_text(mutated, encoding="utf-8")


def attempt(mutation: Mutation) -> tuple[int | None, str]:
    """Run the tests against one bug."""
    with tempfile.TemporaryDirectory() as folder:
        mutate(copy_to(Path(folder)), mutation)
        return run_tests(Path(folder), mutation.tests)


@pytest.fixture(scope="session")
def attempts(
    request: pytest.FixtureRequest,
) -> Iterator[dict[Mutation, Future[tuple[int | None, str]]]]:
    """What becomes of each bug that was selected, two at a time."""
    selected = [
        item.callspec.params["mutation"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and "mutation" in item.fixturenames
    ]
    with ThreadPoolExecutor(2) as pool:
        yield {mutation: pool.submit(attempt, mutation) for mutation in selected}
        pool.shutdown(cancel_futures=True)


def test_without_a_bug_the_tests_pass_on_the_copy(tmp_path: Path) -> None:
    copy = copy_to(tmp_path)
    found = subprocess.run(
        [sys.executable, "-c", "import rangeserve; print(rangeserve.__file__)"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert Path(found.stdout.strip()).is_relative_to(copy)
    names = " ".join(dict.fromkeys(name for each in MUTATIONS for name in each.tests.split()))
    status, output = run_tests(copy, names, 3 * SECONDS)
    assert status == 0, output


def test_there_are_enough_of_them() -> None:
    assert len(MUTATIONS) >= 40
    assert len({(each.file, each.old, each.new) for each in MUTATIONS}) == len(MUTATIONS)


@pytest.mark.parametrize(
    "mutation",
    [
        pytest.param(each, id=f"{each.file}: {each.old.strip()[:50]} -> {each.new.strip()[:30]}")
        for each in MUTATIONS
    ],
)
def test_the_bug_is_caught(
    mutation: Mutation, attempts: dict[Mutation, Future[tuple[int | None, str]]]
) -> None:
    status, output = attempts[mutation].result()
    assert status in (1, None), f"nobody noticed, or the tests could not run:\n{output}"
