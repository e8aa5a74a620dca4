"""The table of docs/directory.md says what the commands that are here answer."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.commands import (  # noqa: E402
    PROBES,
    Command,
    installed,
    make_folder,
    probe,
    running,
)

COMMANDS, MISSING = installed()


def documented() -> dict[str, dict[str, bool]]:
    """For each command in the table, by its name, what each probe found."""
    text = (ROOT / "docs" / "directory.md").read_text(encoding="utf-8")
    table = text.partition("<!-- python -m benchmarks.commands -->\n")[2].partition("\n\n")[0]
    head, _, *rows = ([cell.strip() for cell in line.split("|")] for line in table.splitlines())
    names = [cell.split(" ")[0] for cell in head[2:-1]]
    found: dict[str, dict[str, bool]] = {name: {} for name in names}
    for _, what, *cells, _ in rows:
        if what in PROBES:
            for name, cell in zip(names, cells, strict=True):
                found[name][what] = {"yes": True, "no": False}[cell]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("commands") / "folder"
    make_folder(folder)
    return folder


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_table_is_as_the_command_answers(command: Command, folder: Path) -> None:
    with running(command, folder) as port:
        assert documented()[command.name] == probe(port)


def test_what_is_not_measured_is_named() -> None:
    text = (ROOT / "docs" / "directory.md").read_text(encoding="utf-8")
    for name in MISSING:
        assert name in documented() or f"`{name}`" in text
    assert all(documented()["rangeserve"].values())
    assert set(documented()["rangeserve"]) == set(PROBES)
