"""The access line: no client makes a second line, or lets a terminal act on one."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.driver import http_scope

from rangeserve._command.access import AccessLog


async def answers(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


def line_of(**changes: Any) -> str:
    """The line for a request whose scope has these `changes`."""
    lines: list[str] = []

    async def receive() -> Any:
        raise AssertionError("not reached")

    async def send(message: Any) -> None:
        pass

    scope = http_scope() | changes
    anyio.run(AccessLog(lines.append).around(answers), scope, receive, send)
    (line,) = lines
    return line


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        pytest.param({}, "127.0.0.1 GET / 200 2 B ", id="plain"),
        pytest.param({"method": "A\n::1 GET /x"}, "127.0.0.1 A%0A::1%20GET%20/x / ", id="method"),
        pytest.param({"method": "\x1b[2J"}, "127.0.0.1 %1B[2J / ", id="a terminal's command"),
        pytest.param({"client": ("a\r\nb", 1)}, "a%0D%0Ab GET / ", id="client"),
        pytest.param({"client": ["::1", 1]}, "::1 GET / ", id="IPv6"),
        pytest.param({"client": None}, "- GET / ", id="no client"),
        pytest.param({"raw_path": b"/a\x1b\xff"}, "127.0.0.1 GET /a%1B%FF ", id="target"),
        pytest.param({"query_string": b"a b"}, "127.0.0.1 GET /?a%20b ", id="query"),
        pytest.param(
            {"raw_path": b"http://me:secret@host/a"},
            "127.0.0.1 GET http://***@host/a ",
            id="user information",
        ),
        pytest.param(
            {"query_string": b"from=ftp://me:secret@host/a"},
            "127.0.0.1 GET /?from=ftp://***@host/a ",
            id="user information in a query",
        ),
    ],
)  # fmt: skip
def test_what_is_shown(changes: dict[str, Any], shown: str) -> None:
    assert line_of(**changes).startswith(shown)


@given(method=st.text(), client=st.text(), raw=st.binary(), query=st.binary())
def test_a_line_has_its_words_whatever_comes(
    method: str, client: str, raw: bytes, query: bytes
) -> None:
    line = line_of(method=method, client=(client, 1), raw_path=raw, query_string=query)
    assert line.isascii()
    assert line.isprintable()
    assert len(line.split(" ")) == 8


Ends = Callable[[Any, Any, Any], Any]


async def leaves(scope: Any, receive: Any, send: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def fails(scope: Any, receive: Any, send: Any) -> None:
    raise RuntimeError("a failure")


async def is_stopped(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise asyncio.CancelledError


async def leaves_and_is_stopped(scope: Any, receive: Any, send: Any) -> None:
    await leaves(scope, receive, send)
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("app", "shown"),
    [
        pytest.param(leaves, "- 0 B ms; the client left", id="left before the start"),
        pytest.param(fails, "500 0 B ms", id="failed before the start"),
        pytest.param(is_stopped, "200 0 B ms; cut off", id="the server was stopped"),
        pytest.param(leaves_and_is_stopped, "- 0 B ms; the client left", id="left, then stopped"),
    ],
)
def test_how_a_request_ended(app: Ends, shown: str) -> None:
    lines: list[str] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        pass

    async def run() -> None:
        with contextlib.suppress(RuntimeError, asyncio.CancelledError):
            await AccessLog(lines.append).around(app)(http_scope(), receive, send)

    asyncio.run(run())
    assert [re.sub(r"[\d.]+ ms", "ms", line) for line in lines] == [f"127.0.0.1 GET / {shown}"]
