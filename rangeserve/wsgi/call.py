"""`Call`: one request on its way through. What the app does becomes messages of an `Exchange`.

WSGI has no messages, but the same order: a start, chunks, an end. So the exchange that decides
for ASGI decides here as well, and its actions are carried out by giving chunks to the server.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass, field
from typing import Any

from .._asgi.actions import Action, Open, Serve
from .._asgi.exchange import Exchange
from .._asgi.hints import Hints
from .._asgi.hooks import Hooks, TooLargeHook, ValidatorHook
from .._asgi.late import Late
from .._asgi.messages import BODY, START
from .._asgi.observation import Observation
from .._asgi.once import Once
from .._asgi.response import Response, State
from ..core.limits import Limits
from ..core.request import read_request
from ..errors import ClientDisconnected, ResponseError
from ..events import Observer
from ..handover import Handover
from ..sources.etags import EtagMaker
from ..types import Message
from .answer import Answer
from .environ import AppEnviron, path_of, request_fields
from .files import FileWrapper
from .opened import Opened
from .start import Start
from .transfer import chunks_of
from .types import Environ, StartResponse, WSGIApp

__all__ = ["Call", "Settings"]

FileWrapperType = Callable[[Any, int], Iterable[bytes]]


@dataclass
class Settings:
    """What holds for every request; see `RangeMiddleware`."""

    limits: Limits
    etag: EtagMaker | None
    observer: Observer | None
    app_ranges: bool | Callable[[Environ], object] = False
    last_modified: bool = True
    body_etag: int | None = None
    validator: ValidatorHook | None = None
    too_large: TooLargeHook | None = None
    once: Once = field(default_factory=Once)

    def hooks(self, environ: Environ) -> Hooks:
        """The user's functions for one request: they are called with its `environ`."""
        return Hooks(environ, self.body_etag, self.validator, self.too_large)


class Call:
    """One call of the app, on behalf of one GET or HEAD: what it does is fed to the exchange.

    `run` gives what the server iterates over. `chunks` are those of the response; `close` closes
    the app's body and what was opened or handed over, once.
    """

    def __init__(
        self, app: WSGIApp, settings: Settings, environ: Environ, start_response: StartResponse
    ) -> None:
        self._app = app
        self._settings = settings
        self._method: str = environ["REQUEST_METHOD"]
        self._fields = request_fields(environ)
        request = self._request = read_request(self._method, self._fields, settings.limits)
        self._handover = Handover(request.range if request is not None else None)
        self._opened = Opened(self._handover, settings.etag, settings.last_modified)
        shows = settings.app_ranges
        self._shows_ranges = bool(shows(environ) if callable(shows) else shows)
        self._environ = AppEnviron(
            environ, request, self._handover, shows_ranges=self._shows_ranges
        )
        self._path = path_of(environ)
        self._server_wrapper: FileWrapperType | None = environ.get("wsgi.file_wrapper")
        self._server_start = start_response
        self._server_write: Callable[[bytes], object]
        self._exchange = self._begin()
        self._late = Late(settings.limits.max_late_bytes)
        self._start: Start | None = None
        self._is_start_fed = False
        self._body: Iterable[bytes] | None = None
        self._serve: Serve | None = None
        self._answer = Answer(self, Observation.of(settings.observer, self._method, self._path))

    def _begin(self) -> Exchange:
        def log(level: int, text: str) -> None:
            self._settings.once.log(level, {"path": self._path}, text)

        return Exchange(
            self._method,
            self._request,
            self._handover,
            self._settings.limits,
            time.time,
            request_fields=self._fields,
            hints=Hints(self._request, shows_ranges=self._shows_ranges, log=log),
            hooks=self._settings.hooks(self._environ.environ),
        )

    @property
    def response(self) -> Response:
        """How far the response has come."""
        return self._exchange.response

    def run(self) -> Iterable[bytes]:
        """Call the app: what the server is to iterate over, and to close."""
        try:
            try:
                body = self._app(self._environ.environ, self._start_response)
                if body is None:
                    raise ResponseError("the app returned None, and not an iterable of bytes")
                self._body = body
            except ClientDisconnected:
                if not self._is_answered:
                    raise
            self._environ.share()
            if self._start is not None and not self._is_start_fed:
                self._feed_start(self._start)
            return self._in_server_wrapper() or self._answer
        except BaseException:
            self._answer.fail()
            raise

    # What the app calls

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        try:
            if exc_info and self._answer.has_begun:
                raise exc_info[1].with_traceback(exc_info[2])
            if self._start is not None and not exc_info:
                raise ResponseError("start_response was called twice, without exc_info")
            if self._is_start_fed:  # decided, but nothing was given to the server: decide anew
                self._exchange, self._is_start_fed, self._serve = self._begin(), False, None
            self._start = Start(status, headers, exc_info)
        finally:
            exc_info = None
        return self._write

    def _write(self, data: bytes) -> None:
        """PEP 3333's `write`: the server has taken `data` when this returns."""
        for chunk in self._feed_body(data):
            if chunk:
                self._answer.write(chunk, self._server_write)

    # What becomes of it

    def chunks(self) -> Iterator[bytes]:
        """The chunks of the response, as the server asks for them.

        Where the app's own chunk is dropped an empty one is given, because no server may be kept
        waiting for more than one of them (PEP 3333, "Middleware Handling of Block Boundaries").
        """
        if not self._is_answered:
            body = () if self._body is None else self._body
            count = _count_of(body)
            for place, data in enumerate(body, 1):
                yield from self._feed_body(data, more=place != count) or (b"",)
                if self._is_answered:
                    break
            else:
                if not self.response.complete:
                    yield from self._feed_body(b"", more=False)
        serve = self._serve
        if serve is not None:
            yield from chunks_of(serve.plan, serve.source, self.response.last_send)
        elif not self._answer.has_begun:  # else wsgiref would add `Content-Length: 0`
            yield b""

    @property
    def _is_answered(self) -> bool:
        """Whether nothing that the app may still give is needed."""
        return self._serve is not None or self.response.state is State.DONE

    def _feed_body(self, data: bytes, *, more: bool = True) -> Sequence[bytes]:
        if isinstance(data, str):
            raise ResponseError("the app gave a str as its body, and not bytes")
        if not self._is_start_fed:
            if self._start is None:
                raise ResponseError("a body came before start_response was called")
            self._feed_start(self._start)
        message: Message = {"type": BODY, "body": data, "more_body": more}
        if not self._is_answered:
            return self._carry_out(self._exchange.feed(message))
        if self._late.stops(message, self.response, app_listens=False):
            raise ClientDisconnected("the response is complete")
        return ()

    def _feed_start(self, start: Start) -> None:
        self._is_start_fed = True
        body = self._body
        if type(body) is FileWrapper and start.status == 200:
            is_capped = self._settings.limits.max_body_size is not None
            self._opened.offer(body, start, measure=is_capped or self._request is not None)
        elif isinstance(body, (list, tuple)):
            size = sum(len(chunk) for chunk in body)
            if size or self._method != "HEAD":
                start.know_size(size)
        self._opened.complete(start)
        self._carry_out(self._exchange.feed(start.message()))

    def _carry_out(self, actions: Sequence[Action]) -> list[bytes]:
        """Do what the exchange asks for: the chunks that are to be given to the server."""
        chunks: list[bytes] = []
        for action in actions:
            if isinstance(action, Open):
                chunks += self._carry_out(self._exchange.opened(self._opened.open(action)))
            elif isinstance(action, Serve):
                self._serve = action
            elif action["type"] == START:
                assert self._start is not None
                self._server_write = self._server_start(*self._start.arguments(action))
            else:
                chunks.append(action["body"])
        return chunks

    def _in_server_wrapper(self) -> Iterable[bytes] | None:
        """The whole file in the server's own `wsgi.file_wrapper`, which may have a fast way."""
        body, serve = self._body, self._serve
        if (
            type(body) is not FileWrapper
            or self._server_wrapper is None
            or self._method == "HEAD"
            or self._answer.has_begun
            or self._answer.is_observed
        ):
            return None
        if serve is None:
            is_whole = self.response.state is State.PASSING
        else:
            is_whole = self._opened.is_whole_of_wrapped(serve)
        if not is_whole:
            return None
        self._opened.close()
        return self._server_wrapper(body.file, body.block_size)

    # The end

    def close(self) -> None:
        """Close what the app gave and what was opened. The `Answer` calls it once."""
        try:
            self._opened.close()
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._environ.share()


def _count_of(body: Iterable[bytes]) -> int | None:
    """The number of chunks in `body`, if it is known before they are given."""
    if isinstance(body, (list, tuple)) or (isinstance(body, Sized) and len(body) == 1):
        return len(body)
    return None
