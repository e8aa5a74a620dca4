"""Slice a body that streams past: its chunks in, the plan's chunks out, forward only.

Knows positions, and nothing of messages. However the body is chopped, the bytes that come
out are the same.
"""

from __future__ import annotations

from collections.abc import Iterable

from .multipart import Segment

__all__ = ["Slicer"]


class Slicer:
    """Cuts `segments` out of a body fed to it chunk by chunk.

    The ranges among the segments must ascend and not overlap. Memory is bounded by one
    chunk: nothing is kept between calls.
    """

    __slots__ = ("_next", "_position", "_segments")

    def __init__(self, segments: Iterable[Segment]) -> None:
        self._segments = tuple(segments)
        self._next = 0
        self._position = 0

    @property
    def complete(self) -> bool:
        """Whether every segment has been given out."""
        return self._next == len(self._segments)

    def feed(self, chunk: bytes) -> list[bytes]:
        """What the plan wants of the next `chunk` of the body, and the literals due with it."""
        out: list[bytes] = []
        base = self._position
        end = self._position = base + len(chunk)
        while self._next < len(self._segments):
            segment = self._segments[self._next]
            if isinstance(segment, bytes):
                out.append(segment)
            else:
                start, stop = segment
                if start < end and base < stop:
                    out.append(bytes(chunk[max(start - base, 0) : stop - base]))
                if end < stop:
                    break
            self._next += 1
        return out
