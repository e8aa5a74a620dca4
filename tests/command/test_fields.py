"""`--header`: what is a field for every response, and what becomes of those that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.command import Command
from support.targets import get
from support.wire import fetch

from rangeserve._command.fields import read_field, with_fields
from rangeserve.directory import DirectoryApp


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("X-Robots-Tag: noindex", (b"x-robots-tag", b"noindex")),
        ("Link:</a>; rel=preload", (b"link", b"</a>; rel=preload")),
        ("Name: \t a: b ", (b"name", b"a: b")),
        ("Name: é", (b"name", b"\xe9")),
    ],
)
def test_a_field(text: str, field: tuple[bytes, bytes]) -> None:
    assert read_field(text) == field


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("Name", "is not NAME: VALUE", id="no colon"),
        pytest.param("Name:", "is not NAME: VALUE", id="no value"),
        pytest.param(": value", "is not NAME: VALUE", id="no name"),
        pytest.param("Na me: value", "is not NAME: VALUE", id="a space in the name"),
        pytest.param("Näme: value", "is not NAME: VALUE", id="a letter that is not ASCII"),
        pytest.param("Name : value", "is not NAME: VALUE", id="a space before the colon"),
        pytest.param("Name: a\r\nEvil: b", "is not NAME: VALUE", id="two lines"),
        pytest.param("Name: \u2603", "is not NAME: VALUE", id="no ISO 8859-1"),
        pytest.param("Content-Length: 1", "is for each response to say", id="framing"),
        pytest.param("ETAG: x", "is for each response to say", id="a validator"),
    ],
)
def test_what_is_none(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_field(text)


@given(st.text())
def test_what_is_read_breaks_no_response(text: str) -> None:
    try:
        name, value = read_field(text)
    except ValueError:
        return
    assert name == name.lower()
    assert not set(name + value) & set(b"\r\n\0")


@pytest.mark.anyio
async def test_what_is_there_is_replaced_or_joined(root: Path) -> None:
    (root / "a.txt.gz").write_bytes(b"coded")
    app: Any = with_fields(
        DirectoryApp(root, precompressed=True, sandbox=True),
        [(b"cache-control", b"no-store"), (b"vary", b"Origin"), (b"x", b"1"), (b"x", b"2")],
    )
    answer = await get(app, "/a.txt", ("Range", "bytes=0-1"))
    assert (answer.status, answer.body) == (206, b"al")
    assert answer.all("cache-control") == ["no-store"]
    assert answer.all("vary") == ["Accept-Encoding", "Origin"]
    assert answer.all("x") == ["1", "2"]
    listing = await get(with_fields(app, [(b"content-security-policy", b"sandbox")]), "/")
    first, second = listing.all("content-security-policy")
    assert first.startswith("default-src 'none'")
    assert second == "sandbox"


def test_the_options_of_the_command(root: Path) -> None:
    (root / "x.js").write_bytes(b"script")
    (root / "x.js.br").write_bytes(b"coded")
    arguments = ["--header", "X-Robots-Tag: noindex", "--header", "X-Other: a, b"]
    arguments += ["--cache", "*.js=max-age=31536000, immutable", "--cache", "x.*=no-store"]
    with Command("-p", "0", "--precompressed", *arguments, cwd=root) as command:
        for target, status in (("/x.js", 200), ("/none", 404), ("/sub", 301), ("/", 200)):
            answer = fetch(command.port, target, [("Accept-Encoding", "br")])
            assert answer.status == status
            assert answer["x-robots-tag"] == "noindex"
            assert answer["x-other"] == "a, b"
            is_script = target == "/x.js"
            cached = "max-age=31536000, immutable" if is_script else "no-cache"
            assert answer["cache-control"] == cached
            assert answer.get("content-encoding") == ("br" if is_script else None)
