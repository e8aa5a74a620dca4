"""One case answered with the fast paths and without them, with an observer and without one."""

from __future__ import annotations

import dataclasses
import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import anyio
import anyio.lowlevel

from rangeserve import RangeMiddleware, hand_over
from rangeserve.sources.opening import open_file
from support.content import numbered
from support.descriptors import open_files
from support.driver import http_scope
from support.messages import DISCONNECT
from support.waiting import until

KIB = 1024
NOW = 1_800_000_000  # the clock stands still: a time in the future is sent as now
MTIMES = {"usual": 1_700_000_000, "zero": 0, "one": 1, "future": NOW + 1_000_000}
SIZES = {"empty": 0, "byte": 1, "ten": 10, "64K": 64 * KIB, "64K+1": 64 * KIB + 1, "1M": KIB * KIB}
CONTENT = numbered(SIZES["1M"])
BOUNDARY = re.compile(rb"[0-9a-f]{32}")


@dataclass
class Place:
    """A file that can be asked for, and a link to it; `make` restores both before each answer."""

    path: str
    size: int
    mtime: int = MTIMES["usual"]
    is_intact: bool = False

    @property
    def etag(self) -> str:
        return f'"{self.mtime * 10**9:x}-{self.size:x}"'

    def make(self) -> None:
        if self.is_intact:
            return
        self.is_intact = True
        for name in (self.path, f"{self.path}.link"):
            Path(name).unlink(missing_ok=True)
        Path(self.path).write_bytes(CONTENT[: self.size])
        self.stamp()
        os.symlink(self.path, f"{self.path}.link")

    def stamp(self) -> None:
        os.utime(self.path, (self.mtime, self.mtime))

    def replace(self) -> None:
        """Another file of the same size stands there, a second younger."""
        self.is_intact = False
        Path(f"{self.path}.new").write_bytes(b"x" * self.size)
        os.utime(f"{self.path}.new", (self.mtime + 1, self.mtime + 1))
        os.replace(f"{self.path}.new", self.path)

    def truncate(self) -> None:
        self.is_intact = False
        if not os.path.exists(self.path):
            return
        os.truncate(self.path, self.size // 2)
        self.stamp()

    def remove(self) -> None:
        self.is_intact = False
        Path(self.path).unlink(missing_ok=True)


@dataclass(frozen=True)
class Start:
    """A response start of the app; `shape` is how it gives its fields."""

    fields: tuple[tuple[bytes, bytes], ...]
    status: int = 200
    shape: str = "list"
    more: tuple[tuple[str, Any], ...] = ()

    def message(self) -> dict[str, Any]:
        shapes: dict[str, Callable[[Any], Any]] = {
            "list": list,
            "tuple": tuple,
            "lists": lambda pairs: [list(pair) for pair in pairs],
            "iterator": iter,
            "pairs that are iterators": lambda pairs: [iter(pair) for pair in pairs],
        }
        message = {"type": "http.response.start", "status": self.status, **dict(self.more)}
        if self.shape != "absent":
            message["headers"] = shapes[self.shape](self.fields)
        return message


@dataclass(frozen=True)
class Case:
    """A request, the steps of the app that answers it, and what may go wrong meanwhile."""

    method: str
    headers: tuple[tuple[bytes, bytes], ...]
    steps: tuple[Any, ...]
    options: tuple[tuple[str, Any], ...] = ()
    offers_pathsend: bool = False
    goes_on: bool = False  # after an exception of `send`
    fails_at: int | None = None  # from this message on the server's `send` raises
    has_left: bool = False  # the client, before the app listens for it


@dataclass
class Seen:
    """What one answer was."""

    sent: list[Any] = field(default_factory=list)
    raised: str | None = None
    told: list[str | None] = field(default_factory=list)  # what `send` raised, each time
    events: list[Any] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)


def plain(message: dict[str, Any]) -> dict[str, Any]:
    """A message as it is compared: any boundary of parts is the same, any list of fields too."""
    shown = dict(message)
    if "headers" in message:
        headers = [tuple(pair) for pair in message["headers"]]
        shown["headers"] = [(name, BOUNDARY.sub(b"boundary", value)) for name, value in headers]
    if "body" in message:
        shown["body"] = BOUNDARY.sub(b"boundary", message["body"])
    return shown


def joined(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages, with each run of long body messages as one: time says where it is cut."""
    told: list[dict[str, Any]] = []
    for message in messages:
        before = told[-1] if told else {}
        is_more = before.get("more_body") and "body" in message and message.keys() == before.keys()
        if is_more and len(before["body"]) >= 64 * KIB:
            told[-1] = {**message, "body": before["body"] + message["body"]}
        else:
            told.append(message)
    return told


def error_text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


@contextmanager
def logged() -> Iterator[list[str]]:
    """What the package says to the author of an app meanwhile."""
    lines: list[str] = []
    handler = logging.Handler(logging.INFO)
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("rangeserve")
    logger.addHandler(handler)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)


def same(event: Any) -> dict[str, Any]:
    """What every request has of its own in an event, as if it had not."""
    return {name: 0 for name in ("number", "seconds") if name in vars(event)}


async def answer(case: Case, place: Place, *, is_fast: bool, is_observed: bool) -> Seen:
    """What goes out, is raised and is told when this case is answered."""
    place.make()
    seen = Seen()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for step in case.steps:
            if isinstance(step, Exception):
                raise step
            if step == "return":
                return
            if step == "listen":
                await receive()
                await receive()
            elif isinstance(step, str):
                getattr(place, step)()
            elif isinstance(step, tuple):
                hand_over(scope, step[1])
            else:
                message = step.message() if isinstance(step, Start) else step
                try:
                    await send(message)
                except Exception as error:
                    seen.told.append(error_text(error))
                    if not case.goes_on:
                        raise
                else:
                    seen.told.append(None)

    async def send(message: Any) -> None:
        await anyio.lowlevel.checkpoint()
        if case.fails_at is not None and len(seen.sent) >= case.fails_at:
            raise OSError("the client is gone")
        seen.sent.append(plain(message))

    requested = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        await anyio.lowlevel.checkpoint()
        for message in requested:
            return message
        if not case.has_left:
            await anyio.sleep_forever()
        return DISCONNECT

    events: list[Any] = []
    options = {**dict(case.options), **({"observer": events.append} if is_observed else {})}
    middleware = RangeMiddleware(app, **options)
    if not is_fast:
        middleware._settings.has_fast_path = middleware._settings.has_short_ranges = False
    extensions = {"http.response.pathsend": {}} if case.offers_pathsend else {}
    scope = {**http_scope(case.method), "headers": list(case.headers), "extensions": extensions}
    with logged() as lines:
        try:
            await middleware(scope, receive, send)
        except Exception as error:
            seen.raised = error_text(error)
    seen.logged = lines
    seen.sent = joined(seen.sent)
    seen.events = [
        dataclasses.replace(
            event, number=0, **({"seconds": 0.0} if "seconds" in vars(event) else {})
        )
        for event in events
    ]
    return seen


async def check(case: Case, place: Place) -> list[Any]:
    """Fail unless the four answers to a case are the same; what went out."""
    folder = os.path.dirname(place.path)
    place.make()
    (await open_file(place.path)).close()  # the folder is known to be quick
    before = open_files(folder)
    slow, fast, slow_observed, fast_observed = [
        await answer(case, place, is_fast=is_fast, is_observed=is_observed)
        for is_observed in (False, True)
        for is_fast in (False, True)
    ]
    assert fast == slow
    assert fast_observed == slow_observed
    assert len(fast_observed.events) in (0, 2)
    assert dataclasses.replace(fast_observed, events=[]) == fast
    await until(lambda: open_files(folder) == before)
    return fast.sent


@cache
def place_of(path: str, size: int, mtime: int) -> Place:
    """One place for a path, so that its file need not be written again and again."""
    return Place(path, size, mtime)


@contextmanager
def the_clock_stands() -> Iterator[None]:
    def now() -> float:
        return float(NOW)

    with (
        mock.patch("rangeserve._asgi.fast_path.time", now),
        mock.patch.object(time, "time", now),
    ):
        yield
