"""Execute a plan from a source: read, send, yield, and stop when the client leaves."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from time import perf_counter
from typing import Any, Final

from anyio import create_task_group, current_time, get_cancelled_exc_class
from anyio.lowlevel import checkpoint

from .errors import ResponseError
from .inbox import Inbox
from .pace import Pace
from .plan import Plan
from .sources.file import FileSource
from .sources.protocol import ReadsSideBySide, Source

__all__ = ["Transfer"]

# How long, in seconds, a last send may go on once the client is said to have left.
_GRACE: Final = 5.0


class Transfer:
    """The body of one response on its way from a source to the server.

    `sent` counts the bytes of the body that have been handed to the server; `send_failed`
    turns true if the server's `send` raises.
    """

    def __init__(
        self,
        plan: Plan,
        source: Source,
        send: Callable[[dict[str, Any]], Awaitable[None]],
        inbox: Inbox,
        ending: Callable[[], None],
    ) -> None:
        """`ending` is called right before the last send is awaited."""
        self.sent: int = 0
        self.send_failed: bool = False
        self._plan = plan
        self._source = source
        self._send = send
        self._inbox = inbox
        self._ending = ending
        self._is_ending = False
        self._pace = source.pace if isinstance(source, FileSource) else Pace()
        self._pace.expect(plan.content_length)

    async def run(self) -> bool:
        """Send the body; `False` if the client left before its end.

        `ResponseError` if the source gives too few or too many bytes; the last chunk is
        sent only once the source has ended well.
        """
        if self._inbox.gone:
            return False
        ranges = self._plan.ranges
        if len(ranges) > 1 and isinstance(self._source, ReadsSideBySide):
            async with self._source.side_by_side(ranges) as read:
                return await self._run(read)
        return await self._run(self._source.read)

    async def _run(self, read: Callable[[int, int], AsyncIterator[bytes]]) -> bool:
        async with aclosing(self._body(read)) as body:
            complete: bool | None = None
            if self._is_one_chunk():
                complete = await self._pump(body)
            elif self._inbox.listening:
                complete = await self._pump(body, heeded=True)
            return await self._pump_watched(body) if complete is None else complete

    def _is_one_chunk(self) -> bool:
        """Whether it is over in one send, so that a watch (a task) could save nothing."""
        return isinstance(self._source, FileSource) and (
            self._plan.content_length <= self._pace.size
        )

    async def _pump_watched(self, body: AsyncGenerator[tuple[bytes, bool]]) -> bool:
        """Nobody else listens, and servers do not raise when the client has left."""
        complete: bool | None = False
        failure: BaseException | None = None
        async with create_task_group() as group:
            scope = group.cancel_scope

            def left() -> None:
                # Servers say so inside the last send too, which is not to be cut short.
                if self._is_ending:
                    scope.deadline = current_time() + _GRACE
                else:
                    scope.cancel()

            group.start_soon(self._inbox.watch, left)
            try:
                complete = await self._pump(body)
            except get_cancelled_exc_class():
                raise
            except BaseException as error:
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            try:
                raise failure
            finally:
                del failure
        return bool(complete)

    async def _pump(
        self, body: AsyncGenerator[tuple[bytes, bool]], *, heeded: bool = False
    ) -> bool | None:
        """Send what is left; with `heeded` only until the app stops listening: then `None`."""
        send, pace = self._send, self._pace
        async for chunk, last in body:
            if last:
                self._is_ending = True
                self._ending()
            begin = perf_counter()
            try:
                await send({"type": "http.response.body", "body": chunk, "more_body": not last})
            except Exception:
                self.send_failed = True
                raise
            self.sent += len(chunk)
            if last:
                return True
            if self._inbox.gone:
                return False
            pace.sent(len(chunk), perf_counter() - begin)
            if pace.due(len(chunk)):
                await checkpoint()
            if heeded and not self._inbox.listening:
                return None
        raise ResponseError("a plan without segments has no body to send")

    async def _body(
        self, read: Callable[[int, int], AsyncIterator[bytes]]
    ) -> AsyncGenerator[tuple[bytes, bool]]:
        """The chunks of the body, each with whether it is the last."""
        final = len(self._plan.segments) - 1
        for place, segment in enumerate(self._plan.segments):
            if isinstance(segment, bytes):
                yield segment, place == final
                continue
            owed = segment.length
            held = b""
            chunks = read(segment.start, segment.stop)
            try:
                async for given in chunks:
                    chunk = bytes(given)  # no copy, unless the source gives another type
                    owed -= len(chunk)
                    if owed < 0:
                        raise ResponseError(f"the source gives {-owed} bytes too many")
                    if owed:
                        yield chunk, False
                    elif chunk:
                        held = chunk  # until the source has ended, it may still go wrong
            finally:
                if isinstance(chunks, AsyncGenerator):
                    await chunks.aclose()
            if owed:
                raise ResponseError(f"the source ends {owed} bytes too early")
            yield held, place == final
