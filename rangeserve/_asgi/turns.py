"""`Turns`: the sends of an app that have to wait, since another task of it is sending."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from anyio import Event

__all__ = ["Turns"]


class Turns:
    """Lets those that wait go on one at a time, in the order in which they came."""

    __slots__ = ("_end", "_waiting")

    def __init__(self, end: Callable[[], object]) -> None:
        """`end` is called when a turn is passed on and nobody waits for it."""
        self._waiting: deque[Event] = deque()
        self._end = end

    async def wait(self) -> None:
        """Wait for a turn, which its caller must end with `pass_on`."""
        turn = Event()
        self._waiting.append(turn)
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():
                self.pass_on()
            else:
                self._waiting.remove(turn)
            raise

    def pass_on(self) -> None:
        """End this turn, and start that of the task that has waited longest."""
        if self._waiting:
            self._waiting.popleft().set()
        else:
            self._end()
