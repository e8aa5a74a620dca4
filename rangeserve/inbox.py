"""What comes from the client while it is being answered: `receive`, shared.

The app and our own watch for a disconnect both want to know when the client leaves, and a
server says so only once. One `receive` at a time reaches the server; what the watch took is
replayed to the app.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

import anyio
from anyio.lowlevel import checkpoint

__all__ = ["Inbox"]

Message = dict[str, Any]

_REPLAYED: Final = 64 * 1024
_MESSAGES: Final = 1024


class Inbox:
    """One request's `receive`, for the app and for a watch.

    Servers say that the response is over inside its last send, and what the app then does to
    itself must not hit that send (Hypercorn takes a cancellation there for its own, and the
    app is never stopped): between `hold` and `release` the app is told of no disconnect.

    `gone`: the client has left. `told`: the app has been given a disconnect. `listening`:
    how many of the app's calls are waiting.
    """

    __slots__ = (
        "_busy",
        "_complete",
        "_freed",
        "_held",
        "_kept",
        "_lost",
        "_queue",
        "_receive",
        "_released",
        "closed",
        "gone",
        "listening",
        "told",
    )

    def __init__(self, receive: Callable[[], Awaitable[Any]]) -> None:
        self._receive = receive
        self._busy = False
        self._complete = False
        self._freed: anyio.Event | None = None
        self._held = False
        self._kept = 0
        self._lost = False
        self._queue: deque[Message] | None = None
        self._released: anyio.Event | None = None
        self.closed: bool = False
        self.gone: bool = False
        self.listening: int = 0
        self.told: bool = False

    @property
    def heeded(self) -> bool:
        """Whether the app is waiting to hear of a disconnect, or has heard of it."""
        return self.listening > 0 or self.told

    async def receive(self) -> Message:
        """The app's `receive`: what was kept for it, a disconnect, or the server's next."""
        while True:
            if self._lost or (self.gone and not self._queue) or self.closed:
                await self._until_released()
                self.told = True
                await checkpoint()  # an app that asks on and on must not freeze the loop
                return {"type": "http.disconnect"}
            if self._queue:
                return self._queue.popleft()
            self.listening += 1
            try:
                if not self._busy:
                    message = await self._take()
                    if message["type"] == "http.disconnect":
                        await self._until_released()
                    break
                await self._free()
            finally:
                self.listening -= 1
        if message["type"] == "http.disconnect":
            self.told = True
        return message

    def hold(self) -> None:
        """The last send is about to be awaited."""
        self._held = True

    def release(self) -> None:
        """No send is being awaited any more."""
        self._held = False
        if self._released is not None:
            released, self._released = self._released, None
            released.set()

    async def _until_released(self) -> None:
        """Wait for the end of the last send, as somebody who is listening."""
        self.listening += 1
        try:
            while self._held:
                if self._released is None:
                    self._released = anyio.Event()
                await self._released.wait()
        finally:
            self.listening -= 1

    async def watch(self, left: Callable[[], object]) -> None:
        """Call `left` when the client leaves. Ends early if there is nothing to be told.

        Whatever else the server says is kept for the app, up to 64 KiB of a request body in
        up to 1,024 messages; beyond that the app is told of a disconnect, since its body is
        no longer whole.
        """
        while not self.gone:
            await checkpoint()  # a `receive` that always has an answer must not starve others
            if self._busy:
                await self._free()
                continue
            was_complete = self._complete
            try:
                message = await self._take()
            except Exception:
                return
            if not self.gone:
                self._keep(message)
                if was_complete:
                    return
        left()

    async def _take(self) -> Message:
        """Ask the server, alone."""
        self._busy = True
        try:
            message: Message = await self._receive()
        finally:
            self._busy = False
            if self._freed is not None:
                freed, self._freed = self._freed, None
                freed.set()
        if message["type"] == "http.disconnect":
            self.gone = True
        elif not message.get("more_body", False):
            self._complete = True
        return message

    async def _free(self) -> None:
        """Wait until nobody is asking the server."""
        if self._freed is None:
            self._freed = anyio.Event()
        await self._freed.wait()

    def _keep(self, message: Message) -> None:
        self._kept += len(message.get("body", b""))
        if self._kept > _REPLAYED or (self._queue and len(self._queue) >= _MESSAGES):
            self._lost = True
            self._queue = None
        elif not self._lost:
            if self._queue is None:
                self._queue = deque()
            self._queue.append(message)
