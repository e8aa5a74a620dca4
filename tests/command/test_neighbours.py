"""The address for other devices, as text and as a QR code, and the page in a browser."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from pathlib import Path

import pytest
from support.command import Command

from rangeserve.__main__ import main
from rangeserve._command.listener import Place
from rangeserve._command.neighbours import address_in_network, draw_code, load_segno
from rangeserve._command.neighbours import show_to_others as show


@pytest.mark.parametrize(
    ("address", "url", "here"),
    [
        ("127.0.0.1", "http://127.0.0.1:80/", "http://127.0.0.1:80/"),
        ("0.0.0.0", "http://0.0.0.0:80/", "http://127.0.0.1:80/"),
        ("::", "http://[::]:80/", "http://[::1]:80/"),
        ("192.0.2.7", "http://192.0.2.7:80/", "http://192.0.2.7:80/"),
    ],
)
def test_the_urls_of_a_place(address: str, url: str, here: str) -> None:
    place = Place(address, 80, is_secure=False)
    assert (place.url, place.url_here) == (url, here)
    assert Place(address, 80, is_secure=True).url == url.replace("http", "https")


def test_the_address_in_the_network() -> None:
    assert address_in_network("127.0.0.1") == "127.0.0.1"
    for wildcard in ("0.0.0.0", "::"):
        found = address_in_network(wildcard)
        assert found is None or not ipaddress.ip_address(found).is_unspecified


def test_a_code_is_drawn_of_a_url() -> None:
    """Two modules of the code are one character: each row is as wide as the code is high."""
    code = draw_code(load_segno(), "http://192.0.2.7:8000/").split("\n")
    assert {len(row) for row in code} == {29}
    assert len(code) == 15
    assert set("".join(code)) <= set(" ▀▄█")
    assert draw_code(load_segno(), "http://192.0.2.8:8000/").split("\n") != code


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_what_is_shown_of_an_address_in_a_network(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setattr(type(sys.stdout), "encoding", encoding, raising=False)
    show(Place("192.0.2.7", 80, is_secure=True), load_segno())
    out, err = capsys.readouterr()
    if encoding == "utf-8":
        assert out == draw_code(load_segno(), "https://192.0.2.7:80/") + "\n"
        assert err == ""
    else:
        assert (out, err) == ("", "rangeserve: warning: this terminal cannot show a QR code\n")


def test_a_wide_bind_tells_the_address(tmp_path: Path) -> None:
    with Command("-b", "0.0.0.0", "-p", "0", "--qr", cwd=tmp_path) as command:
        assert command.process.stdout is not None
        address = address_in_network("0.0.0.0")
        if address is None:
            command.line()
            assert command.line() == "rangeserve: warning: no address for other devices was found"
            return
        url = f"http://{address}:{command.port}/"
        assert command.process.stdout.readline() == f"Other devices: {url}\n"
        assert re.fullmatch("█+\n", command.process.stdout.readline())


def test_a_code_for_this_machine_only_is_of_no_use(tmp_path: Path) -> None:
    with Command("-p", "0", "--qr", cwd=tmp_path) as command:
        url = f"http://127.0.0.1:{command.port}/"
        assert command.line() == (
            f"rangeserve: warning: other devices cannot reach {url}; --bind 0.0.0.0 lets them"
        )


def test_without_segno(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "segno", None)
    assert main([str(tmp_path), "-p", "0", "--qr"]) == 2
    assert capsys.readouterr().err == (
        "rangeserve: segno is missing; install it with: pip install 'rangeserve[qr]'\n"
    )


@pytest.mark.skipif(os.name == "nt", reason="the browser is a shell script")
def test_the_page_is_opened_in_the_browser(tmp_path: Path) -> None:
    """In the one that BROWSER names, as the module `webbrowser` finds it."""
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    os.mkfifo(opened)
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n', encoding="utf-8")
    browser.chmod(0o755)
    environment = {"BROWSER": str(browser)}
    arguments = ["--open", "-b", "0.0.0.0", "-p", "0"]
    with (
        Command(*arguments, cwd=tmp_path, environment=environment) as command,
        opened.open(encoding="utf-8") as pipe,
    ):
        assert pipe.read() == f"http://127.0.0.1:{command.port}/\n"


def test_no_browser_is_said(tmp_path: Path) -> None:
    environment = {"BROWSER": str(tmp_path / "none"), "PATH": str(tmp_path), "DISPLAY": ""}
    with Command("--open", "-p", "0", cwd=tmp_path, environment=environment) as command:
        assert command.line() == (
            "rangeserve: warning: no browser was found; "
            f"the page is at http://127.0.0.1:{command.port}/"
        )
