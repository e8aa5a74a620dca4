"""`AppAsker`: asks an ASGI app in this process, as a server would, and counts what it reads."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote

import anyio
import anyio.lowlevel

from ..types import ASGIApp
from .answers import Answer, NoAnswer, Question, Reply
from .budget import Budget
from .model import CouldNotAsk
from .secrets import HIDDEN, Secrets, shown_url

__all__ = ["AppAsker", "bytes_read", "living"]

_IO: Final = "/proc/self/io"
_MOST_LATE: Final = 16 * 1024 * 1024


def bytes_read() -> int | None:
    """The bytes that this process has read from files and sockets so far; `None` if unknown.

    Linux counts them, and not those of a memory map.
    """
    try:
        with open(_IO, "rb") as file:
            first = file.readline()
    except OSError:
        return None
    name, _, value = first.partition(b":")
    return int(value) if name == b"rchar" else None


class AppAsker:
    """Asks `app` for the path `path` (with its query), with `headers` beside those of a question.

    `read_so_far` gives the bytes that the producer was read so far, or `None`. `timeout` is in
    seconds, for one response.
    """

    in_process = True
    offers_http2 = False

    def __init__(
        self,
        app: ASGIApp,
        path: str,
        headers: Iterable[tuple[str, str]],
        budget: Budget,
        *,
        read_so_far: Callable[[], int | None] = bytes_read,
        timeout: float = 15.0,
        state: dict[str, Any] | None = None,
    ) -> None:
        self._app = app
        self._path = path
        self._headers = tuple(headers)
        self._budget = budget
        self._read_so_far = read_so_far
        self._timeout = timeout
        self.state: dict[str, Any] = state if state is not None else {}
        self.secrets: Secrets = Secrets(f"http://localhost{path}", self._headers)

    def command(self, question: Question) -> str:
        """What is asked, as a line of text: an app in process has no URL for curl."""
        fields = [f"{name}: {value}" for name, value in question.fields]
        fields += [f"{name}: {HIDDEN}" for name, _ in self._headers]
        shown = shown_url(f"http://localhost{self._path}").removeprefix("http://localhost")
        return " | ".join([f"{question.method} {shown}", *fields])

    async def ask(self, question: Question) -> Reply:
        """Ask, and return what a server would have sent."""
        if self._budget.is_spent:
            return NoAnswer("the budget of requests is spent")
        self._budget.sent += 1
        call = _Call(question, min(question.most, self._budget.left))
        before = self._read_so_far()
        try:
            with anyio.move_on_after(self._timeout) as scope:
                await self._app(self._scope(question), call.receive, call.send)
        except Exception as error:  # an app may raise anything, and a server would go on
            call.fail(f"the app raised {type(error).__name__}")
        else:
            if scope.cancelled_caught:
                call.fail("the app does not end in time")
        after = self._read_so_far()
        self._budget.received += len(call.body)
        read = after - before if before is not None and after is not None else None
        return call.reply(read)

    def _scope(self, question: Question) -> dict[str, Any]:
        path, _, query = self._path.partition("?")
        given = {name.lower() for name, _ in self._headers}
        fields = [("Host", "localhost"), *question.fields, *self._headers]
        if question.get("accept-encoding") is None and "accept-encoding" not in given:
            fields.append(("Accept-Encoding", "identity"))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": question.method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode("ascii", "replace"),
            "query_string": query.encode("ascii", "replace"),
            "root_path": "",
            "headers": [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in fields],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 80),
            "state": dict(self.state),
        }


class _Call:
    """One call of the app: its messages in, an answer out."""

    def __init__(self, question: Question, most: int) -> None:
        self._no_body = question.method == "HEAD"
        self._most = most
        self._start: dict[str, Any] | None = None
        self.body = bytearray()
        self._complete = False
        self._left = anyio.Event()
        self._late = 0
        self._asked = False
        self._trouble: str | None = None
        self._since = time.monotonic()
        self._seconds: float | None = None

    async def receive(self) -> dict[str, Any]:
        await anyio.lowlevel.checkpoint()
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await anyio.lowlevel.checkpoint()
        if message["type"] == "http.response.start":
            self._start = dict(message)
        elif message["type"] == "http.response.body":
            await self._take(bytes(message.get("body", b"")), more=message.get("more_body", False))

    async def _take(self, chunk: bytes, *, more: bool) -> None:
        if self._left.is_set():
            self._late += len(chunk)
            if self._late > _MOST_LATE:  # as a server does at last
                raise OSError("the client has left")
            return
        if self._seconds is None:
            self._seconds = time.monotonic() - self._since
        if not self._no_body:
            self.body += chunk
        if not more:
            self._complete = True
        if not more or len(self.body) >= self._most:
            self._left.set()

    def fail(self, why: str) -> None:
        if not self._left.is_set():
            self._trouble = why

    def reply(self, read: int | None) -> Reply:
        start = self._start
        if start is None:
            if self._trouble is None:
                return NoAnswer("the app sent no response", closed=True)
            return NoAnswer(self._trouble, closed=True)
        fields = tuple((bytes(name), bytes(value)) for name, value in start.get("headers", ()))
        answer = Answer(
            int(start["status"]),
            fields,
            bytes(self.body[: self._most]),
            complete=self._complete and len(self.body) <= self._most,
            cut=len(self.body) >= self._most and not self._complete,
            seconds=self._seconds or 0.0,
            read=read,
            sent_late=self._late,
        )
        return self._with_trouble(answer)

    def _with_trouble(self, answer: Answer) -> Answer:
        trouble = self._trouble
        length = answer.representation.content_length
        if trouble is None and not self._no_body and not answer.cut and answer.status != 304:
            if not self._complete:
                trouble = "the body ends before it is complete"
            elif length is not None and length != len(self.body):
                trouble = f"{len(self.body):,} bytes are sent, with a Content-Length of {length:,}"
        return answer if trouble is None else replace(answer, trouble=trouble, complete=False)


@asynccontextmanager
async def living(app: ASGIApp, timeout: float) -> AsyncGenerator[dict[str, Any], None]:
    """Keep `app` started (ASGI lifespan) as long as the context lasts; its state is given.

    An app that knows no lifespan is left alone. `CouldNotAsk` if it fails to start.
    """
    state: dict[str, Any] = {}
    started, stop = anyio.Event(), anyio.Event()
    failures: list[str] = []
    asked: list[str] = []

    async def receive() -> dict[str, Any]:
        if not asked:
            asked.append("startup")
            return {"type": "lifespan.startup"}
        await stop.wait()
        return {"type": "lifespan.shutdown"}

    async def send(message: Any) -> None:
        await anyio.lowlevel.checkpoint()
        if message["type"] == "lifespan.startup.failed":
            failures.append(str(message.get("message", "")))
        if message["type"].startswith("lifespan.startup"):
            started.set()

    async def live() -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}}
        try:
            await app({**scope, "state": state}, receive, send)
        except Exception:  # it knows no lifespan (ASGI lifespan 2.0)
            pass
        finally:
            started.set()

    problem: Exception | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(live)
        with anyio.move_on_after(timeout):
            await started.wait()
        try:
            if failures:
                raise CouldNotAsk(f"the app fails to start: {failures[0]}")
            yield state
        except Exception as error:  # outside of the group it is raised as it is
            problem = error
        stop.set()
        tasks.cancel_scope.deadline = anyio.current_time() + timeout
    if problem is not None:
        raise problem
