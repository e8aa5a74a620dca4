"""Each framework's app, under the middleware or the integration, is asked in process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from frameworks.contract import film

TESTS = Path(__file__).parents[1]
STREAM = "/plain/stream"
FILE = "/plain/file"
SMALL = "/plain/small"

# A Range in another unit is the app's: some answer it with an error of their own (R12). An app
# that does not listen sends its whole to the end (T06); WSGI does, and reads all of a file (T05).
OTHER_UNIT = {FILE: {"R12"}}
DEAF = {STREAM: {"T06"}}
WSGI = {FILE: {"R12", "T05", "T06"}, STREAM: {"T06"}}

CASES = [
    pytest.param("bare_app", "", DEAF, id="no framework"),
    pytest.param("a2wsgi_app", "a2wsgi", WSGI, id="Flask, a2wsgi"),
    pytest.param("wsgi_to_asgi_app", "flask", WSGI, id="Flask, asgiref"),
    pytest.param("baize_app", "baize", {FILE: {"R12", "T05", "T06"}}, id="baize"),
    pytest.param("blacksheep_app", "blacksheep", DEAF, id="BlackSheep"),
    pytest.param("django_app", "django", {}, id="Django"),
    pytest.param("falcon_app", "falcon", DEAF, id="Falcon"),
    pytest.param("fastapi_app", "fastapi", OTHER_UNIT, id="FastAPI"),
    pytest.param("litestar_app", "litestar", {SMALL: {"B08"}}, id="Litestar"),
    pytest.param("quart_app", "quart", {}, id="Quart"),
    pytest.param("quart_trio_app", "quart_trio", {}, id="quart-trio"),
    pytest.param("sanic_app", "sanic", DEAF, id="Sanic"),
    pytest.param("servestatic_app", "servestatic", DEAF, id="ServeStatic"),
    pytest.param("starlette_app", "starlette", OTHER_UNIT, id="Starlette"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    (folder / "film.mp4").write_bytes(film())
    return folder


@pytest.mark.parametrize(("app", "package", "expected"), CASES)
def test_no_client_breaks_and_what_is_found_is_the_frameworks_own(
    app: str, package: str, expected: dict[str, set[str]], folder: Path
) -> None:
    if package and find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    backend = "trio" if "trio" in app else "asyncio"
    done = subprocess.run(
        [sys.executable, "-m", "check.in_framework", app, backend],
        env={**os.environ, "PYTHONPATH": str(TESTS), "RANGESERVE_TEST_FOLDER": str(folder)},
        capture_output=True,
        encoding="utf-8",
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    for path, report in said.items():
        # Without the count of Linux nobody knows what is read.
        wanted = expected.get(path, set()) - ({"T05"} if "T05" in report["open"] else set())
        assert set(report["failed"]) == wanted, report["failed"]
        assert report["verdicts"] == ["works"]
