"""`Call`: one request on its way through. Carries out the actions of its exchange."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from anyio import get_cancelled_exc_class, move_on_after
from anyio.lowlevel import checkpoint

from ..core.limits import Limits
from ..core.representation import Field, materialize
from ..core.request import read_request
from ..errors import ClientDisconnected, ResponseError
from ..events import Observer, Outcome
from ..handover import Handover
from ..sources.etags import EtagMaker, make_etag, stat_etag
from ..sources.file import CAN_READ_AT_ONCE
from ..sources.opening import open_file
from ..sources.pace import Pace
from ..sources.protocol import Closable
from ..sources.unavailable import SourceUnavailable
from ..types import ASGIApp, Message, Receive, Scope, Send
from .actions import Action, Open, Serve
from .exchange import Exchange
from .fast_path import PlainWhole, ShortRange
from .hangup import Sender, without_hangup
from .hints import Hints
from .hooks import Hooks, TooLargeHook, ValidatorHook
from .inbox import Inbox
from .late import Late
from .observation import Observation
from .once import Once
from .outside import Outside
from .response import Response, State
from .scope import AppScope
from .transfer import Transfer
from .turns import Turns

__all__ = ["Call", "Settings"]

# The time that a source may take to be closed.
_CLOSE_SECONDS: Final = 5.0
# When the client leaves, a `send` that waits returns. Over HTTP/2 it may not (Hypercorn 0.18).
_HTTP_1: Final = frozenset({"1.0", "1.1"})
_logger: Final = logging.getLogger("rangeserve")


@dataclass
class Settings:
    """What holds for every request; see `RangeMiddleware`."""

    limits: Limits
    etag: EtagMaker | None
    observer: Observer | None
    app_ranges: bool | Callable[[Scope], object] = False
    pathsend: bool = False
    last_modified: bool = True
    body_etag: int | None = None
    validator: ValidatorHook | None = None
    too_large: TooLargeHook | None = None
    once: Once = field(default_factory=Once)
    outside: Outside = field(default_factory=Outside)
    has_hooks: bool = field(init=False)
    has_fast_path: bool = field(init=False)
    has_short_ranges: bool = field(init=False)

    def __post_init__(self) -> None:
        """Note once what would be asked for each request."""
        hooks = (self.body_etag, self.validator, self.too_large)
        self.has_hooks = any(hook is not None for hook in hooks)
        self.has_fast_path = not self.has_hooks and self.limits.max_body_size is None
        self.has_short_ranges = self.has_fast_path and self.etag is stat_etag and CAN_READ_AT_ONCE


class Call:
    """One call of the app, on behalf of one GET or HEAD."""

    # What a call starts with. As defaults of the class they cost a request nothing.
    _shows_ranges: bool = False
    _observation: Observation | None = None
    _fast_path: PlainWhole | ShortRange | None = None
    _exchange_begun: Exchange | None = None
    _pace: Pace | None = None
    _send_failed: bool = False
    _sending: bool = False
    _turns: Turns | None = None
    _cancelled: bool = False
    _failure: Exception | None = None
    _late: Late | None = None

    def __init__(
        self, app: ASGIApp, settings: Settings, scope: Scope, receive: Receive, send: Send
    ) -> None:
        method: str = scope["method"]
        headers: Sequence[Field] = scope["headers"]
        kind: object = type(headers)
        if kind is not list or (headers and type(headers[0]) is not tuple):
            headers = materialize(headers)  # those of a test client may be readable only once
        request = read_request(method, headers, settings.limits)
        handover = Handover(request.range if request is not None else None)
        shows = settings.app_ranges
        if shows:
            self._shows_ranges = bool(shows(scope) if callable(shows) else shows)
        self._app = app
        self._settings = settings
        self._method = method
        self._request_fields = headers
        self._request = request
        self._handover = handover
        self._app_scope = AppScope(
            scope,
            headers,
            request,
            handover,
            offer_pathsend=settings.pathsend,
            show_ranges=self._shows_ranges,
        )
        self._inbox = Inbox(receive)
        self._server_send = send
        self._wakes = scope.get("http_version", "1.1") in _HTTP_1
        response = self._response = Response()
        if Observation.is_wanted(settings.observer):
            self._observation = Observation(settings.observer, method, scope["path"])
        if settings.has_fast_path and method == "GET":
            if request is None:
                self._fast_path = PlainWhole(response, handover)
            elif settings.has_short_ranges and self._wakes and ShortRange.suits(request):
                self._fast_path = ShortRange(
                    response,
                    handover,
                    request,
                    settings.limits,
                    last_modified=settings.last_modified,
                )

    @property
    def _exchange(self) -> Exchange:
        """The exchange; it begins when it is needed, where the fast path left off."""
        exchange = self._exchange_begun
        if exchange is None:
            fast_path, self._fast_path = self._fast_path, None
            self._settings.outside.look(self._request_fields, self._server_send)
            exchange = self._exchange_begun = Exchange(
                self._method,
                self._request,
                self._handover,
                self._settings.limits,
                time.time,
                native_pathsend=self._app_scope.native_pathsend,
                request_fields=self._request_fields,
                hints=Hints(self._request, shows_ranges=self._shows_ranges, log=self._log),
                hooks=self._hooks(),
                response=self._response,
                held=fast_path.held if fast_path is not None else None,
            )
        return exchange

    def _hooks(self) -> Hooks | None:
        settings = self._settings
        if not settings.has_hooks:
            return None
        scope = self._app_scope.scope
        return Hooks(scope, settings.body_etag, settings.validator, settings.too_large)

    async def run(self) -> None:
        """Call the app and answer the request. What the app raises is raised, but our own."""
        remaining: Exception | None = None
        response = self._response
        self._sender = Sender()
        try:
            await self._app(self._app_scope.scope, self._inbox.receive, self._send)
            if self._failure is not None:
                if not self._client_gone():
                    raise self._failure
            elif not response.complete and response.state is not State.START:
                self._exchange.returned(client_gone=self._client_gone())
        except Exception as error:
            if response.state is not State.DONE:
                raise
            remaining = without_hangup(error)
            if remaining is error:
                raise
        except GeneratorExit:  # closed without being run to its end: nothing can be awaited
            for source in (*self._handover.replaced, self._handover.withdraw()):
                close = getattr(source, "close", None)
                if callable(close):
                    close()
            raise
        except get_cancelled_exc_class():
            self._cancelled = True
            raise
        finally:
            self._app_scope.share()
            if self._handover.source is not None:
                await self._close_source()
            if self._observation is not None:
                self._observation.finish(self._outcome())
        if remaining is not None:
            raise remaining

    async def _send(self, message: Message) -> None:
        """The app's `send`: one message at a time, in their order, whichever tasks send them."""
        response = self._response
        if self._sending:
            if response.state is State.DONE:
                # An exception here might cancel the task that awaits the last send.
                await checkpoint()
                return
            if self._turns is None:
                self._turns = Turns(self._end_of_turns)
            await self._turns.wait()
        self._sending = True
        try:
            if self._failure is not None:
                await checkpoint()  # an app that ignores errors must not freeze the loop
                if self._sender.would_be_heard():
                    raise self._failure
                return
            state = response.state
            if state is State.DONE:
                await self._send_late(message)
                return
            if self._fast_path is not None and not self._inbox.client_gone:
                answer = self._fast_path.feed(message)
                if answer is not None:
                    if answer:
                        if self._request is not None:
                            self._settings.outside.look(self._request_fields, self._server_send)
                        if self._observation is not None:  # nobody else asks
                            self._fast_path.decide()
                        await self._act(answer)
                    return
            exchange = self._exchange
            try:
                actions = exchange.feed(message)
            except ResponseError:
                if state is State.FAILED:
                    await checkpoint()  # an app that ignores errors must not freeze the loop
                if self._client_gone():  # the app ends its body early since its client left
                    return
                raise
            await self._act(actions)
            if response.state is State.SLICING:
                if self._pace is None:
                    self._pace = Pace()
                if self._pace.due(len(message.get("body", b""))):
                    await checkpoint()
        except Exception as error:
            # The app would wait for ever for a task that has died (a2wsgi: its thread waits for
            # space in a queue), so it runs to its end first.
            if self._failure is not None or self._sender.would_be_heard():
                raise
            self._failure = error
        finally:
            if self._turns is None:
                self._sending = False
            else:
                self._turns.pass_on()

    def _end_of_turns(self) -> None:
        self._sending = False

    async def _send_late(self, message: Message) -> None:
        """The client has what it asked for: the app's message is dropped, or the app stopped."""
        await checkpoint()  # an app that ignores errors must not freeze the loop
        is_awaited = self._sender.is_awaited()
        if self._late is None:
            self._late = Late(self._settings.limits.max_late_bytes)
        app_listens = self._inbox.app_listens
        if self._late.stops(message, self._response, app_listens=app_listens) and is_awaited:
            raise ClientDisconnected("the response is complete")

    async def _act(self, actions: Sequence[Action]) -> None:
        if not actions:
            return
        response = self._response
        self._app_scope.share()
        if self._observation is not None and response.decided:
            self._observation.start(response)
        if response.state is State.DONE:
            self._inbox.is_held = True
        try:
            for action in actions:
                if isinstance(action, dict):
                    try:
                        await self._server_send(action)
                    except BaseException as error:
                        if isinstance(error, Exception) or action is not actions[-1]:
                            self._send_failed = True
                        raise
                    if self._observation is not None:
                        self._observation.count(action)
                elif isinstance(action, Open):
                    await self._open(action)
                else:
                    await self._serve(action)
        finally:
            if self._inbox.is_held:
                self._inbox.release()
        if response.state is State.DONE:
            self._inbox.is_closed = True
            if self._handover.source is not None:
                await self._close_source()

    async def _close_source(self) -> None:
        """Close what was handed over, once, if it has something to be closed."""
        replaced = self._handover.replaced
        for source in (*replaced, self._handover.withdraw()):
            if isinstance(source, Closable):
                try:
                    with move_on_after(_CLOSE_SECONDS, shield=True):
                        await source.aclose()
                except Exception:
                    _logger.exception("a source failed when it was closed")

    async def _open(self, action: Open) -> None:
        try:
            file = await open_file(action.path)
        except SourceUnavailable as unavailable:
            await self._act(self._exchange.opened(unavailable))
            return
        try:
            if self._settings.etag is not None and action.wants_etag(file.size):
                file.etag = await make_etag(self._settings.etag, file)
            if not self._settings.last_modified:
                file.last_modified = None
            await self._act(self._exchange.opened(file))
        finally:
            file.close()

    async def _serve(self, serve: Serve) -> None:
        response, inbox = self._response, self._inbox

        def last_send() -> None:
            response.last_send()
            inbox.is_held = True

        transfer = Transfer(
            serve.plan, serve.source, self._server_send, inbox, last_send, send_wakes=self._wakes
        )
        try:
            if not await transfer.run():
                response.client_left()
        finally:
            self._send_failed = self._send_failed or transfer.send_failed
            if self._observation is not None:
                self._observation.count_served(transfer.sent)

    def _outcome(self) -> Outcome:
        if self._response.complete and not self._send_failed:
            return Outcome.COMPLETE
        if self._client_gone() or self._cancelled:  # servers cancel the app of a client that left
            return Outcome.CLIENT_GONE
        return Outcome.FAILED

    def _log(self, level: int, text: str) -> None:
        self._settings.once.log(level, self._app_scope.scope, text)

    def _client_gone(self) -> bool:
        return self._inbox.client_gone or self._send_failed
