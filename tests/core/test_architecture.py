"""The house is as docs/architecture.md draws it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import rangeserve

PACKAGE = Path(rangeserve.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"
ROW = re.compile(r"\| (?P<rooms>`[^|]+`[^|]*?) \| .* \| (?P<awaits>yes|no) \|")
ENTRANCES = {"__init__", "__main__"}


def rooms() -> dict[str, bool]:
    """Each room of the page, and whether it awaits."""
    found: dict[str, bool] = {}
    for row in ROW.finditer(PAGE.read_text(encoding="utf-8")):
        for name in re.findall(r"`([a-z_]+)(?:\.py|/)`", row["rooms"]):
            found[name] = row["awaits"] == "yes"
    return found


def imported(path: Path) -> set[str]:
    """What a module imports: `anyio`, `.plan`, `.sources.protocol`, ..."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return names


def test_every_room_is_drawn() -> None:
    there = {
        path.stem
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert set(rooms()) == there - ENTRANCES


def test_what_only_computes_imports_nothing_that_awaits() -> None:
    awaiting = {name for name, awaits in rooms().items() if awaits}
    for name, awaits in rooms().items():
        if awaits:
            continue
        path = PACKAGE / f"{name}.py"
        for module in imported(path):
            room = module.lstrip(".").split(".")[0]
            allowed = module == ".sources.protocol" or (name == "hangup" and module == "asyncio")
            assert allowed or not (
                (module.startswith(".") and room in awaiting) or module in ("anyio", "asyncio")
            ), f"{name}.py imports {module}"
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not any(isinstance(node, (ast.Await, ast.AsyncFor)) for node in ast.walk(tree)), name


def test_no_integration_is_imported_by_the_house() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name != "integrations":
            assert not any("integrations" in name for name in imported(path)), path
