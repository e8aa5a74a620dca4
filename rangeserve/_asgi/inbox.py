"""What comes from the client while it is being answered: the server's `receive`, shared.

Both the app and our own watch want to know when the client leaves, and a server says so only
once. So one `receive` at a time reaches the server, and what the watch took is replayed to
the app.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

import anyio
from anyio.lowlevel import checkpoint

from ..types import Message, Receive
from .messages import DISCONNECT

__all__ = ["Inbox"]

_MAX_REPLAYED_BYTES: Final = 64 * 1024
_MAX_REPLAYED_MESSAGES: Final = 1024


class Inbox:
    """One request's `receive`, for the app and for a watch.

    `client_gone`: the server has said that the client left. `waiting`: how many calls of
    `receive` by the app wait for an answer. `disconnect_given`: the app has been given a
    disconnect. `is_closed` is set when the response is complete: from then on the app is given a
    disconnect at once.

    Servers report the disconnect during the last send of a response. If the app reacts by
    cancelling itself there, Hypercorn takes the cancellation for its own, and the app is
    never stopped. So the app gets no disconnect while `is_held` is true: from right before the
    last send until `release`.
    """

    # What a request starts with. As defaults of the class they cost it nothing.
    client_gone: bool = False
    disconnect_given: bool = False
    is_closed: bool = False
    is_held: bool = False
    waiting: int = 0
    _busy: bool = False
    _complete: bool = False
    _freed: anyio.Event | None = None
    _queue: deque[Message] | None = None
    _queue_lost: bool = False
    _queued_bytes: int = 0
    _released: anyio.Event | None = None

    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    @property
    def hears(self) -> bool:
        """Whether a call of the server's `receive` is under way, so that leaving is heard of."""
        return self._busy

    @property
    def app_listens(self) -> bool:
        """Whether the app waits for the disconnect, or has been given it."""
        return self.waiting > 0 or self.disconnect_given

    async def receive(self) -> Message:
        """The app's `receive`: what was kept for it, a disconnect, or the server's next message."""
        while True:
            if self._queue_lost or self.is_closed or (self.client_gone and not self._queue):
                await self._until_released()
                self.disconnect_given = True
                await checkpoint()  # an app that asks again and again must not freeze the loop
                return {"type": DISCONNECT}
            if self._queue:
                return self._queue.popleft()
            self.waiting += 1
            try:
                if not self._busy:
                    message = await self._take()
                    if message["type"] == DISCONNECT:
                        await self._until_released()
                    break
                await self._until_free()
            finally:
                self.waiting -= 1
        if message["type"] == DISCONNECT:
            self.disconnect_given = True
        return message

    def release(self) -> None:
        """No send is being awaited any more."""
        self.is_held = False
        if self._released is not None:
            released, self._released = self._released, None
            released.set()

    async def _until_released(self) -> None:
        """Wait for the end of the last send; the app counts as waiting meanwhile."""
        self.waiting += 1
        try:
            while self.is_held:
                if self._released is None:
                    self._released = anyio.Event()
                await self._released.wait()
        finally:
            self.waiting -= 1

    async def watch(self, left: Callable[[], object]) -> None:
        """Call `left` when the client leaves. Ends early if the server has nothing more to say.

        Whatever else the server says is kept for the app: up to 64 KiB of a request body, in
        up to 1,024 messages. Beyond that the app is given a disconnect, since the request
        body is no longer whole.
        """
        while not self.client_gone:
            if self._busy:
                await self._until_free()
                continue
            was_complete = self._complete
            try:
                message = await self._take()
            except Exception:
                return
            if not self.client_gone:
                self._keep(message)
                if was_complete:
                    return
                await checkpoint()  # a `receive` that always has an answer must not starve others
        left()

    async def _take(self) -> Message:
        """The next message of the server. Only one call of this may be under way at a time."""
        self._busy = True
        try:
            message: Message = await self._receive()
        finally:
            self._busy = False
            if self._freed is not None:
                freed, self._freed = self._freed, None
                freed.set()
        if message["type"] == DISCONNECT:
            self.client_gone = True
        elif not message.get("more_body", False):
            self._complete = True
        return message

    async def _until_free(self) -> None:
        """Wait until no call of `_take` is under way."""
        if self._freed is None:
            self._freed = anyio.Event()
        await self._freed.wait()

    def _keep(self, message: Message) -> None:
        self._queued_bytes += len(message.get("body", b""))
        is_full = self._queue is not None and len(self._queue) >= _MAX_REPLAYED_MESSAGES
        if self._queued_bytes > _MAX_REPLAYED_BYTES or is_full:
            self._queue_lost = True
            self._queue = None
        elif not self._queue_lost:
            if self._queue is None:
                self._queue = deque()
            self._queue.append(message)
