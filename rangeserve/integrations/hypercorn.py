"""Hypercorn: a client that does not read over HTTP/2 holds up the app, as it does over HTTP/1.1.

Hypercorn (0.18, and 0.17 before it) releases an app that waits in `send` whenever a stream could
send only little of what is buffered: also when it could send nothing, because the client's window
is closed. So the whole body is taken from the app and kept, however large it is; and an app that
waits when the client leaves is never told.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import Any

from .._requires import require

__all__ = ["limit_http2_buffers"]

require("Hypercorn", "0.18", extra="serve")

from hypercorn.events import Closed
from hypercorn.protocol import h2

# It chooses the protocol of a connection, by a name that it does not export.
_wrapper: Any = import_module("hypercorn.protocol")


def limit_http2_buffers() -> None:
    """Let Hypercorn keep at most 32 KiB and one message of a stream, in the whole process.

    To be called before Hypercorn accepts connections, so in the module of the app. A second call
    does nothing. `ImportError` if the installed Hypercorn buffers in a way that is not known;
    nothing is changed then.
    """
    if not _is_known():
        raise ImportError(
            f"rangeserve does not know how Hypercorn {version('hypercorn')} buffers HTTP/2",
            name="hypercorn",
        )
    if issubclass(h2.H2Protocol, _Marked):
        return
    high_water = h2.BUFFER_HIGH_WATER

    class StreamBuffer(h2.StreamBuffer):
        async def push(self, data: bytes) -> None:
            """Append `data`, and wait until less than the high-water mark is left."""
            await super().push(data)
            # Being released means only that something has been tried.
            while len(self.buffer) >= high_water:
                await self._paused.wait()
                await self._paused.clear()

    class H2Protocol(_Marked, h2.H2Protocol):
        async def handle(self, event: Any) -> None:
            """Handle `event`, and release the apps that wait if the connection is closed."""
            await super().handle(event)
            if isinstance(event, Closed):
                for buffer in list(self.stream_buffers.values()):
                    await buffer.close()

    h2.StreamBuffer = StreamBuffer  # type: ignore[misc]
    h2.H2Protocol = H2Protocol  # type: ignore[misc]
    _wrapper.H2Protocol = H2Protocol


class _Marked:
    """The base of the protocol that `limit_http2_buffers` has put in place."""


def _is_known() -> bool:
    """Whether the parts of Hypercorn that are replaced are there, and as they are known."""
    try:
        buffer: Any = h2.StreamBuffer(object)  # type: ignore[arg-type]
        return (
            isinstance(buffer.buffer, bytearray)
            and type(buffer._paused) is object
            and all(map(callable, (buffer.push, buffer.close, h2.H2Protocol.handle)))
            and issubclass(_wrapper.H2Protocol, h2.H2Protocol)
        )
    except (AttributeError, TypeError):
        return False
