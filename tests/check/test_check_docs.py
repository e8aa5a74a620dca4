"""docs/check.md says what the code says: each check, each client, each option, and its examples."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from check.zoo import Right, serving
from support.demo import ROOT
from support.pages import blocks

from rangeserve.check import check
from rangeserve.check.catalogue import CHECKS
from rangeserve.check.clients import CLIENTS
from rangeserve.check.command import _parser, main
from rangeserve.check.cures import _FOR_CODE, _FOR_SERVER, cure_for
from rangeserve.directory import DirectoryApp

PAGE = ROOT / "docs" / "check.md"
TEXT = PAGE.read_text(encoding="utf-8")


def keys_of(codes: object, code: str) -> str:
    return ", ".join(each.key for each in CLIENTS if code in getattr(each, str(codes)))


def rows(title: str) -> list[str]:
    """The rows of the table under a heading."""
    section = TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| ")][1:]


def test_the_table_of_checks() -> None:
    expected = [
        f"| {each.code} | {each.title} | {each.clause} | {keys_of('breaks', each.code)} "
        f"| {keys_of('slows', each.code)} | {_FOR_CODE[each.code]} |"
        for each in CHECKS
    ]
    assert rows("The checks")[1:] == expected


def test_the_table_of_clients() -> None:
    expected = [f"| `{each.key}` | {each.name} | {each.does} |" for each in CLIENTS]
    assert rows("The clients")[1:] == expected


def test_the_table_of_options() -> None:
    named = [
        re.findall(r"`(-[^` ]*)", row.split(" | ")[0]) for row in rows("Options") if "| `-" in row
    ]
    options = [
        action.option_strings
        for action in _parser()._actions
        if action.option_strings and action.dest != "help"
    ]
    assert named == options


def test_every_code_is_there_once_and_no_client_names_another() -> None:
    codes = [each.code for each in CHECKS]
    assert len(set(codes)) == len(codes)
    for client in CLIENTS:
        named = client.breaks | client.slows | set(client.needs)
        assert named <= set(codes)
        assert not client.breaks & client.slows
    assert set(_FOR_CODE) == set(codes)
    assert {code for _, some, _ in _FOR_SERVER for code in some} <= set(codes)


@pytest.mark.parametrize(("server", "start"), [("nginx", "nginx slices"), (None, "the server, or")])
def test_a_cure_is_that_of_the_server_if_it_is_known(server: str | None, start: str) -> None:
    assert cure_for("R01", server).startswith(start)


def test_the_example_in_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    (shown,) = [block for block in blocks(TEXT) if block.language == "console"]
    no_suffix = [line for line in shown.code.splitlines() if not line.startswith("$ ")]
    from check.faults import a_suffix, ignored, when

    with serving(Right(), when(a_suffix, ignored)) as server:
        assert main([server.url]) == 1
        out = capsys.readouterr().out.replace(server.url, "http://127.0.0.1:8000/film.mp4")
    # How well the coded whole is compressed depends on the machine.
    shown_lines, came = ("\n".join(line.rstrip() for line in lines)
                         for lines in (no_suffix, out.splitlines()))  # fmt: skip
    size = re.compile(r"[\d,]+ bytes received")
    assert size.sub("N", shown_lines) == size.sub("N", came)


def test_the_examples_in_python_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {"__name__": "page"}
    pythons = [block for block in blocks(TEXT) if block.language == "python"]
    assert len(pythons) == 2
    for block in pythons:
        exec(compile(block.code, PAGE.name, "exec", dont_inherit=True), names)
    test = names["test_seeking_works"]
    assert callable(test)
    test()


def test_the_page_counts_the_checks() -> None:
    assert f"{len(CHECKS)} checks" in TEXT
    assert check(DirectoryApp(ROOT / "static"), "/clip.mp4").failed == ()
