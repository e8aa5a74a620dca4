"""Run the frameworks' own test suites bare and inside: `python tests/products/suites.py falcon`.

Each suite comes from the framework's source distribution on PyPI and runs in a virtual environment
of its own, as it is and with its apps in a `RangeMiddleware`. What ends otherwise inside is run
once more, bare and inside, and printed if it ends otherwise again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
CHECKOUT: Final = HERE.parents[1]
FOLDER: Final = CHECKOUT / ".suites"
SECONDS: Final = 3600
MODES: Final[dict[str, str | None]] = {
    "bare": None,
    "inside": "{}",
    "app_ranges": '{"app_ranges": true}',
}


@dataclass(frozen=True)
class Suite:
    """The test suite of a framework: what it needs, and how pytest is called for it."""

    name: str
    version: str
    extra: str = ""
    requirements: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return FOLDER / f"{self.name}-{self.version}"

    @property
    def bin(self) -> Path:
        return FOLDER / f"venv-{self.name}" / "bin"


SUITES: Final = {
    "falcon": Suite(
        "falcon",
        "4.4.0",
        requirements=(
            "aiofiles", "cbor2", "httpx", "jsonschema", "msgpack", "msgspec", "mujson", "orjson",
            "pytest>=7", "python-rapidjson", "pyyaml", "requests", "testtools", "ujson",
            "uvicorn>=0.17", "websockets>=13.1",
        ),
        arguments=("--capture=sys",),  # its tests replace os.fstat, which the other one calls
    ),
    "starlette": Suite(
        "starlette",
        "1.10.0",
        extra="[full]",
        requirements=(
            "blockbuster", "httpx2[zstd]", "importlib-metadata", "opentelemetry-sdk",
            "pytest>=9.1.1", "pytest-codspeed", "trio",
        ),
    ),
    "fastapi": Suite(
        "fastapi",
        "0.165.0",
        extra="[all]",
        requirements=(
            "a2wsgi", "anyio[trio]", "coverage[toml]", "dirty-equals", "flask", "httpx2", "httpx",
            "inline-snapshot", "logfire", "mypy", "opentelemetry-exporter-otlp-proto-http",
            "opentelemetry-instrumentation-fastapi", "opentelemetry-sdk", "pwdlib[argon2]",
            "pyjwt", "pytest>=9", "pytest-codspeed", "pytest-timeout", "pytest-xdist",
            "python-slugify", "pyyaml", "ruff", "sentry-sdk", "sqlmodel",
            "strawberry-graphql", "ty", "typer",
        ),
        arguments=("--timeout", "300"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """How a test ended, and what was raised if it failed."""

    outcome: str
    why: str = ""


def prepare(suite: Suite) -> None:
    """Put the sources of the suite, and what it needs, into `FOLDER`, if they are not there."""
    wanted = [f"{suite.name}{suite.extra}=={suite.version}", *suite.requirements]
    installed = suite.bin.parent / "installed.json"
    if not installed.exists() or json.loads(installed.read_text(encoding="utf-8")) != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", suite.bin.parent], check=True)
        _pip(suite, "install", "-e", str(CHECKOUT), *wanted)
        installed.write_text(json.dumps(wanted), encoding="utf-8")
    if not suite.folder.exists():
        source = ("--no-deps", "--no-binary", ":all:", f"{suite.name}=={suite.version}")
        _pip(suite, "download", "-d", str(FOLDER), *source)
        with tarfile.open(f"{suite.folder}.tar.gz") as archive:
            archive.extractall(FOLDER, filter="data")


def _pip(suite: Suite, *arguments: str) -> None:
    subprocess.run([suite.bin / "python", "-m", "pip", "-qq", *arguments], check=True)


def run(suite: Suite, mode: str, tests: list[str]) -> dict[str, Outcome]:
    """How each test of the suite ended in a mode; `tests` are their ids, or none for all."""
    record = FOLDER / f"{suite.name}-{mode}.jsonl"
    record.unlink(missing_ok=True)
    environment = {
        **os.environ,
        # Falcon's tests patch what is compiled in its wheels: the sources come first.
        "PYTHONPATH": f"{HERE / 'inside'}{os.pathsep}{suite.folder}",
        "RANGESERVE_OUTCOMES": str(record),
        "PATH": f"{suite.bin}{os.pathsep}{os.environ['PATH']}",
    }
    options = MODES[mode]
    if options is not None:
        environment["RANGESERVE_INSIDE"] = options
    with open(FOLDER / f"{suite.name}-{mode}.log", "w", encoding="utf-8") as log:
        subprocess.run(
            [
                suite.bin / "pytest", "-q", "-p", "rangeserve_inside", "-p", "no:cacheprovider",
                *suite.arguments, *(tests or ["tests"]),
            ],
            cwd=suite.folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )  # fmt: skip
    if not record.exists():
        raise SystemExit(f"no test has run: see {suite.name}-{mode}.log in {FOLDER}")
    found: dict[str, Outcome] = {}
    for line in record.read_text(encoding="utf-8").splitlines():
        report = json.loads(line)
        before = found.get(report["test"])
        if before is None or before.outcome == "passed":
            found[report["test"]] = Outcome(report["outcome"], report["why"])
    return found


def differences(
    bare: dict[str, Outcome], inside: dict[str, Outcome]
) -> dict[str, tuple[str, Outcome]]:
    """The tests that end otherwise inside: how they end bare, and inside."""
    absent = Outcome("absent")
    return {
        test: (bare.get(test, absent).outcome, inside.get(test, absent))
        for test in {**bare, **inside}
        if bare.get(test, absent).outcome != inside.get(test, absent).outcome
    }


def _count(outcomes: dict[str, Outcome]) -> str:
    every = [each.outcome for each in outcomes.values()]
    return ", ".join(f"{every.count(name)} {name}" for name in ("passed", "failed", "skipped"))


def compare(suite: Suite, mode: str, bare: dict[str, Outcome], tests: list[str]) -> None:
    """Print what ends otherwise in the mode."""
    inside = run(suite, mode, tests)
    print(f"{suite.name} {suite.version} {mode}: {_count(inside)}", flush=True)
    suspects = sorted(differences(bare, inside))
    if not suspects:
        return
    again = differences(run(suite, "bare", suspects), run(suite, mode, suspects))
    for test, (before, after) in sorted(again.items()):
        print(f"  {before} -> {after.outcome}: {test}\n      {after.why}")


def main() -> None:
    """Run the suites that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SUITES))
    parser.add_argument("-t", "--test", action="append", default=[], help="only this test")
    arguments = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    for name in arguments.names or SUITES:
        suite = SUITES[name]
        prepare(suite)
        bare = run(suite, "bare", arguments.test)
        print(f"{suite.name} {suite.version} bare: {_count(bare)}", flush=True)
        for mode in MODES:
            if mode != "bare":
                compare(suite, mode, bare, arguments.test)


if __name__ == "__main__":
    main()
