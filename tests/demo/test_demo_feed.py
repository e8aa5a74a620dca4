"""`demo_app.py`: the live picture that its listeners get."""

from __future__ import annotations

import asyncio
import json
from types import ModuleType
from typing import Any

import pytest
from support.demo import (
    SOURCES,
)
from support.driver import ask, http_scope
from support.waiting import SECONDS

from rangeserve import ByteRange, Event, Outcome, Reason, ResponseFinished, ResponseStarted


def event(kind: type[Any] = ResponseStarted, number: int = 1, **fields: Any) -> Event:
    values: dict[str, Any] = {
        "number": number,
        "method": "GET",
        "path": "/video.mp4",
        "status": 206,
        "complete_length": 1000,
        "ranges": (ByteRange(0, 10),),
        "reason": None,
    }
    if kind is ResponseFinished:
        values |= {"bytes_sent": 10, "seconds": 0.5, "outcome": Outcome.COMPLETE}
    made: Event = kind(**{**values, **fields})
    return made


def read(text: str) -> tuple[int, str, dict[str, Any]]:
    """The id, the type and the data of one Server-Sent Event."""
    fields = dict(line.split(": ", 1) for line in text.strip().split("\n"))
    return int(fields["id"]), fields["event"], json.loads(fields["data"])


class TestFeed:
    def test_what_an_event_says(self, module: ModuleType) -> None:
        finished = event(
            ResponseFinished, reason=Reason.IF_RANGE, outcome=Outcome.CLIENT_GONE, bytes_sent=4
        )
        assert module.describe(finished) == {
            "number": 1,
            "method": "GET",
            "path": "/video.mp4",
            "status": 206,
            "length": 1000,
            "ranges": ((0, 10),),
            "reason": "the If-Range condition does not hold",
            "sent": 4,
            "seconds": 0.5,
            "outcome": "client gone",
        }

    def test_other_paths_are_of_no_concern(self, module: ModuleType) -> None:
        module.feed.observe(event(path="/static/demo.js"))
        assert module.feed.newest == 0

    def test_a_listener_catches_up_and_then_follows(self, module: ModuleType) -> None:
        async def listen() -> list[str]:
            feed = module.Feed()
            for number in range(1, 4):
                feed.observe(event(number=number))
            listener = feed.listen(1)
            heard = [await anext(listener) for _ in range(3)]
            coming = asyncio.ensure_future(anext(listener))
            await asyncio.sleep(0)
            feed.observe(event(ResponseFinished, number=4))
            heard.append(await coming)
            await listener.aclose()
            return heard

        heard = asyncio.run(listen())
        assert heard[0].startswith("retry: ")
        assert [read(text)[:2] for text in heard[1:]] == [
            (2, "started"),
            (3, "started"),
            (4, "finished"),
        ]

    def test_a_listener_that_falls_behind_costs_no_memory(self, module: ModuleType) -> None:
        async def listen() -> list[int]:
            feed = module.Feed(kept=10)
            listener = feed.listen(0)
            await anext(listener)
            for number in range(1000):
                feed.observe(event(number=number))
            heard = [read(await anext(listener))[0] for _ in range(10)]
            await listener.aclose()
            return heard

        assert asyncio.run(listen()) == list(range(991, 1001))

    def test_a_comment_keeps_the_connection_alive(self, module: ModuleType) -> None:
        async def listen() -> list[str]:
            listener = module.Feed(keep_alive=0.01).listen(0)
            heard = [await anext(listener) for _ in range(3)]
            await listener.aclose()
            return heard

        assert all(text.startswith(": ") for text in asyncio.run(listen())[1:])

    def test_a_listener_that_leaves_is_forgotten(self, module: ModuleType) -> None:
        async def listen() -> None:
            feed = module.Feed()
            listener = feed.listen(0)
            await anext(listener)
            waiting = asyncio.ensure_future(anext(listener))
            await asyncio.sleep(0)
            assert len(feed.listeners) == 1
            waiting.cancel()
            await asyncio.wait([waiting])
            assert not feed.listeners

        asyncio.run(listen())

    @pytest.mark.parametrize(
        ("query", "headers", "expected"),
        [
            pytest.param(b"after=1", [], [2, 3], id="after the page was made"),
            pytest.param(b"after=1", [("Last-Event-ID", "2")], [3], id="a reconnection"),
            pytest.param(b"after=99", [], [1, 2, 3], id="from before a restart"),
            pytest.param(b"after=x", [("Last-Event-ID", "y")], [], id="nonsense"),
        ],
    )
    def test_which_events_a_page_gets(
        self, module: ModuleType, query: bytes, headers: list[tuple[str, str]], expected: list[int]
    ) -> None:
        for number in range(1, 4):
            module.feed.observe(event(number=number))
        scope = {**http_scope(path="/events", headers=headers), "query_string": query}

        async def listen() -> bytes:
            heard = b""
            enough = asyncio.Event()

            async def send(message: dict[str, Any]) -> None:
                nonlocal heard
                heard += message.get("body", b"")
                if heard.count(b"id: ") == len(expected) and b"retry" in heard:
                    enough.set()

            async def receive() -> dict[str, Any]:
                await enough.wait()
                for _ in range(50):  # so that an event too many would still come
                    await asyncio.sleep(0)
                return {"type": "http.disconnect"}

            await asyncio.wait_for(module.app(scope, receive, send), SECONDS)
            return heard

        texts = asyncio.run(listen()).decode().split("\n\n")
        assert [read(text)[0] for text in texts if text.startswith("id: ")] == expected
        assert not module.feed.listeners

    @pytest.mark.parametrize("path", SOURCES)
    def test_a_request_is_told_of(self, module: ModuleType, path: str) -> None:
        answer = asyncio.run(ask(module.app, path=path, headers=[("Range", "bytes=5-9")]))
        assert answer.status == 206
        heard = [read(text) for _, text in module.feed._history]
        assert [kind for _, kind, _ in heard] == ["started", "finished"]
        assert heard[1][2]["ranges"] == [[5, 10]]
        assert heard[1][2]["sent"] == 5
        assert heard[1][2]["outcome"] == "complete"
