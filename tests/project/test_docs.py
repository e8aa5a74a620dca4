"""Every code block of the README and of every page under docs/ is run."""

from __future__ import annotations

import ast
import re
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from support.demo import CLIP, ROOT
from support.driver import ask
from support.pages import Block, blocks, matches, pages, run_page, runner_of

from rangeserve import Limits, RangeMiddleware

README = ROOT / "README.md"
GUIDE = ROOT / "docs" / "guide.md"
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_block_runs(page: Path, tmp_path: Path) -> None:
    runner = runner_of(page)
    if runner is not None:
        text = (ROOT / runner).read_text(encoding="utf-8")
        assert page.name in text, f"{runner} does not name {page.name}"
        return
    text = page.read_text(encoding="utf-8")
    if "$ curl" in text and shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    run_page(page, tmp_path)


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith(("#", "mailto:")):
            assert (page.parent / target.partition("#")[0]).exists(), target


def test_every_page_is_listed_in_the_readme() -> None:
    listed = {
        (ROOT / target.partition("#")[0]).resolve()
        for target in LINK.findall(README.read_text(encoding="utf-8"))
    }
    assert not [name_of(page) for page in pages()[1:] if page.resolve() not in listed]


def test_the_table_of_limits_is_that_of_the_class() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([\d,]+|None) \|", GUIDE.read_text("utf-8"), re.MULTILINE)
    written = {name: value.replace(",", "") for name, value in rows}
    assert written == {field.name: str(getattr(Limits(), field.name)) for field in fields(Limits)}


def test_the_lines_of_the_log_are_those_of_the_code() -> None:
    """The table in docs/symptoms.md quotes a part of each text that is logged."""
    page = (ROOT / "docs" / "symptoms.md").read_text(encoding="utf-8")
    quoted = re.findall(r"^\| (?:INFO|WARNING) \| `(.*?)` \|", page, re.MULTILINE)
    assert len(quoted) > 5
    texts = [
        str(node.value)
        for path in (ROOT / "rangeserve").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert [line for line in quoted if not any(line in text for text in texts)] == []


def test_ci_runs_the_command_of_the_readme() -> None:
    command = "python -m pip install tox tox-uv && tox"
    assert f"$ {command}\n" in README.read_text(encoding="utf-8")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert command.removeprefix("python -m pip install") in script


@pytest.mark.anyio
class TestTheTenLines:
    """What the apps of the README and of the guide answer."""

    @pytest.fixture
    def names(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        monkeypatch.chdir(ROOT)
        names: dict[str, Any] = {"__name__": "readme"}
        for page in (README, GUIDE):
            for block in blocks(page.read_text(encoding="utf-8")):
                if block.language == "python" and not block.mark:
                    exec(compile(block.code, page.name, "exec", dont_inherit=True), names)
        return names

    @pytest.mark.parametrize("app", ["starlette_app", "layered_app"])
    async def test_starlette_file(self, names: dict[str, Any], app: str) -> None:
        answer = await ask(names[app], path="/video.mp4", headers=[("Range", "bytes=4-11")])
        assert (answer.status, answer.body) == (206, b"ftypisom")
        assert answer["content-range"] == f"bytes 4-11/{CLIP.stat().st_size}"

    # Starlette leaves a stream that was not exhausted to the garbage collector, which trio
    # reports: asyncio only.
    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    @pytest.mark.parametrize("app", ["starlette_app", "layered_app"])
    async def test_starlette_stream(self, names: dict[str, Any], app: str) -> None:
        answer = await ask(names[app], path="/numbers", headers=[("Range", "bytes=800-807")])
        assert (answer.status, answer.body) == (206, b"    100\n")

    async def test_compression_inside_is_passed_on(self, names: dict[str, Any]) -> None:
        asked = [("Range", "bytes=800-807"), ("Accept-Encoding", "gzip")]
        answer = await ask(names["layered_app"], path="/numbers", headers=asked)
        assert (answer.status, answer["content-encoding"]) == (200, "gzip")

    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    async def test_cors_outside_exposes_the_range(self, names: dict[str, Any]) -> None:
        asked = [("Range", "bytes=0-7"), ("Origin", "https://player.example")]
        answer = await ask(names["layered_app"], path="/numbers", headers=asked)
        assert answer.status == 206
        assert "Content-Range" in answer["access-control-expose-headers"]

    async def test_bare(self, names: dict[str, Any]) -> None:
        answer = await ask(names["bare_app"], headers=[("Range", "bytes=-7")])
        assert (answer.status, answer.body) == (206, b"world!\n")

    async def test_observer(
        self, names: dict[str, Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert isinstance(names["observed_app"], RangeMiddleware)
        await ask(names["observed_app"], headers=[("Range", "lines=1-2")])
        assert capsys.readouterr().out == ("200 14 of 14 complete  (the range unit is not bytes)\n")


class TestTheRunner:
    """The runner itself finds what is wrong with a page."""

    @pytest.mark.parametrize(
        ("text", "wrong"),
        [
            pytest.param("```python\nassert False, 'no'\n```\n", "no", id="code that fails"),
            pytest.param(
                "```python\nprint(1)\n```\n\n<!-- output -->\n```text\n2\n```\n",
                "printed 1",
                id="another output",
            ),
            pytest.param("```console\n$ echo one\ntwo\n```\n", "one", id="another answer"),
            pytest.param("```console\n$ false\n```\n", "false", id="a command that fails"),
            pytest.param("```nginx\nlisten 80;\n```\n", "nobody runs", id="an unknown language"),
            pytest.param("```json\n{]\n```\n", "Expecting", id="no JSON"),
            pytest.param(
                "<!-- run by: tests/none.py -->\n```console\n$ x\n```\n",
                "does not exist",
                id="run by nobody",
            ),
            pytest.param(
                "<!-- run by: tox.ini -->\n```console\n$ x\n```\n",
                "does not name it",
                id="run by somebody who does not know",
            ),
        ],
    )
    def test_what_is_wrong_is_found(self, tmp_path: Path, text: str, wrong: str) -> None:
        page = tmp_path / "unheard-of.md"
        page.write_text(text, encoding="utf-8")
        (tmp_path / "folder").mkdir()
        with pytest.raises((AssertionError, ValueError), match=wrong):
            run_page(page, tmp_path / "folder")

    def test_blocks(self) -> None:
        text = "a\n\n<!-- output -->\n```text\nx\n```\n```python\ny\n```\n"
        assert blocks(text) == [Block(4, "text", "x\n", "output"), Block(7, "python", "y\n", "")]

    @pytest.mark.parametrize(
        ("expected", "printed", "same"),
        [
            ("a...c", "abbc\n", True),
            ("a...c", "abb", False),
            ("a", "ab", False),
            ("", "", True),
            ("a.c", "abc", False),
        ],
    )
    def test_matches(self, expected: str, printed: str, same: bool) -> None:
        assert matches(expected, printed) is same
