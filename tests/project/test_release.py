"""`.ci/release.py` finds what is wrong with a release (releasing.md); this checkout is sound."""

from __future__ import annotations

import re
import runpy
import tarfile
import zipfile
from pathlib import Path

import pytest
from project.test_wheel import built
from support.demo import ROOT

RELEASE = runpy.run_path(str(ROOT / ".ci" / "release.py"))
PROJECT = 'version = "1.2.3"\n[project.urls]\nSource = "https://there.test/"\n'
CHANGES = "# Changes\n\n## Unreleased\n\n## 1.2.3 - 2026-11-26\n\n### Added\n"
README_METADATA = "rangeserve-1.2.3.dist-info/METADATA"


@pytest.mark.parametrize(
    ("tag", "changes", "project", "found"),
    [
        pytest.param("v1.2.3", CHANGES, PROJECT, [], id="nothing"),
        pytest.param("v1.2.4", CHANGES, PROJECT, ["the tag is v1.2.4"], id="another tag"),
        pytest.param("1.2.3", CHANGES, PROJECT, ["the tag is 1.2.3"], id="a tag without v"),
        pytest.param(
            "v1.2.3", CHANGES.replace("- 2026-11-26", ""), PROJECT, ["no heading"], id="no date"
        ),
        pytest.param(
            "v1.2.3",
            CHANGES.replace("Unreleased\n", "Unreleased\n\n- more\n"),
            PROJECT,
            ["under Unreleased"],
            id="something left",
        ),
        pytest.param(
            "v1.2.3",
            CHANGES,
            PROJECT.replace("there.test", "repository.example"),
            ["the placeholder"],
            id="the placeholder",
        ),
    ],
)
def test_what_is_wrong_with_the_repository(
    tag: str, changes: str, project: str, found: list[str]
) -> None:
    problems = RELEASE["problems"](tag, changes, project)
    assert len(problems) == len(found)
    assert all(part in problem for part, problem in zip(found, problems, strict=True))


def make(folder: Path, page: str, sdist: tuple[str, ...], *, typed: bool = True) -> Path:
    with zipfile.ZipFile(folder / "rangeserve-1.2.3-py3-none-any.whl", "w") as wheel:
        wheel.writestr(README_METADATA, page)
        if typed:
            wheel.writestr("rangeserve/py.typed", "")
    with tarfile.open(folder / "rangeserve-1.2.3.tar.gz", "w:gz") as archive:
        for name in sdist:
            archive.addfile(tarfile.TarInfo(f"rangeserve-1.2.3/{name}"))
    return folder


ALL = RELEASE["IN_SDIST"]


@pytest.mark.parametrize(
    ("page", "sdist", "typed", "found"),
    [
        pytest.param("[a](https://b.test) [c](#d)", ALL, True, [], id="nothing"),
        pytest.param("[a](docs/b.md)", ALL, True, ["link: docs/b.md"], id="a relative link"),
        pytest.param('<img src="b.svg">', ALL, True, ["link: b.svg"], id="a relative picture"),
        pytest.param("", ALL[1:], True, [f"no {ALL[0]}"], id="a file that is missing"),
        pytest.param("", ALL, False, ["py.typed"], id="no marker of types"),
    ],
)
def test_what_is_wrong_with_what_was_built(
    tmp_path: Path, page: str, sdist: tuple[str, ...], typed: bool, found: list[str]
) -> None:
    problems = RELEASE["problems_built"](make(tmp_path, page, sdist, typed=typed))
    assert len(problems) == len(found)
    assert all(problem.endswith(part) for part, problem in zip(found, problems, strict=True))


def test_nothing_was_built(tmp_path: Path) -> None:
    assert RELEASE["problems_built"](tmp_path) == [
        "there are 0 wheels and 0 sdists, and not one of each"
    ]


def test_what_this_checkout_builds_is_sound(tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    dist.mkdir()
    for kind in ("build_wheel", "build_sdist"):
        built(tmp_path, kind, 1_700_000_000, "1767225600", into=dist)
    assert RELEASE["problems_built"](dist) == []
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as wheel:
        names = wheel.namelist()
        scripts = next(name for name in names if name.endswith("/entry_points.txt"))
        assert "rangeserve = rangeserve.__main__:main" in wheel.read(scripts).decode()
        assert {name.partition("/")[0].partition("-")[0] for name in names} == {"rangeserve"}


def test_only_the_placeholder_keeps_this_checkout_from_being_released() -> None:
    """The version has its heading with a date. Replacing the placeholder is docs/releasing.md's."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (version,) = re.findall(r'^version = "(.*)"$', project, re.MULTILINE)
    changes = (ROOT / "CHANGES.md").read_text(encoding="utf-8")
    without = re.sub(r"(## Unreleased\n).*?(?=^## )", r"\1\n", changes, flags=re.M | re.S)
    (problem,) = RELEASE["problems"](f"v{version}", without, project)
    assert "repository.example" in problem


def test_the_placeholder_stands_where_the_page_says() -> None:
    places = {
        path.relative_to(ROOT).as_posix()
        for path in (*ROOT.glob("*.*"), *(ROOT / "rangeserve").rglob("*.py"))
        if path.is_file()
        and path.suffix in (".md", ".toml", ".yml", ".py")
        and "repository.example" in path.read_text(encoding="utf-8")
    }
    assert places == {"pyproject.toml", "mkdocs.yml"}


def test_each_python_of_the_classifiers_is_tested() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    tox = (ROOT / "tox.ini").read_text(encoding="utf-8")
    workflow = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    named = re.findall(r'"Programming Language :: Python :: 3\.(\d+)"', project)
    (listed,) = re.findall(r"^    py3\{([\d,]+)\}$", tox, re.MULTILINE)
    assert set(named) <= set(listed.split(","))
    (tested,) = re.findall(r"tox -e (\S+) --installpkg", workflow)
    assert tested == ",".join(f"py3{minor}" for minor in named)


def test_the_command_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert RELEASE["main"](["v0"]) == 1
    assert "the tag is v0" in capsys.readouterr().out
