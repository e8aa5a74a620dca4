"""No framework is imported but by its user, and one that is too old is refused by name."""

from __future__ import annotations

import importlib
import subprocess
import sys
from importlib import metadata

import pytest

from rangeserve._requires import require

FRAMEWORKS = ("quart", "django", "litestar", "falcon", "blacksheep", "starlette", "sanic")


def test_importing_the_package_imports_no_framework() -> None:
    code = f"""
import sys, pkgutil, rangeserve, rangeserve.integrations
loaded = [name for name in {FRAMEWORKS!r} if name in sys.modules]
assert not loaded, loaded
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("name", ["django", "litestar", "falcon", "blacksheep"])
def test_a_version_that_is_too_old(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = f"rangeserve.integrations.{name}"
    importlib.import_module(module)
    monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr("rangeserve._requires.version", lambda project: "1.11.29")
    with pytest.raises(ImportError, match=rf"(?i)needs {name} [\d.]+ or newer.*1\.11\.29"):
        importlib.import_module(module)


@pytest.mark.parametrize("name", ["django", "litestar", "falcon", "blacksheep"])
def test_a_framework_that_is_absent(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = f"rangeserve.integrations.{name}"
    monkeypatch.delitem(sys.modules, module, raising=False)
    for loaded in [each for each in sys.modules if each.split(".")[0] == name]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, name, None)

    def version(project: str) -> str:
        raise metadata.PackageNotFoundError(project)

    monkeypatch.setattr("rangeserve._requires.version", version)
    with pytest.raises(ModuleNotFoundError, match=name):
        importlib.import_module(module)


@pytest.mark.parametrize(
    ("found", "enough"),
    [("4.2", True), ("4.2.1", True), ("10.0", True), ("5.0rc1", True), ("4.1.9", False)],
)
def test_versions_are_compared_as_numbers(
    found: str, enough: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rangeserve._requires.version", lambda project: found)
    if enough:
        require("Django", "4.2", extra="django")
    else:
        with pytest.raises(ImportError, match="Django"):
            require("Django", "4.2", extra="django")
