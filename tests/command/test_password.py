"""The password: who is let in, and what is said if it cannot be had."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.command import Command, start
from support.wire import fetch

from rangeserve._command.password import VARIABLE, has_password, read_password
from rangeserve._command.problem import Problem

SECRET = "pässwörd: 1"


def basic(credentials: str, scheme: str = "Basic") -> tuple[bytes, bytes]:
    return b"authorization", f"{scheme} {b64encode(credentials.encode()).decode()}".encode()


@pytest.mark.parametrize(
    ("fields", "is_let_in"),
    [
        pytest.param([basic(f"me:{SECRET}")], True, id="the password"),
        pytest.param([basic(f":{SECRET}")], True, id="without a user name"),
        pytest.param([basic(f"me:{SECRET}", "bAsIc")], True, id="scheme in any case"),
        pytest.param([(b"Authorization", basic(f"me:{SECRET}")[1])], True, id="name in any case"),
        pytest.param([], False, id="no field"),
        pytest.param([basic("me:other")], False, id="another password"),
        pytest.param([basic(f"me:{SECRET} ")], False, id="one letter more"),
        pytest.param([basic("me:")], False, id="an empty password"),
        pytest.param([basic("me")], False, id="no colon"),
        pytest.param([basic(f"me:{SECRET}")] * 2, False, id="twice"),
        pytest.param([basic(f"me:{SECRET}", "Bearer")], False, id="another scheme"),
        pytest.param([(b"authorization", b"Basic !!!")], False, id="no base64"),
        pytest.param([(b"authorization", b"Basic //8=")], False, id="no UTF-8"),
        pytest.param([(b"authorization", b"")], False, id="an empty field"),
    ],
)
def test_who_is_let_in(fields: list[tuple[bytes, bytes]], is_let_in: bool) -> None:
    assert has_password(fields, SECRET) is is_let_in


@given(st.binary())
def test_a_field_never_fails(value: bytes) -> None:
    assert not has_password([(b"authorization", value)], SECRET)
    has_password([(b"authorization", b"Basic " + b64encode(value))], SECRET)


def test_where_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text(f"{SECRET}\r\nmore\n", encoding="utf-8", newline="")
    assert read_password(str(path), {VARIABLE: "other"}) == SECRET
    assert read_password(None, {VARIABLE: "other"}) == "other"
    assert read_password(None, {}) is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(None, "cannot read the password: no such file or directory: ", id="none"),
        pytest.param(b"", "the first line, which is the password, is empty: ", id="empty"),
        pytest.param(b"\nx", "the first line, which is the password, is empty: ", id="line"),
        pytest.param(b"\xff", "cannot read the password: not UTF-8: ", id="no UTF-8"),
    ],
)
def test_what_is_no_password(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Problem) as caught:
        read_password(str(path), {})
    assert str(caught.value) == f"{sentence}{path}"
    with pytest.raises(Problem, match=f"the password in {VARIABLE} is empty"):
        read_password(None, {VARIABLE: ""})


def test_the_command_asks_for_it(root: Path, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(SECRET, encoding="utf-8")
    path = str(tmp_path / "password")
    with Command("-p", "0", "--password-file", path, cwd=root) as command:
        for method, target in (("GET", "/a.txt"), ("GET", "/none"), ("HEAD", "/"), ("POST", "/")):
            refused = fetch(command.port, target, method=method)
            assert refused.status == 401
            assert refused["www-authenticate"] == 'Basic realm="rangeserve", charset="UTF-8"'
            assert b"alpha" not in refused.body
        url = f"http://127.0.0.1:{command.port}/a.txt"
        given_by_hand = {"Authorization": basic(f"me:{SECRET}")[1].decode(), "Range": "bytes=0-1"}
        answer = httpx.get(url, headers=given_by_hand, trust_env=False)
        assert (answer.status_code, answer.content) == (206, b"al")
        assert [command.line().split()[3] for _ in range(5)] == ["401"] * 4 + ["206"]
        arguments = Path(f"/proc/{command.process.pid}/cmdline")
        if arguments.exists():  # what `ps` shows to everybody
            assert SECRET.encode() not in arguments.read_bytes()


def test_by_the_environment_and_warned_of_where_it_is_read_on_its_way(root: Path) -> None:
    environment = {VARIABLE: "secret"}
    with Command("-p", "0", "-b", "0.0.0.0", cwd=root, environment=environment) as command:
        assert fetch(command.port, "/a.txt").status == 401
        assert command.line().startswith("rangeserve: warning: the password is sent as plain text")


def test_another_origin_cannot_send_it(root: Path) -> None:
    process = start("-p", "0", "--cors", cwd=root, environment={VARIABLE: "secret"})
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (2, "")
    assert err == (
        "rangeserve: a page of another origin cannot send the password: --cors is of no use\n"
    )
