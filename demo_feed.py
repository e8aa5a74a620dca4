"""What the page's chart is drawn from: the observer's events as Server-Sent Events."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
from collections import deque
from collections.abc import AsyncGenerator, Callable, Container
from typing import Any

import anyio

from demo_line import Carried, carried
from rangeserve import Event, ResponseFinished

KEPT = 512  # the events that are kept for a client that reconnects
LASTS = 10.0  # seconds after which a stream ends, and the browser reconnects
TICK = 0.25  # seconds between two messages about how much of a response has been sent
RETRY = 100  # milliseconds after which a browser reconnects


class Feed:
    """The latest events of the responses to `paths`, for any number of listeners.

    All listeners share one history of `kept` events; a listener only remembers the number of the
    last event that it got. A listener that is more than `kept` events behind misses some. Numbers
    begin with 1 at each start of the demo, so a *mark* names the start and the number.
    """

    def __init__(self, paths: Container[str], kept: int = KEPT, lasts: float = LASTS) -> None:
        self.start = secrets.token_hex(4)
        self.newest = 0
        self.listeners: set[asyncio.Event] = set()
        self._paths = paths
        self._history: deque[tuple[int, str]] = deque(maxlen=kept)
        self._under_way: dict[int, Carried] = {}
        self._lasts = lasts
        self._ended = False

    @property
    def mark(self) -> str:
        """The mark of the newest event."""
        return f"{self.start}-{self.newest}"

    def number(self, mark: str) -> int:
        """The number of the event with this mark; 0 if it is from another start, or is none."""
        start, _, number = mark.partition("-")
        ours = start == self.start and number.isdecimal() and len(number) < 12
        return min(int(number), self.newest) if ours else 0

    def observe(self, event: Event) -> None:
        """Keep an event, and wake the listeners; this is the observer."""
        if event.path not in self._paths:
            return
        response = carried.get()
        if isinstance(event, ResponseFinished):
            self._under_way.pop(event.number, None)
        elif response is not None:
            self._under_way[event.number] = response
        self.newest += 1
        kind = "finished" if isinstance(event, ResponseFinished) else "started"
        self._history.append((self.newest, message(kind, describe(event, response), self.mark)))
        self._wake()

    def end(self) -> None:
        """End every stream: the demo is about to end, and servers wait for their responses."""
        self._ended = True
        self._wake()

    async def listen(self, after: int) -> AsyncGenerator[str, None]:
        """Give the events after number `after`, and then each new one.

        While a response is under way, also how much of it has been sent. The stream ends after
        `lasts` seconds, since a server that is told to end waits for it; and at once at the
        demo's end, if the demo is told, too. Then it says so.
        """
        clock = asyncio.get_running_loop().time
        end = clock() + self._lasts
        news = asyncio.Event()
        self.listeners.add(news)
        told: dict[int, int] = {}
        try:
            yield f"retry: {RETRY}\n\n" + message("hello", {"start": self.start})
            while not self._ended and clock() < end:
                news.clear()
                for number, text in tuple(self._history):
                    if number > after:
                        yield text
                        after = number
                for text in self._progress(told):
                    yield text
                with anyio.move_on_after(min(TICK if self._under_way else LASTS, end - clock())):
                    await news.wait()
            if self._ended:
                yield message("ended", {})
        finally:
            self.listeners.discard(news)

    def _progress(self, told: dict[int, int]) -> list[str]:
        """How much has been sent of each response of which more has been sent than was told."""
        now = {number: response.sent for number, response in self._under_way.items()}
        more = {number: sent for number, sent in now.items() if sent > told.get(number, 0)}
        told.clear()
        told.update(now)
        return [
            message("progress", {"number": number, "sent": sent}) for number, sent in more.items()
        ]

    def _wake(self) -> None:
        for news in self.listeners:
            news.set()


def message(kind: str, data: dict[str, Any], mark: str | None = None) -> str:
    """One Server-Sent Event; with a mark, a browser that reconnects says that it has got it."""
    name = f"id: {mark}\n" if mark is not None else ""
    return f"{name}event: {kind}\ndata: {json.dumps(data)}\n\n"


def describe(event: Event, response: Carried | None) -> dict[str, object]:
    """The facts of an event for the page: `ranges` are half-open, in bytes; `at` is in seconds."""
    described: dict[str, object] = {
        "number": event.number,
        "method": event.method,
        "path": event.path,
        "status": event.status,
        "length": event.complete_length,
        "ranges": event.ranges,
        "reason": event.reason.value if event.reason is not None else None,
    }
    if response is not None:
        described["at"] = round(response.at, 3)
        described["visit"] = response.visit
    if isinstance(event, ResponseFinished):
        described["sent"] = event.bytes_sent
        described["seconds"] = round(event.seconds, 3)
        described["outcome"] = event.outcome.value
    return described


def at_signal(call: Callable[[], None]) -> None:
    """Call `call` on the running loop at Ctrl-C or SIGTERM, beside what the server does then.

    A server tells its app of its end only when all responses are over, which is too late.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)

        def handle(number: int, frame: Any, before: Any = before) -> None:
            loop.call_soon_threadsafe(call)
            if callable(before):
                before(number, frame)
            elif before is signal.SIG_DFL:
                signal.signal(number, before)
                signal.raise_signal(number)

        try:
            signal.signal(number, handle)
        except ValueError:  # not the main thread: nobody else hears of signals there either
            return
