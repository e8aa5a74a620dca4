"""What is public is public on purpose: names, where they say they live, and what can be pickled."""

from __future__ import annotations

import ast
import pickle
import pydoc
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from project.public import EXTRAS, MODULES, PACKAGE, homes, is_installed, load, names_in
from support.demo import ROOT
from support.pages import blocks, pages

import rangeserve
from rangeserve import core, sources
from rangeserve._public import publish

PACKAGES = sorted(path.parent for path in PACKAGE.rglob("__init__.py"))


def dotted(package: Path) -> str:
    return ".".join(("rangeserve", *package.relative_to(PACKAGE).parts))


def installed_names() -> Iterator[tuple[str, str, Any]]:
    """Each public name: where it is described, how it is called, and what it is."""
    for path, home in homes().items():
        module, _, name = path.rpartition(".")
        if home == module and is_installed(module):
            yield module, name, getattr(load(module), name)


OURS = [
    pytest.param(module, name, value, id=f"{module}.{name}")
    for module, name, value in installed_names()
    if str(getattr(value, "__module__", "")).startswith("rangeserve")
]


@pytest.mark.parametrize("package", PACKAGES, ids=dotted)
def test_no_public_name_is_that_of_a_submodule(package: Path) -> None:
    """Else `import rangeserve.name as it` would give one or the other, by chance."""
    submodules = {path.stem for path in package.iterdir() if path.suffix == ".py" or path.is_dir()}
    text = (package / "__init__.py").read_text(encoding="utf-8")
    if "__all__" in text:
        assert not submodules & set(names_in(dotted(package)))
    bound = {
        alias.asname or alias.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert not submodules & bound


@pytest.mark.parametrize("module", [module for module in MODULES if is_installed(module)])
def test_importing_a_public_module_gives_a_module(module: str) -> None:
    names: dict[str, Any] = {}
    exec(f"import {module} as it", names)
    assert isinstance(names["it"], ModuleType)
    assert names["it"].__name__ == module


@pytest.mark.parametrize(
    "module", [each for each in map(dotted, PACKAGES) if each in MODULES and is_installed(each)]
)
def test_dir_shows_what_is_public(module: str) -> None:
    assert dir(load(module)) == sorted(load(module).__all__)


@pytest.mark.parametrize("module", MODULES)
def test_all_has_no_name_twice_and_none_that_is_private(module: str) -> None:
    names = names_in(module)
    assert len(set(names)) == len(names)
    assert not any(name.startswith("_") for name in names)


@pytest.mark.parametrize(("module", "name", "value"), OURS)
def test_a_name_says_that_it_lives_where_it_is_imported_from(
    module: str, name: str, value: Any
) -> None:
    assert (value.__module__, value.__qualname__) == (module, name)


def test_only_what_is_ours_is_published() -> None:
    namespace = {"__name__": "rangeserve", "theirs": Path, "text": "a", "ours": type("T", (), {})}
    namespace["ours"].__module__ = "rangeserve.somewhere"  # type: ignore[attr-defined]
    before = Path.__module__
    publish(namespace, ["theirs", "text", "ours"])
    assert Path.__module__ == before
    assert namespace["ours"].__module__ == "rangeserve"  # type: ignore[attr-defined]


def test_a_traceback_names_the_public_path() -> None:
    error = rangeserve.ResponseError("the body is short")
    printed = "".join(traceback.format_exception_only(type(error), error))
    assert printed == "rangeserve.ResponseError: the body is short\n"


def test_help_names_the_public_path() -> None:
    text = pydoc.render_doc(rangeserve.ResponseError, renderer=pydoc.plaintext)
    assert text.splitlines()[0] == (
        "Python Library Documentation: class ResponseError in module rangeserve"
    )


def test_help_of_the_package_has_every_class_and_function() -> None:
    text = pydoc.render_doc(rangeserve, renderer=pydoc.plaintext)
    for name in rangeserve.__all__:
        value = getattr(rangeserve, name)
        if value.__module__ != "rangeserve":
            continue  # a type alias
        if isinstance(value, type):
            assert f"class {name}(" in text
        else:
            assert f"\n    {name}(" in text


PICKLED = [
    rangeserve.ByteRange(0, 10),
    rangeserve.Limits(max_ranges=3),
    rangeserve.Outcome.CLIENT_GONE,
    rangeserve.Reason.IF_RANGE,
    rangeserve.ResponseStarted(1, "GET", "/", 206, 9, (rangeserve.ByteRange(0, 3),), None),
    rangeserve.ResponseFinished(
        1, "GET", "/", 200, 9, (), rangeserve.Reason.MALFORMED, 9, 0.5, rangeserve.Outcome.COMPLETE
    ),
    core.EntityTag("a", True),
    core.Request("GET", range="bytes=0-9"),
    core.Representation([(b"etag", b'"a"')], 9),
    core.Whole(9, True, rangeserve.Reason.HEAD),
    core.Parts((rangeserve.ByteRange(0, 3),), 9),
    core.NotModified(9),
    core.PreconditionFailed(9),
    core.NotSatisfiable(9),
    core.Plan(206, [(b"content-length", b"3")], (b"head", rangeserve.ByteRange(0, 3))),
    core.Verdict.FAILED,
]


@pytest.mark.parametrize("value", PICKLED, ids=lambda value: type(value).__name__)
def test_values_can_be_pickled(value: object) -> None:
    assert pickle.loads(pickle.dumps(value)) == value


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(rangeserve.ResponseError("short"), id="ResponseError"),
        pytest.param(rangeserve.ClientDisconnected("complete"), id="ClientDisconnected"),
        pytest.param(sources.SourceUnavailable(503), id="SourceUnavailable"),
        pytest.param(sources.SourceUnavailable(503, "moved"), id="SourceUnavailable, with words"),
    ],
)
def test_exceptions_can_be_pickled(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


@pytest.mark.parametrize(
    "value",
    [
        rangeserve.parse_range,
        rangeserve.serve,
        rangeserve.stat_etag,
        rangeserve.RangeMiddleware,
        core.select,
        sources.open_path,
    ],
    ids=lambda value: value.__name__,
)
def test_functions_and_classes_are_pickled_by_their_public_path(value: Any) -> None:
    pickled = pickle.dumps(value, protocol=0)
    assert value.__module__.encode() in pickled
    assert pickle.loads(pickled) is value


def test_importing_the_package_needs_no_extra() -> None:
    extras = sorted(set(EXTRAS.values()))
    code = f"import sys, rangeserve; sys.exit(str([e for e in {extras} if e in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert done.stderr.strip() == "[]"


def page_imports() -> Iterator[Any]:
    for page in pages():
        for block in blocks(page.read_text(encoding="utf-8")):
            if block.language != "python" or page.name == "reference.md":
                continue
            for node in ast.walk(ast.parse(block.code)):
                if isinstance(node, ast.ImportFrom) and str(node.module).startswith("rangeserve"):
                    where = f"{page.relative_to(ROOT).as_posix()}:{block.line}"
                    names = [alias.name for alias in node.names]
                    yield pytest.param(node.module, names, id=f"{where} {node.module}")


@pytest.mark.parametrize(("module", "names"), list(page_imports()))
def test_the_pages_import_what_is_public(module: str, names: list[str]) -> None:
    assert module in MODULES
    assert set(names) <= set(names_in(module))
