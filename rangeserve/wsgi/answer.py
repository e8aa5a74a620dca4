"""`Answer`: what the server iterates over and closes, and the observer is told of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from .._asgi.observation import Observation
from .._asgi.response import Response
from ..events import Outcome

__all__ = ["Answer"]


class Origin(Protocol):
    """Where an answer comes from: the `Call`."""

    @property
    def response(self) -> Response: ...

    def chunks(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class Answer:
    """The body of one response on its way to the server.

    `has_begun`: the server was given bytes, so it may have sent the start.
    """

    def __init__(self, origin: Origin, observation: Observation | None) -> None:
        self.has_begun: bool = False
        self._origin = origin
        self._observation = observation
        self._chunks: Iterator[bytes] | None = None
        self._on_its_way = 0  # bytes that the server was given, and perhaps could not send
        self._is_exhausted = False
        self._is_closed = False

    @property
    def is_observed(self) -> bool:
        """Whether each byte has to be counted."""
        return self._observation is not None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """The next chunk; the server has taken the one before."""
        self._took()
        try:
            if self._chunks is None:
                self._chunks = self._origin.chunks()
            chunk = next(self._chunks)
        except StopIteration:
            self._is_exhausted = True
            self._decided()
            raise
        except BaseException:
            self.fail()
            raise
        self._give(chunk)
        return chunk

    def write(self, chunk: bytes, write: Callable[[bytes], object]) -> None:
        """Give a chunk to the server's `write`, which returns when it has taken it."""
        self._give(chunk)
        write(chunk)
        self._took()

    def close(self) -> None:
        """The server asks for no more: it has everything, or the client has left."""
        response = self._origin.response
        has_all = self._is_exhausted or not (self._on_its_way or self._chunks)
        is_complete = response.complete and has_all
        self._end(Outcome.COMPLETE if is_complete else Outcome.CLIENT_GONE)

    def fail(self) -> None:
        """The app, a source or its file has failed."""
        self._end(Outcome.FAILED)

    def _give(self, chunk: bytes) -> None:
        if chunk:
            self.has_begun = True
            self._decided()
            self._on_its_way = len(chunk)

    def _took(self) -> None:
        if self._observation is not None:
            self._observation.count_served(self._on_its_way)
        self._on_its_way = 0

    def _decided(self) -> None:
        """Tell the observer what was decided, now that it can be changed no more."""
        if self._observation is not None and self._origin.response.decided:
            self._observation.start(self._origin.response)

    def _end(self, outcome: Outcome) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        try:
            close = getattr(self._chunks, "close", None)
            if close is not None:
                close()
            self._origin.close()
        finally:
            if self._observation is not None:
                self._decided()
                self._observation.finish(outcome)
