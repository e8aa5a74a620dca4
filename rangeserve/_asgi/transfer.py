"""Send the segments of a plan from a source, and stop when the client leaves.

Over HTTP/1, what a source has at hand is sent at once, without a watch for the disconnect: a watch
is a task, which costs more than sending these bytes. So up to 1 MiB may be read for a client that
has left. Once a read or a send has waited, or after four sends, the rest is sent under a watch.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from time import perf_counter
from typing import Final

from anyio import (
    CancelScope,
    create_task_group,
    current_time,
    get_cancelled_exc_class,
    move_on_after,
)
from anyio.lowlevel import checkpoint

from ..core.multipart import Segment
from ..core.plan import Plan
from ..core.ranges import ByteRange
from ..errors import ResponseError
from ..sources.at_hand import has_at_hand
from ..sources.file import FileSource
from ..sources.pace import Pace
from ..sources.portion import Portion
from ..sources.protocol import ReadsSideBySide, Source
from ..types import Send
from .inbox import Inbox
from .messages import BODY

__all__ = ["Transfer"]

# The time that a last send may still take when the client is said to have left.
_LAST_SEND_SECONDS: Final = 5.0
# The time that a source may take to let go of what it holds when the response is not complete.
_CLOSE_SECONDS: Final = 5.0


class Transfer:
    """The body of one response on its way from a source to the server.

    `sent` counts the bytes of the body that the server has taken; `send_failed` turns true
    if the server's `send` raises.
    """

    def __init__(
        self,
        plan: Plan,
        source: Source,
        send: Send,
        inbox: Inbox,
        last_send: Callable[[], None],
        *,
        send_wakes: bool = True,
    ) -> None:
        """`last_send` is called right before the last send is awaited.

        `send_wakes`: a `send` that waits returns when the client leaves.
        """
        self.sent: int = 0
        self.send_failed: bool = False
        self._plan = plan
        self._source = source
        self._send = send
        self._inbox = inbox
        self._last_send = last_send
        self._is_last_send = False
        self._send_wakes = send_wakes
        self._left: list[Segment] = [*reversed(plan.segments)]  # those still to be sent, backwards
        self._pace = Pace()
        self._pace.expect(plan.content_length)
        if isinstance(source, FileSource):
            source.pace = self._pace

    async def run(self) -> bool:
        """Send the body: whether all of it was sent; `False` if the client left.

        `ResponseError` if the source gives too few or too many bytes. The last chunk is sent
        only when the source has ended as promised.
        """
        if self._inbox.client_gone:
            return False
        source = self._source
        at_hand = has_at_hand(source) if self._send_wakes else None
        if at_hand is not None:
            complete = await self._send_at_hand(at_hand.read_at_once)
            if complete is not None:
                return complete
        ranges = self._plan.ranges
        if len(ranges) > 1 and isinstance(source, ReadsSideBySide):
            async with source.side_by_side(ranges) as read:
                return await self._run(read)
        return await self._run(source.read)

    async def _send_at_hand(self, read: Callable[[int, int], bytes | None]) -> bool | None:
        """Send what is at hand: whether all was sent, `None` if the rest must be watched over."""
        inbox, pace = self._inbox, self._pace
        while chunk := self._gather(read):
            last = not self._left
            await self._send_chunk(chunk, last)
            if last:
                return True
            if pace.due(len(chunk)):
                if not inbox.waiting:
                    return None
                await checkpoint()
            if inbox.client_gone:
                return False
        return None

    def _gather(self, read: Callable[[int, int], bytes | None]) -> bytes:
        """The next bytes of the body that are at hand, as many as are sent at a time."""
        left, room = self._left, self._pace.size
        pieces: list[bytes] = []
        while left and room > 0:
            segment = left.pop()
            if isinstance(segment, bytes):
                pieces.append(segment)
                room -= len(segment)
                continue
            start, stop = segment
            piece = read(start, min(stop, start + room))
            if not piece:  # to be waited for; or there is nothing more, and that is an error
                left.append(segment)
                break
            pieces.append(piece)
            room -= len(piece)
            if start + len(piece) < stop:
                left.append(ByteRange(start + len(piece), stop))
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def _run(self, read: Callable[[int, int], AsyncIterator[bytes]]) -> bool:
        async with aclosing(self._body(read)) as body:
            complete: bool | None = None
            if self._inbox.waiting:
                complete = await self._pump(body, while_waiting=True)
            return await self._pump_watched(body) if complete is None else complete

    async def _pump_watched(self, body: AsyncGenerator[tuple[bytes, bool]]) -> bool:
        """Send the rest of `body` while watching for the disconnect, which the app does not."""
        complete: bool | None = False
        failure: BaseException | None = None
        async with create_task_group() as group:
            scope, pumping = group.cancel_scope, CancelScope()

            def left() -> None:
                # Servers say that the client left inside the last send too, when the response
                # is complete: that send is not to be cut short.
                if self._is_last_send:
                    scope.deadline = current_time() + _LAST_SEND_SECONDS
                else:
                    # The source is cancelled where it waits, and then it may await something to
                    # tidy up: from here on nothing of it is cancelled, for a while.
                    scope.cancel()
                    pumping.shield = True
                    pumping.deadline = current_time() + _CLOSE_SECONDS

            group.start_soon(self._inbox.watch, left)
            try:
                with pumping:
                    await checkpoint()  # let the watch notice a client that has already left
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
        self, body: AsyncGenerator[tuple[bytes, bool]], *, while_waiting: bool = False
    ) -> bool | None:
        """Send the rest of `body`: whether all of it was sent.

        With `while_waiting` only as long as the app waits for the disconnect: then `None`.
        """
        async for chunk, last in body:
            await self._send_chunk(chunk, last)
            if last:
                return True
            if self._pace.due(len(chunk)) or not self._inbox.hears:
                await checkpoint()
            if self._inbox.client_gone:
                return False
            if while_waiting and not self._inbox.waiting:
                return None
        raise ResponseError("a plan without segments has no body to send")

    async def _send_chunk(self, chunk: bytes, last: bool) -> None:
        if last:
            self._is_last_send = True
            self._last_send()
        begin = perf_counter()
        try:
            await self._send({"type": BODY, "body": chunk, "more_body": not last})
        except Exception:
            self.send_failed = True
            raise
        self.sent += len(chunk)
        if not last:
            self._pace.sent(len(chunk), perf_counter() - begin)

    async def _body(
        self, read: Callable[[int, int], AsyncIterator[bytes]]
    ) -> AsyncGenerator[tuple[bytes, bool]]:
        """The chunks of the body, each with a flag: whether it is the last."""
        segments = self._left[::-1]
        final = len(segments) - 1
        for place, segment in enumerate(segments):
            if isinstance(segment, bytes):
                yield segment, place == final
                continue
            portion = Portion(segment)
            chunks = read(segment.start, segment.stop)
            try:
                async for given in chunks:
                    chunk = portion.take(given)
                    if chunk is not None:
                        yield chunk, False
            except BaseException:
                # The source may have to await something to let go, although it is cancelled.
                with move_on_after(_CLOSE_SECONDS, shield=True):
                    await _close(chunks)
                raise
            await _close(chunks)
            yield portion.end(), place == final


async def _close(chunks: AsyncIterator[bytes]) -> None:
    """Close an iterator that can be closed, of whatever type it is."""
    aclose: Callable[[], Awaitable[object]] | None = getattr(chunks, "aclose", None)
    if aclose is not None:
        await aclose()
