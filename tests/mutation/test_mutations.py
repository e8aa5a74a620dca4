"""Every seeded bug must be caught: applied one at a time to a copy of the package.

tox -e mutation          # or: pytest -n 2 tests/mutation -k "selection.py"
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

import rangeserve

from .mutations import MUTATIONS, Mutation

ROOT = Path(__file__).parent.parent.parent
PACKAGE = Path(rangeserve.__file__).parent
FOLDERS = ("core", "asgi", "middleware", "integrations", "sources", "support", "wsgi")
# A bug that makes the tests hang is caught too. They hang if they are stopped after many times
# the seconds that they then need without the bug: a machine that is only slow is slow at both.
PATIENCE_SECONDS = 30.0
TIMES_AS_LONG = 10

pytestmark = pytest.mark.timeout(0)


@dataclass
class Run:
    """How one run of tests ended; `status` is pytest's exit status, `None` if it was stopped."""

    status: int | None
    output: str
    seconds: float


def copy_to(folder: Path) -> Path:
    """The package as it is installed, and the tests that are run against it."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, folder / "rangeserve", ignore=ignored)
    for name in FOLDERS:
        shutil.copytree(ROOT / "tests" / name, folder / "tests" / name, ignore=ignored)
    shutil.copy(ROOT / "tests" / "conftest.py", folder / "tests")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def environment(copy: Path) -> dict[str, str]:
    """The environment in which the copy is imported, and no skip is a failure."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    env.pop("RANGESERVE_NO_SKIP", None)
    return {**env, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}


def run_tests(copy: Path, names: str, seconds: float | None = None) -> Run:
    """Run the test files of these names; after `seconds`, if given, they are stopped."""
    files = [str(next(copy.glob(f"tests/*/test_{name}.py"))) for name in names.split()]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    begin = time.monotonic()
    try:
        done = subprocess.run(
            [*command, "-o", "timeout=0", *files],
            cwd=copy,
            env=environment(copy),
            capture_output=True,
            encoding="utf-8",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return Run(None, str(error.stdout), time.monotonic() - begin)
    return Run(done.returncode, done.stdout + done.stderr, time.monotonic() - begin)


def mutate(copy: Path, mutation: Mutation) -> None:
    path = copy / "rangeserve" / mutation.file
    text = path.read_text(encoding="utf-8")
    found = text.count(mutation.old)
    assert found == 1, f"{mutation.file} has {found} times {mutation.old!r}: renew the mutation"
    mutated = text.replace(mutation.old, mutation.new)
    compile(mutated, str(path), "exec")  # what is no Python is no bug
    path.write_text(mutated, encoding="utf-8")


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy without a bug."""
    return copy_to(tmp_path_factory.mktemp("sound"))


def is_caught(copy: Path, sound: Path, names: str) -> tuple[bool, str]:
    """Whether the tests fail against the copy, or hang; and what they printed."""
    patience = PATIENCE_SECONDS
    while True:
        run = run_tests(copy, names, patience)
        if run.status is not None:
            return run.status == 1, run.output
        usual = run_tests(sound, names)
        assert usual.status == 0, usual.output
        if patience > TIMES_AS_LONG * usual.seconds:
            return True, run.output
        patience = 2 * TIMES_AS_LONG * usual.seconds


def names_of_all() -> list[str]:
    return list(dict.fromkeys(name for each in MUTATIONS for name in each.tests.split()))


def test_the_copy_is_what_is_tested(tmp_path: Path) -> None:
    copy = copy_to(tmp_path)
    found = subprocess.run(
        [sys.executable, "-c", "import rangeserve; print(rangeserve.__file__)"],
        cwd=copy,
        env=environment(copy),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert Path(found.stdout.strip()).is_relative_to(copy)


@pytest.mark.parametrize("name", names_of_all())
def test_without_a_bug_the_tests_pass_on_the_copy(name: str, sound: Path) -> None:
    run = run_tests(sound, name)
    assert run.status == 0, run.output


def test_there_are_enough_of_them() -> None:
    assert len(MUTATIONS) >= 87
    assert len({(each.file, each.old, each.new) for each in MUTATIONS}) == len(MUTATIONS)


@pytest.mark.parametrize(
    "mutation",
    [
        pytest.param(each, id=f"{each.file}: {each.old.strip()[:50]} -> {each.new.strip()[:30]}")
        for each in MUTATIONS
    ],
)
def test_the_bug_is_caught(mutation: Mutation, sound: Path, tmp_path: Path) -> None:
    mutate(copy_to(tmp_path), mutation)
    caught, output = is_caught(tmp_path, sound, mutation.tests)
    assert caught, f"nobody noticed, or the tests could not run:\n{output}"
