"""What a contributor meets first says what is there: files, commands, promises and settings."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from project.public import MODULES, PACKAGE, names_in
from support.demo import ROOT

from rangeserve import Limits

PAGES = ("CONTRIBUTING.md", "SECURITY.md", "CHANGES.md")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
CHANGES = ("Security", "Removed", "Deprecated", "Changed", "Added", "Fixed")
FORM = ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml"


def read(name: str | Path) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(text: str) -> set[str]:
    """What a link may point at inside of a page, as GitHub makes it of the headings."""
    found: set[str] = set()
    outside_of_code = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    for heading in HEADING.findall(outside_of_code):
        kept = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        number = sum(1 for each in found if re.fullmatch(rf"{re.escape(kept)}(-\d+)?", each))
        found.add(f"{kept}-{number}" if number else kept)
    return found


MARKDOWN = [ROOT / name for name in (*PAGES, "README.md")] + sorted((ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_within_the_repository_leads_to_a_page_and_a_heading(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        there = page.parent / name if name else page
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(there.read_text(encoding="utf-8")), target


@pytest.mark.parametrize("name", PAGES)
def test_every_test_that_is_named_exists(name: str) -> None:
    named = re.findall(r"\btests/[\w./]*\w", read(name))
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_table_of_limits_in_security_is_that_of_the_class() -> None:
    table = read("SECURITY.md").partition("## Limits")[2]
    named = [name for row in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE) for name in
             re.findall(r"`(\w+)`", row)]  # fmt: skip
    assert named == [field.name for field in fields(Limits)]
    for limit in (field.default for field in fields(Limits) if isinstance(field.default, int)):
        assert f"{limit:,}" in table


def test_the_changes_begin_with_what_is_unreleased() -> None:
    headings = re.findall(r"^(#+) (.*)$", read("CHANGES.md"), re.MULTILINE)
    assert headings[:2] == [("#", "Changes"), ("##", "Unreleased")]
    assert {text for level, text in headings if level == "###"} <= set(CHANGES)


def test_the_changes_name_what_is_public() -> None:
    public = {f"{module}.{name}" for module in MODULES for name in names_in(module)}
    named = re.findall(r"`(rangeserve(?:\.\w+)+)`", read("CHANGES.md"))
    assert len(named) > 10
    assert set(named) <= public | set(MODULES)


def test_contributing_is_one_screen_and_names_the_sections_of_the_changes() -> None:
    text = read("CONTRIBUTING.md")
    assert len(text.splitlines()) < 60
    assert ", ".join(CHANGES[:-1]) + f" or {CHANGES[-1]}" in text


def test_contributing_names_environments_and_folders_that_exist() -> None:
    text, tox = read("CONTRIBUTING.md"), read("tox.ini")
    for label in re.findall(r"tox -m (\w+)", text):
        assert re.search(rf"^    {label} = ", tox, re.MULTILINE)
    for path in re.findall(r"\bpytest (tests/\w+)", text):
        assert (ROOT / path).is_dir()
    assert re.search(r"^dev = \[", read("pyproject.toml"), re.MULTILINE)


def test_the_hooks_run_the_linter_of_the_lint_environment() -> None:
    hooks = read(".pre-commit-config.yaml")
    (wanted,) = re.findall(r'^lint = \["(ruff [^"]+)"\]', read("pyproject.toml"), re.MULTILINE)
    assert re.findall(r'additional_dependencies: \["(.*)"\]', hooks) == [wanted, wanted]
    for command in ("ruff check", "ruff format"):
        assert f"entry: {command} " in hooks
        assert f"{command} " in read("tox.ini")


def requirements(name: str) -> dict[str, str]:
    """The floor of each requirement in a list of pyproject.toml."""
    (block,) = re.findall(
        rf"^{name} = \[(.*?)\]$", read("pyproject.toml"), re.MULTILINE | re.DOTALL
    )
    return dict(re.findall(r'"([\w-]+)(?:\[\w+\])? >=([\d.]+)', block))


def numbers(version: str) -> tuple[int, ...]:
    """The three numbers of a version, so that 0.16 is 0.16.0."""
    parts = [int(part) for part in version.split(".")]
    return tuple([*parts, 0, 0][:3])


def sound_since() -> dict[str, str]:
    """The first version of each project that none of the advisories in SECURITY.md is about."""
    return dict(
        re.findall(r"^\| (\w+) \| ([\d.]+) \| (?:CVE|GHSA)-", read("SECURITY.md"), re.MULTILINE)
    )


@pytest.mark.parametrize("name", ["dependencies", "demo", "serve", "tests"])
def test_floors_are_above_the_advisories(name: str) -> None:
    sound, floors = sound_since(), requirements(name)
    assert set(sound) == {"h11", "h2", "werkzeug"}
    for project in set(sound) & set(floors):
        assert numbers(floors[project]) >= numbers(sound[project]), project


def test_whoever_installs_our_server_has_the_floors_of_what_it_brings() -> None:
    assert "werkzeug" in requirements("dependencies")
    for name in ("demo", "serve"):
        assert {"hypercorn", "h11", "h2"} <= set(requirements(name))


def test_the_oldest_environment_has_the_floors() -> None:
    section = read("tox.ini").partition("[testenv:oldest]")[2].partition("[testenv:")[0]
    pinned = dict(re.findall(r"^    ([\w-]+) == ([\d.]+)$", section, re.MULTILINE))
    floors: dict[str, str] = {}
    for name in ("dependencies", "quart", "starlette", "serve"):
        floors |= requirements(name)
    del floors["exceptiongroup"]  # for Python 3.10, and the environment has 3.11
    assert {name: numbers(pinned[name]) for name in floors} == {
        name: numbers(floor) for name, floor in floors.items()
    }


PIN = re.compile(r"([\w-]+)==([\w.]+)(?: ; [^;]+)?")
OWN_VERSIONS = ("oldest", "frameworks-oldest", "products")


def test_each_line_of_the_constraints_is_one_version_of_one_project() -> None:
    """And names no registry: the file holds for every mirror."""
    comment, *lines = read(".ci/constraints.txt").splitlines()
    assert comment.startswith("# Made by .ci/lock")
    assert len(lines) > 100
    assert [line for line in lines if not PIN.fullmatch(line)] == []


def test_the_constraints_are_those_of_the_requirements() -> None:
    """Else somebody has added one, and not run .ci/lock."""
    text = read("pyproject.toml")
    pinned: dict[str, list[str]] = {}
    for name, version in re.findall(
        r"^([\w-]+)==([\d.]+)", read(".ci/constraints.txt"), re.MULTILINE
    ):
        pinned.setdefault(name, []).append(version)
    products = re.findall(r"^products = \[.*?^\]$", text, re.MULTILINE | re.DOTALL)[0]
    asked = re.findall(r'"([\w-]+)(?:\[[\w,]+\])? >=([\d.]+)', text.replace(products, ""))
    assert len(asked) > 50
    for name, floor in asked:
        assert name in pinned, f"{name}: run .ci/lock"
        assert max(map(numbers, pinned[name])) >= numbers(floor), f"{name}: run .ci/lock"


def test_ci_installs_the_constraints_but_where_an_environment_has_its_own_versions() -> None:
    script = read(".ci/run")
    assert script.index("UV_CONSTRAINT=") < script.index("install tox tox-uv")
    sections = re.split(r"^\[testenv:", read("tox.ini"), flags=re.MULTILINE)[1:]
    unset = [
        section.partition("]")[0] for section in sections if "\n    UV_CONSTRAINT =\n" in section
    ]
    assert tuple(unset) == OWN_VERSIONS


def test_an_editor_wraps_where_the_linter_does() -> None:
    (length,) = re.findall(r"^line-length = (\d+)", read("pyproject.toml"), re.MULTILINE)
    assert f"\n[*.py]\nmax_line_length = {length}\n" in read(".editorconfig")


def test_the_form_for_bugs_asks_for_server_framework_and_curl() -> None:
    items = re.split(r"^  - type: ", FORM.read_text(encoding="utf-8"), flags=re.MULTILINE)
    asked = {re.findall(r"^    id: (\w+)", item, re.MULTILINE)[0]: item for item in items[2:]}
    for name in ("curl", "server", "framework"):
        assert "      required: true" in asked[name], name
    assert "`curl -v`" in asked["curl"]


def test_no_page_names_a_module_that_has_moved() -> None:
    """`rangeserve/x.py` and `rangeserve.x` are there, wherever a page writes of them."""
    for page in MARKDOWN:
        text = page.read_text(encoding="utf-8")
        for path in re.findall(r"`(rangeserve/[\w./]+)`", text):
            assert (PACKAGE.parent / path).exists(), f"{page.name}: {path}"
        for module in re.findall(r"`(rangeserve(?:\.[a-z_]+)+)`", text):
            *parts, last = module.split(".")[1:]
            folder = PACKAGE.joinpath(*parts)
            found = (folder / last).is_dir() or (folder / f"{last}.py").exists()
            home = ".".join(["rangeserve", *parts])
            assert found or (home in MODULES and last in names_in(home)), f"{page.name}: {module}"
