"""`demo_line.py`: what is carried is counted, and takes its time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from support.demo import load
from support.driver import ask

PIECES, SIZE = 10, 1000


@pytest.fixture
def module() -> ModuleType:
    return load("demo_line")


async def app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for number in range(PIECES):
        body = bytes([number]) * SIZE
        more = number + 1 < PIECES
        await send({"type": "http.response.body", "body": body, "more_body": more})


def timed(line: Callable[..., Any], **request: Any) -> tuple[bytes, float]:
    """The body, and how many seconds it took."""

    async def run() -> tuple[bytes, float]:
        clock = asyncio.get_running_loop().time
        begun = clock()
        answer = await ask(line, **request)
        return answer.body, clock() - begun

    return asyncio.run(run())


BODY = b"".join(bytes([number]) * SIZE for number in range(PIECES))


def test_a_response_is_held_up(module: ModuleType) -> None:
    """4 pieces take 1/20 s, the fifth begins to be slow; nothing waits for the last one."""
    pace = module.Pace(fast=80 * SIZE, ahead=4 * SIZE, slow=20 * SIZE)
    body, seconds = timed(module.Line(app, {"/video.mp4"}, lambda _: pace), path="/video.mp4")
    assert body == BODY
    assert seconds > 4 / 80 + (PIECES - 5) / 20 - 0.01  # a lower bound: machines are loaded


@pytest.mark.parametrize("path", ["/video.mp4", "/other"])
def test_other_responses_are_passed_on(module: ModuleType, path: str) -> None:
    def pace(scope: Any) -> None:
        assert scope["path"] == "/video.mp4"

    assert timed(module.Line(app, {"/video.mp4"}, pace), path=path)[0] == BODY


@pytest.mark.parametrize(
    ("query", "visit"),
    [
        pytest.param(b"visit=abc", "abc", id="of a page"),
        pytest.param(b"", "", id="of nobody"),
        pytest.param(b"visit=%ff&visit=2", "\ufffd", id="of nonsense"),
    ],
)
def test_what_is_known_of_a_response(module: ModuleType, query: bytes, visit: str) -> None:
    seen: list[Any] = []

    async def view(scope: Any, receive: Any, send: Any) -> None:
        response = module.carried.get()
        seen.append((response.visit, response.sent))
        await app(scope, receive, send)
        seen.append((response.visit, response.sent))

    line = module.Line(view, {"/video.mp4"}, lambda _: None)

    async def run() -> None:
        scope = {"type": "http", "path": "/video.mp4", "query_string": query}
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        await line(scope, None, send)
        assert len(sent) == PIECES + 1

    asyncio.run(run())
    assert seen == [(visit, 0), (visit, PIECES * SIZE)]


def test_what_is_no_request_is_passed_on(module: ModuleType) -> None:
    seen: list[Any] = []

    async def lifespan(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, receive, send))

    line = module.Line(lifespan, {"/video.mp4"}, lambda _: None)
    asyncio.run(line({"type": "lifespan"}, 1, 2))
    assert seen == [({"type": "lifespan"}, 1, 2)]
