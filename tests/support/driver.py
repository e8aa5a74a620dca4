"""A small in-process ASGI driver for asyncio and trio, built on anyio.

`ask` runs one request through an app and behaves like a server: `receive` gives the request
body and then waits until the response is complete (or the client is said to leave), when it
gives `http.disconnect`. The messages that the app sent are kept in order.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import anyio

from support.waiting import SECONDS

Headers = Iterable[tuple[str, str]]


@dataclass
class Answer:
    """What a server would have put on the wire."""

    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def starts(self) -> list[dict[str, Any]]:
        return [m for m in self.messages if m["type"] == "http.response.start"]

    @property
    def status(self) -> int:
        (start,) = self.starts
        return start["status"]

    @property
    def headers(self) -> list[tuple[str, str]]:
        (start,) = self.starts
        return [
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in start.get("headers", ())
        ]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    def __getitem__(self, name: str) -> str:
        (value,) = self.all(name)
        return value

    def get(self, name: str) -> str | None:
        values = self.all(name)
        assert len(values) < 2, f"{name} came {len(values)} times"
        return values[0] if values else None

    @property
    def body(self) -> bytes:
        return b"".join(
            m.get("body", b"") for m in self.messages if m["type"] == "http.response.body"
        )

    @property
    def complete(self) -> bool:
        """Whether exactly one final message came, and came last."""
        finals = [
            m["type"] == "http.response.pathsend"
            or (m["type"] == "http.response.body" and not m.get("more_body", False))
            for m in self.messages
        ]
        return finals.count(True) == 1 and finals[-1]


def http_scope(
    method: str = "GET",
    path: str = "/",
    headers: Headers = (),
    *,
    extensions: dict[str, Any] | None = None,
    spec_version: str = "2.3",
) -> dict[str, Any]:
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": spec_version},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers
        ],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
    }
    if extensions is not None:
        scope["extensions"] = extensions
    return scope


async def ask(
    app: Callable[..., Awaitable[None]],
    method: str = "GET",
    path: str = "/",
    headers: Headers = (),
    *,
    scope: dict[str, Any] | None = None,
    request_body: Iterable[dict[str, Any]] = (),
    leave_after: int | None = None,
    extensions: dict[str, Any] | None = None,
    on_send: Callable[[dict[str, Any]], Awaitable[None]] | None = None,
    settle: float = SECONDS,
) -> Answer:
    """Send one request to `app`, and return its response.

    `leave_after`: the client leaves after that number of body bytes (sends then vanish, as on
    a real server). The call fails if the app does not end in `settle` seconds.
    """
    answer = Answer()
    over = anyio.Event()
    requests = iter([*request_body, {"type": "http.request", "body": b"", "more_body": False}])
    sent = 0

    async def receive() -> dict[str, Any]:
        await anyio.lowlevel.checkpoint()
        for message in requests:
            return message
        await over.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal sent
        if on_send is not None:
            await on_send(message)
        if leave_after is not None and sent >= leave_after:
            over.set()
            await anyio.lowlevel.checkpoint()
            return
        assert not (answer.messages and answer.complete), f"after the end: {message}"
        answer.messages.append(message)
        if message["type"] == "http.response.body":
            sent += len(message.get("body", b""))
            if not message.get("more_body", False):
                over.set()
        elif message["type"] == "http.response.pathsend":
            over.set()

    used = scope if scope is not None else http_scope(method, path, headers, extensions=extensions)
    with anyio.fail_after(settle):
        await app(used, receive, send)
    return answer
