"""docs/reference.md says what the code says: each public name, with its signature."""

from __future__ import annotations

import builtins
import doctest
import re
from keyword import iskeyword
from pathlib import Path

import pytest
from project.public import MODULES, described_as, homes, is_installed, load, names_in

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"
SECTION = re.compile(r"^## (rangeserve\S*)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
ENTRY = re.compile(
    r"^### `(\w+)`\n\n```python\n(.*?)^```\n\n(.*?)(?=^### |\Z)", re.MULTILINE | re.DOTALL
)
EXAMPLE = re.compile(r"^```pycon\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)
HOMES = homes()


def sections() -> dict[str, str]:
    return dict(SECTION.findall(PAGE.read_text(encoding="utf-8")))


def entries() -> dict[str, tuple[str, str]]:
    """For each `module.name` that the page describes, its signature and its text."""
    return {
        f"{module}.{name}": (signature, text)
        for module, section in sections().items()
        for name, signature, text in ENTRY.findall(section)
    }


ENTRIES = entries()
# What can be imported here: frameworks are in the environment that checks types.
AT_HAND = [path for path in ENTRIES if is_installed(path.rpartition(".")[0])]


def lines(block: str) -> list[str]:
    """The lines of a signature block, whose parentheses may span several, without the layout."""
    joined: list[str] = []
    depth = 0
    for line in block.splitlines():
        if depth:
            joined[-1] += line.strip() if joined[-1].endswith("(") else f" {line.strip()}"
        else:
            joined.append(line)
        if " = " not in line or "(" in joined[-1].partition(" = ")[0]:
            depth += line.count("(") - line.count(")")
    return [plain(line) for line in joined]


def plain(line: str) -> str:
    return line.replace(", )", ")").replace('"', "'").strip()


def module_of(path: str) -> str:
    return path.rpartition(".")[0]


def test_each_public_module_has_its_section_in_order() -> None:
    assert tuple(sections()) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_each_public_name_has_its_entry_and_no_other_has(module: str) -> None:
    described = [path for path in ENTRIES if module_of(path) == module]
    at_home = [f"{module}.{name}" for name in names_in(module)]
    assert sorted(described) == sorted(path for path in at_home if HOMES[path] == module)


@pytest.mark.parametrize("module", MODULES)
def test_what_is_described_elsewhere_is_named(module: str) -> None:
    elsewhere = sorted(name for name in names_in(module) if HOMES[f"{module}.{name}"] != module)
    also = re.search(r"^Also here: (.*?)\.$", sections()[module], re.MULTILINE | re.DOTALL)
    assert re.findall(r"\[`(\w+)`\]", also[1] if also else "") == elsewhere
    for name in elsewhere:
        home = HOMES[f"{module}.{name}"]
        assert getattr(load(module), name) is getattr(load(home), name)


@pytest.mark.parametrize("path", AT_HAND)
def test_the_signature_is_that_of_the_code(path: str) -> None:
    module, _, name = path.rpartition(".")
    expected = [plain(line) for line in described_as(name, getattr(load(module), name))]
    assert lines(ENTRIES[path][0]) == expected


@pytest.mark.parametrize("path", ENTRIES)
def test_an_entry_says_what_the_name_is_for_and_since_when(path: str) -> None:
    text = ENTRIES[path][1].strip()
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    assert len(prose.split()) > 6
    assert re.search(r"\n\n\*Since \d+\.\d+\.\*$", text)


@pytest.mark.parametrize("path", AT_HAND)
def test_examples_print_what_is_shown(path: str) -> None:
    module = module_of(path)
    names = {**vars(load("rangeserve")), **vars(load("rangeserve.core")), **vars(load(module))}
    for example in EXAMPLE.findall(ENTRIES[path][1]):
        test = doctest.DocTestParser().get_doctest(example, dict(names), path, str(PAGE), 0)
        printed: list[str] = []
        result = doctest.DocTestRunner().run(test, out=printed.append)
        assert result.attempted
        assert not result.failed, "".join(printed)


def test_every_name_in_a_signature_is_on_the_page() -> None:
    known = {name for path in HOMES for name in [path.rpartition(".")[2]]}
    known |= set(ROW.findall(PAGE.read_text(encoding="utf-8"))) | set(dir(builtins))
    known |= FOREIGN
    for path, (signature, _) in ENTRIES.items():
        for line in lines(signature):
            for used in names_of(line):
                assert used in known, f"{path}: {used}"


# Standard library and frameworks: everybody who annotates knows where they come from.
FOREIGN = {
    "Any", "AbstractAsyncContextManager", "AsyncIterator", "Awaitable", "BytesIO", "Callable",
    "Collection", "Enum", "Iterable", "Iterator", "Mapping", "Path", "PathLike", "Protocol",
    "Sequence", "Union",
    "datetime", "httpx", "os",
    "AppConfig", "Application", "ContentDispositionType", "GetResponse", "Quart", "Request",
    "Response", "Starlette",
}  # fmt: skip


def names_of(line: str) -> set[str]:
    """The names of types and defaults in a line of a signature block."""
    if re.match(r"\w+\.[A-Z_0-9]+ = ", line):  # a member of an enumeration and its text
        return set()
    without_text = re.sub(r"'[^']*'", "''", line)
    used = re.findall(r"(?<![\w.])[A-Za-z_]\w*(?![\w(:])", without_text)
    return {name for name in used if not iskeyword(name)}


def test_the_lines_of_a_block_are_told_apart() -> None:
    block = 'f(\n    a: int,\n    *,\n    b: str = "x",\n) -> None\nawait C.g() -> int\n'
    assert lines(block) == ["f(a: int, *, b: str = 'x') -> None", "await C.g() -> int"]
