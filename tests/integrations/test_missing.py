"""A missing or old extra, and an app of another framework: one sentence that says what to do."""

from __future__ import annotations

import importlib
import sys
from importlib import metadata
from typing import Any

import pytest
from quart import Quart
from starlette.applications import Starlette

from rangeserve._requires import require
from rangeserve.integrations import quart as quart_integration
from rangeserve.integrations import starlette as starlette_integration

NEEDS = {
    "rangeserve.integrations.quart": ("Quart", "quart"),
    "rangeserve.integrations.starlette": ("Starlette", "starlette"),
    "rangeserve.integrations.django": ("Django", "django"),
    "rangeserve.integrations.litestar": ("litestar", "litestar"),
    "rangeserve.integrations.falcon": ("falcon", "falcon"),
    "rangeserve.integrations.blacksheep": ("blacksheep", "blacksheep"),
    "rangeserve.integrations.hypercorn": ("Hypercorn", "serve"),
    "rangeserve.objectstore": ("obstore", "objectstore"),
    "rangeserve.upstream": ("httpx", "upstream"),
}


@pytest.mark.parametrize("module", NEEDS)
@pytest.mark.parametrize("found", [None, "0.0.1"], ids=["missing", "too old"])
def test_the_extra_is_named(
    module: str, found: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, extra = NEEDS[module]

    def version(name: str) -> str:
        assert name == project
        if found is None:
            raise metadata.PackageNotFoundError(name)
        return found

    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, project.lower(), None)
    monkeypatch.setattr("rangeserve._requires.version", version)
    with pytest.raises(ImportError) as raised:
        importlib.import_module(module)
    said = str(raised.value)
    assert said.startswith(f"rangeserve needs {project}")
    assert said.endswith(f': pip install "rangeserve[{extra}]"')
    assert isinstance(raised.value, ModuleNotFoundError) is (found is None)


def test_what_can_be_imported_without_metadata_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a frozen program there is none."""

    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr("rangeserve._requires.version", version)
    require("Quart", "999", extra="quart")


@pytest.mark.parametrize(
    ("integration", "app", "said"),
    [
        pytest.param(quart_integration, Starlette(), "of Quart, not a Starl", id="Quart"),
        pytest.param(
            starlette_integration,
            Quart("q"),
            "for an app of Starlette, not a Quart",
            id="Starlette",
        ),
    ],
)
def test_an_app_of_another_framework(integration: Any, app: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        integration.RangeServe(app)
