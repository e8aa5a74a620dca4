"""One request on its way through: carries out what its exchange decides. Awaits everything."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from os import stat_result
from typing import Any, Final, cast

from anyio import CancelScope, get_cancelled_exc_class
from anyio.lowlevel import checkpoint

from .actions import Action, Message, Open, Serve, State
from .errors import ClientDisconnected, ResponseError
from .events import Observer, Outcome
from .exchange import Exchange
from .express import Express
from .handover import Offer
from .hangup import Sender, without_hangup
from .inbox import Inbox
from .inner import inner_scope
from .pace import Pace
from .report import Report
from .request import read_request
from .selection import Limits, over_limits
from .sources.file import FileSource, open_file
from .sources.protocol import Closable
from .transfer import Transfer

__all__ = ["ASGIApp", "Call", "Receive", "Scope", "Send", "Settings"]

# Frameworks type ASGI differently, so the outer edge is loose.
Scope = Any
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
ASGIApp = Callable[[Any, Any, Any], Awaitable[None]]

_logger: Final = logging.getLogger("rangeserve")


@dataclass(frozen=True)
class Settings:
    """What holds for every request; see `RangeMiddleware`."""

    limits: Limits
    etag: Callable[[stat_result], str] | None
    observer: Observer | None


class Call:
    """One request: carries out what its exchange decides."""

    __slots__ = (
        "_app",
        "_cancelled",
        "_express",
        "_inbox",
        "_inner",
        "_machine",
        "_method",
        "_native_pathsend",
        "_offer",
        "_pace",
        "_report",
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
        request = self._request = read_request(self._method, scope["headers"])
        asked = request.range if request is not None else None
        if asked is not None and over_limits(asked, settings.limits):
            asked = None
        offer = self._offer = Offer(asked)
        self._app = app
        self._settings = settings
        self._inner, self._native_pathsend = inner_scope(scope, request, offer)
        self._inbox = Inbox(receive)
        self._server_send = send
        self._report: Report | None = None
        if Report.wanted(settings.observer):
            self._report = Report(settings.observer, self._method, scope["path"])
        self._express: Express | None = None
        if request is None and self._report is None and self._method == "GET":
            self._express = Express(offer)
        self._sender: Sender | None = None
        self._machine: Exchange | None = None
        self._pace: Pace | None = None
        self._send_failed = False
        self._cancelled = False

    @property
    def _exchange(self) -> Exchange:
        """The state machine, made when it is needed; it sees what went by in the express lane."""
        exchange = self._machine
        if exchange is None:
            exchange = self._machine = Exchange(
                self._method,
                self._request,
                self._offer,
                self._settings.limits,
                time.time,
                native_pathsend=self._native_pathsend,
            )
            if self._express is not None:
                self._express.leave(exchange)
                self._express = None
        return exchange

    async def run(self) -> None:
        left: Exception | None = None
        if self._express is None:
            self._sender = Sender()
        try:
            await self._app(self._inner, self._inbox.receive, self._send)
            if self._express is None or not self._express.ended:
                self._exchange.returned(gone=self._gone())
        except Exception as error:
            if self._exchange.state is not State.DONE:
                raise
            left = without_hangup(error)
            if left is error:
                raise
        except get_cancelled_exc_class():
            self._cancelled = True
            raise
        finally:
            if self._offer.source is not None:
                await self._let_go()
            if self._report is not None:
                self._report.finish(self._outcome())
        if left is not None:
            raise left

    async def _send(self, message: Message) -> None:
        """The app's `send`."""
        if self._express is not None:
            passed = self._express.feed(message)
            if passed is not None:
                try:
                    for each in passed:
                        await self._server_send(each)
                except Exception:
                    self._send_failed = True
                    raise
                return
        exchange = self._exchange
        if exchange.state is State.DONE:
            await checkpoint()  # an app that ignores errors must not freeze the loop
            heard = self._sender is None or self._sender.is_heard()
            if exchange.late(message, heeded=self._inbox.heeded) and heard:
                raise ClientDisconnected("the response is complete")
            return
        try:
            actions = exchange.feed(message)
        except ResponseError:
            if self._gone():  # the app cuts its body short because it was told so
                return
            raise
        await self._act(actions)
        if exchange.state is State.SLICING:
            if self._pace is None:
                self._pace = Pace()
            if self._pace.due(len(message.get("body", b""))):
                await checkpoint()

    async def _act(self, actions: Sequence[Action]) -> None:
        exchange = self._exchange
        if self._report is not None and exchange.decided:
            self._report.start(exchange)
        if exchange.warning is not None:
            _logger.warning(exchange.warning)
            exchange.warning = None
        if exchange.state is State.DONE:
            self._inbox.hold()
        try:
            for action in actions:
                if isinstance(action, dict):
                    await self._forward(action)
                elif isinstance(action, Open):
                    await self._open(action.path)
                else:
                    await self._serve(action)
        finally:
            self._inbox.release()
        if exchange.state is State.DONE:
            self._inbox.closed = True
            if self._offer.source is not None:
                await self._let_go()

    async def _let_go(self) -> None:
        """Close what was handed over, once, if it has something to be closed."""
        source, self._offer.source = self._offer.source, None
        if isinstance(source, Closable):
            try:
                with CancelScope(shield=True):
                    await source.aclose()
            except Exception:
                _logger.exception("a source failed as it was closed")

    async def _forward(self, message: Message) -> None:
        try:
            await self._server_send(message)
        except Exception:
            self._send_failed = True
            raise
        if self._report is not None:
            self._report.sent(message)

    async def _open(self, path: str) -> None:
        exchange = self._exchange
        file = await open_file(path)
        try:
            if self._settings.etag is not None and exchange.wants_etag():
                file.etag = self._tag(file)
            await self._act(exchange.opened(file))
        finally:
            file.close()

    def _tag(self, file: FileSource) -> str | None:
        """What the `etag` callable makes of the descriptor; a failure costs only the tag."""
        etag = self._settings.etag
        assert etag is not None
        assert file.status is not None
        try:
            tag = cast("object", etag(file.status))
            if tag is None or isinstance(tag, str):
                return tag
            _logger.error("the etag callable gave %r for %r: no ETag", tag, file.path)
        except Exception:
            _logger.exception("the etag callable failed for %r: no ETag", file.path)
        return None

    async def _serve(self, serve: Serve) -> None:
        exchange = self._exchange

        def ending() -> None:
            exchange.serving_ends()
            self._inbox.hold()

        transfer = Transfer(serve.plan, serve.source, self._server_send, self._inbox, ending)
        try:
            if not await transfer.run():
                exchange.serving_stops()
        finally:
            self._send_failed = self._send_failed or transfer.send_failed
            if self._report is not None:
                self._report.bytes_sent += transfer.sent

    def _outcome(self) -> Outcome:
        if self._exchange.ended and not self._send_failed:
            return Outcome.COMPLETE
        if self._gone() or self._cancelled:  # servers cancel the app of a client that left
            return Outcome.CLIENT_GONE
        return Outcome.FAILED

    def _gone(self) -> bool:
        """Whether the client is known to have left."""
        return self._inbox.gone or self._send_failed
