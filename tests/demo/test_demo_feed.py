"""`demo_app.py`: the live picture that its listeners get."""

from __future__ import annotations

import asyncio
import json
import sys
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
    """The number (0 if it has none), the type and the data of one Server-Sent Event."""
    lines = [line for line in text.strip().split("\n") if line and not line.startswith("retry")]
    fields = dict(line.split(": ", 1) for line in lines)
    number = fields.get("id", "-0").partition("-")[2]
    return int(number), fields["event"], json.loads(fields["data"])


def new_feed(module: ModuleType, **options: Any) -> Any:
    return module.Feed(SOURCES, **options)


def on_the_line(module: ModuleType, sent: int = 0) -> Any:
    """A response on the line, as if the running code belonged to it."""
    line = sys.modules["demo_line"]
    response = line.Carried(12.3456, "abc", sent)
    line.carried.set(response)
    return response


class TestFeed:
    def test_what_an_event_says(self, module: ModuleType) -> None:
        finished = event(
            ResponseFinished, reason=Reason.IF_RANGE, outcome=Outcome.CLIENT_GONE, bytes_sent=4
        )
        described = sys.modules["demo_feed"].describe
        assert "visit" not in described(finished, None)
        assert described(finished, on_the_line(module)) == {
            "at": 12.346,
            "visit": "abc",
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
            feed = new_feed(module)
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
        assert read(heard[0])[1] == "hello"
        assert [read(text)[:2] for text in heard[1:]] == [
            (2, "started"),
            (3, "started"),
            (4, "finished"),
        ]

    def test_a_listener_that_falls_behind_costs_no_memory(self, module: ModuleType) -> None:
        async def listen() -> list[int]:
            feed = new_feed(module, kept=10)
            listener = feed.listen(0)
            await anext(listener)
            for number in range(1000):
                feed.observe(event(number=number))
            heard = [read(await anext(listener))[0] for _ in range(10)]
            await listener.aclose()
            return heard

        assert asyncio.run(listen()) == list(range(991, 1001))

    def test_a_stream_ends_by_itself(self, module: ModuleType) -> None:
        """The browser comes back, and a connection is not held for nothing."""

        async def listen() -> list[str]:
            feed = new_feed(module, lasts=2)
            on_the_line(module)
            feed.observe(event())  # and is never over
            return [text async for text in feed.listen(0)]

        heard = asyncio.run(asyncio.wait_for(listen(), SECONDS))
        assert [read(text)[1] for text in heard] == ["hello", "started"]

    def test_a_stream_ends_with_the_demo(self, module: ModuleType) -> None:
        async def listen() -> list[str]:
            feed = new_feed(module)
            listener = feed.listen(0)
            heard = [await anext(listener)]
            coming = asyncio.ensure_future(anext(listener))
            await asyncio.sleep(0)
            feed.end()
            return [*heard, await coming, *[text async for text in listener]]

        heard = asyncio.run(listen())
        assert [read(text)[1] for text in heard] == ["hello", "ended"]

    def test_how_much_has_been_sent_so_far(self, module: ModuleType) -> None:
        async def listen() -> list[str]:
            feed = new_feed(module)
            response = on_the_line(module)
            feed.observe(event(number=7))
            listener = feed.listen(0)
            heard = [await anext(listener) for _ in range(2)]
            response.sent = 4
            heard.append(await anext(listener))  # it is looked at again and again
            feed.observe(event(ResponseFinished, number=7))
            heard.append(await anext(listener))
            await listener.aclose()
            return heard

        heard = [read(text) for text in asyncio.run(listen())]
        assert [kind for _, kind, _ in heard] == ["hello", "started", "progress", "finished"]
        assert heard[2][2] == {"number": 7, "sent": 4}

    def test_a_mark_of_another_start_is_nothing(self, module: ModuleType) -> None:
        first, second = new_feed(module), new_feed(module)
        for number in range(1, 4):
            second.observe(event(number=number))
        assert first.start != second.start
        assert second.number(f"{second.start}-2") == 2
        assert second.number(f"{second.start}-99") == 3
        assert second.number(f"{first.start}-2") == 0
        for nonsense in ("", "-", "2", f"{second.start}-", f"{second.start}-x", "9" * 999):
            assert second.number(nonsense) == 0

    def test_a_listener_that_leaves_is_forgotten(self, module: ModuleType) -> None:
        async def listen() -> None:
            feed = new_feed(module)
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
        ("query", "last", "expected"),
        [
            pytest.param("after={start}-1", [], [2, 3], id="after the page was made"),
            pytest.param("after={start}-1", ["{start}-2"], [3], id="a reconnection"),
            pytest.param("after=other-2", [], [1, 2, 3], id="from before a restart"),
            pytest.param("after=x", ["y"], [1, 2, 3], id="nonsense"),
            pytest.param("", [], [], id="from now on"),
        ],
    )
    def test_which_events_a_page_gets(
        self, module: ModuleType, query: str, last: list[str], expected: list[int]
    ) -> None:
        for number in range(1, 4):
            module.feed.observe(event(number=number))
        start = module.feed.start
        headers = [("Last-Event-ID", mark.format(start=start)) for mark in last]
        scope = http_scope(path="/events", headers=headers)
        scope["query_string"] = query.format(start=start).encode()

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
        assert [read(text)[0] for text in texts if "id: " in text] == expected
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
