"""Which names a server on a loopback address answers to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.driver import ask, http_scope

from rangeserve._command.hosts import is_loopback, is_own_host, only_hosts

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "field",
    [
        "localhost",
        "localhost:8000",
        "LocalHost.",
        "media.localhost:80",
        "127.0.0.1",
        "127.0.0.1:8000",
        "127.8.9.1",
        "192.168.1.5:8000",
        "[::1]",
        "[::1]:8000",
        "[fe80::1]",
        " localhost ",
        "box.example:",
        "BOX.example.:99",
    ],
)
def test_own_names(field: str) -> None:
    assert is_own_host(field, frozenset({"box.example"}))


@pytest.mark.parametrize(
    "field",
    [
        "",
        ":8000",
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example:8000:127.0.0.1",
        "notlocalhost",
        "localhost..",
        "localhost:80a",
        "user@localhost",
        "localhost@evil.example",
        "localhost/evil",
        "localhost, evil.example",
        "127.1",
        "0x7f.1",
        "2130706433",
        "[::1",
        "[evil.example]",
        "[::1].evil.example",
        "::1",
        "box.example.evil",
        "a.box.example",
        "local\u0000host",
    ],
)
def test_other_names(field: str) -> None:
    assert not is_own_host(field, frozenset({"box.example"}))


@given(st.text())
def test_a_field_never_fails(field: str) -> None:
    is_own_host(field)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("fe80::1%lo", False),
        ("nonsense", False),
    ],
)
def test_loopback(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


async def answers(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"secret"})


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        pytest.param(["localhost"], 200, id="own"),
        pytest.param(["Box.Example."], 200, id="allowed"),
        pytest.param([], 200, id="none, as no browser sends"),
        pytest.param(["evil.example"], 421, id="another"),
        pytest.param(["localhost", "evil.example"], 421, id="two"),
        pytest.param(["evil.example", "localhost"], 421, id="two, the other way round"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_requests_to_other_names_are_refused(
    hosts: list[str], status: int, method: str
) -> None:
    scope = http_scope(method, headers=[("Host", host) for host in hosts])
    answer = await ask(only_hosts(answers, ["BOX.example."]), scope=scope)
    assert answer.status == status
    if status == 421:
        assert b"secret" not in answer.body
        assert (answer.body == b"") is (method == "HEAD")
        assert answer["cross-origin-resource-policy"] == "same-origin"
