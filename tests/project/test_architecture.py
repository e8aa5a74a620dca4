"""The layout is as docs/architecture.md draws it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import rangeserve
from rangeserve._asgi.response import State

PACKAGE = Path(rangeserve.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"
PLACE = re.compile(r"^\| `(\w+)(?:/|\.py)` \|.*\| (?:yes|no) \|$", re.MULTILINE)
STATE = re.compile(r"^\| `([A-Z]+)` \|", re.MULTILINE)
ENTRANCES = {"__init__", "__main__"}
AWAITING = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.AsyncFunctionDef)
MODULES = sorted(PACKAGE.rglob("*.py"))


def drawn() -> list[str]:
    """The places of the table, in its order."""
    return PLACE.findall(PAGE.read_text(encoding="utf-8"))


def place_of(path: Path) -> str:
    """The top-level folder or module that a file of the package belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """The absolute name of each module that the module at `path` imports."""
    package = ("rangeserve", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else ()
            yield ".".join((*base, *filter(None, [node.module])))


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def test_every_place_is_drawn() -> None:
    there = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES}
    assert set(drawn()) == there - ENTRANCES


@pytest.mark.parametrize("folder", ["core", "_asgi", "check", "wsgi"])
def test_every_module_of_a_folder_is_drawn(folder: str) -> None:
    there = {path.stem for path in (PACKAGE / folder).glob("*.py")} - ENTRANCES
    assert set(modules_drawn(folder)) == there


def modules_drawn(folder: str) -> list[str]:
    """The modules in the table of a folder."""
    text = PAGE.read_text(encoding="utf-8")
    table = text.partition(f"| module in `{folder}/` |")[2].partition("\n\n")[0]
    return re.findall(r"^\| `(\w+)\.py` \|", table, re.MULTILINE)


def test_every_state_is_drawn_in_order() -> None:
    assert STATE.findall(PAGE.read_text(encoding="utf-8")) == [state.name for state in State]


def test_every_file_that_is_named_exists() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = re.findall(r"`((?:[\w.]+/)*[\w.]+(?:/|\.py|\.md|\.toml))`", text)
    folders = ("_asgi", "check", "core", "wsgi")
    places = [PAGE.parents[1], PACKAGE, *(PACKAGE / name for name in folders)]
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_one_way(path: Path) -> None:
    order = [*drawn(), "__init__", "__main__"]
    here = order.index(place_of(path))
    for module in imports(path):
        package, _, inside = module.partition(".")
        if package == "rangeserve" and inside:
            assert order.index(inside.partition(".")[0]) <= here, f"imports {module}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "core").glob("*.py")), ids=name_of)
def test_the_core_never_awaits_and_imports_nothing_of_ours_outside(path: Path) -> None:
    for module in imports(path):
        ours = module.split(".")[0] == "rangeserve"
        assert not ours or module.startswith(("rangeserve.core", "rangeserve._public")), module
        assert module.partition(".")[0] not in ("anyio", "asyncio", "trio"), module
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not any(isinstance(node, AWAITING) for node in ast.walk(tree))


def test_only_its_user_imports_an_integration() -> None:
    """The command is the user of Hypercorn."""
    for path in MODULES:
        if place_of(path) != "integrations":
            imported = {module for module in imports(path) if "integrations" in module}
            users = {"rangeserve.integrations.hypercorn"} if place_of(path) == "_command" else set()
            assert imported <= users, path
