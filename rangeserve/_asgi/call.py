"""`Call`: one request on its way through. Carries out the actions of its exchange."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from anyio import CancelScope, get_cancelled_exc_class
from anyio.lowlevel import checkpoint

from ..core.limits import Limits
from ..core.request import read_request
from ..errors import ClientDisconnected, ResponseError
from ..events import Observer, Outcome
from ..handover import Handover
from ..sources.file import EtagMaker, make_etag, open_file
from ..sources.pace import Pace
from ..sources.protocol import Closable
from ..types import ASGIApp, Message, Receive, Scope, Send
from .actions import Action, Open, Serve
from .exchange import Exchange
from .fast_path import FastPath
from .hangup import Sender, without_hangup
from .inbox import Inbox
from .observation import Observation
from .response import State
from .scope import make_app_scope
from .transfer import Transfer

__all__ = ["Call", "Settings"]

_logger: Final = logging.getLogger("rangeserve")


@dataclass(frozen=True)
class Settings:
    """What holds for every request; see `RangeMiddleware`."""

    limits: Limits
    etag: EtagMaker | None
    observer: Observer | None


class Call:
    """One call of the app, on behalf of one GET or HEAD."""

    __slots__ = (
        "_app",
        "_app_scope",
        "_cancelled",
        "_exchange_begun",
        "_fast_path",
        "_handover",
        "_inbox",
        "_method",
        "_native_pathsend",
        "_observation",
        "_pace",
        "_request",
        "_send_failed",
        "_sender",
        "_server_send",
        "_settings",
    )

    def __init__(
        self, app: ASGIApp, settings: Settings, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._method: str = scope["method"]
        if not isinstance(scope["headers"], (list, tuple)):  # it may be readable only once
            scope = {**scope, "headers": list(scope["headers"])}
        request = self._request = read_request(self._method, scope["headers"], settings.limits)
        self._handover = Handover(request.range if request is not None else None)
        self._app = app
        self._settings = settings
        self._app_scope, self._native_pathsend = make_app_scope(scope, request, self._handover)
        self._inbox = Inbox(receive)
        self._server_send = send
        self._observation: Observation | None = None
        if Observation.is_wanted(settings.observer):
            self._observation = Observation(settings.observer, self._method, scope["path"])
        self._fast_path: FastPath | None = None
        if request is None and self._observation is None and self._method == "GET":
            self._fast_path = FastPath(self._handover)
        self._exchange_begun: Exchange | None = None
        self._sender: Sender | None = None
        self._pace: Pace | None = None
        self._send_failed = False
        self._cancelled = False

    @property
    def _exchange(self) -> Exchange:
        """The exchange; it begins when it is needed, where the fast path has come to."""
        exchange = self._exchange_begun
        if exchange is None:
            fast_path, self._fast_path = self._fast_path, None
            exchange = self._exchange_begun = Exchange(
                self._method,
                self._request,
                self._handover,
                self._settings.limits,
                time.time,
                native_pathsend=self._native_pathsend,
                held=fast_path.held if fast_path is not None else None,
                passed=fast_path is not None and fast_path.complete,
            )
        return exchange

    async def run(self) -> None:
        """Call the app and answer the request. What the app raises is raised, but our own."""
        remaining: Exception | None = None
        if self._fast_path is None:
            self._sender = Sender()
        try:
            await self._app(self._app_scope, self._inbox.receive, self._send)
            if self._fast_path is None or not self._fast_path.complete:
                self._exchange.returned(client_gone=self._client_gone())
        except Exception as error:
            if self._exchange.response.state is not State.DONE:
                raise
            remaining = without_hangup(error)
            if remaining is error:
                raise
        except get_cancelled_exc_class():
            self._cancelled = True
            raise
        finally:
            if self._handover.source is not None:
                await self._close_source()
            if self._observation is not None:
                self._observation.finish(self._outcome())
        if remaining is not None:
            raise remaining

    async def _send(self, message: Message) -> None:
        """The app's `send`."""
        if self._fast_path is not None:
            answer = self._fast_path.feed(message)
            if answer is not None:
                try:
                    for each in answer:
                        await self._server_send(each)
                except Exception:
                    self._send_failed = True
                    raise
                return
        exchange = self._exchange
        state = exchange.response.state
        if state is State.DONE:
            await self._send_late(exchange, message)
            return
        try:
            actions = exchange.feed(message)
        except ResponseError:
            if self._client_gone():  # the app ends its body early since its client left
                return
            raise
        await self._act(actions)
        if exchange.response.state is State.SLICING:
            if self._pace is None:
                self._pace = Pace()
            if self._pace.due(len(message.get("body", b""))):
                await checkpoint()

    async def _send_late(self, exchange: Exchange, message: Message) -> None:
        """The client has what it asked for: the app's message is dropped, or the app stopped."""
        await checkpoint()  # an app that ignores errors must not freeze the loop
        is_awaited = self._sender is None or self._sender.is_awaited()
        if exchange.late(message, app_listens=self._inbox.app_listens) and is_awaited:
            raise ClientDisconnected("the response is complete")

    async def _act(self, actions: Sequence[Action]) -> None:
        response = self._exchange.response
        if self._observation is not None and response.decided:
            self._observation.start(response)
        if response.state is State.DONE:
            self._inbox.hold()
        try:
            for action in actions:
                if isinstance(action, dict):
                    await self._forward(action)
                elif isinstance(action, Open):
                    await self._open(action)
                else:
                    await self._serve(action)
        finally:
            self._inbox.release()
        if response.state is State.DONE:
            self._inbox.close()
            if self._handover.source is not None:
                await self._close_source()

    async def _close_source(self) -> None:
        """Close what was handed over, once, if it has something to be closed."""
        source = self._handover.withdraw()
        if isinstance(source, Closable):
            try:
                with CancelScope(shield=True):
                    await source.aclose()
            except Exception:
                _logger.exception("a source failed when it was closed")

    async def _forward(self, message: Message) -> None:
        try:
            await self._server_send(message)
        except Exception:
            self._send_failed = True
            raise
        if self._observation is not None:
            self._observation.count(message)

    async def _open(self, action: Open) -> None:
        file = await open_file(action.path)
        try:
            if action.needs_etag and self._settings.etag is not None:
                file.etag = await make_etag(self._settings.etag, file)
            await self._act(self._exchange.opened(file))
        finally:
            file.close()

    async def _serve(self, serve: Serve) -> None:
        response, inbox = self._exchange.response, self._inbox

        def last_send() -> None:
            response.last_send()
            inbox.hold()

        transfer = Transfer(serve.plan, serve.source, self._server_send, inbox, last_send)
        try:
            if not await transfer.run():
                response.client_left()
        finally:
            self._send_failed = self._send_failed or transfer.send_failed
            if self._observation is not None:
                self._observation.count_served(transfer.sent)

    def _outcome(self) -> Outcome:
        if self._exchange.response.complete and not self._send_failed:
            return Outcome.COMPLETE
        if self._client_gone() or self._cancelled:  # servers cancel the app of a client that left
            return Outcome.CLIENT_GONE
        return Outcome.FAILED

    def _client_gone(self) -> bool:
        return self._inbox.client_gone or self._send_failed
