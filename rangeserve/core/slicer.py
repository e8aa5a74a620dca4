"""`Slicer`: cuts the segments of a plan out of a body that streams.

Knows positions, and nothing of messages. The bytes of the result do not depend on how the body
is divided into chunks.
"""

from __future__ import annotations

from collections.abc import Iterable

from .multipart import Segment

__all__ = ["Slicer"]


class Slicer:
    """Cuts `segments` out of a body that is fed to it chunk by chunk.

    The ranges among the segments must ascend and not overlap. Nothing of the body is kept
    between two calls of `feed`.
    """

    __slots__ = ("_index", "_position", "_segments")

    def __init__(self, segments: Iterable[Segment]) -> None:
        self._segments = tuple(segments)
        self._index = 0  # of the segment that is given next
        self._position = 0

    @property
    def complete(self) -> bool:
        """Whether every segment has been given."""
        return self._index == len(self._segments)

    def feed(self, chunk: bytes) -> list[bytes]:
        """The bytes to send for the next `chunk` of the body, literal segments among them."""
        out: list[bytes] = []
        base = self._position
        end = self._position = base + len(chunk)
        while self._index < len(self._segments):
            segment = self._segments[self._index]
            if isinstance(segment, bytes):
                out.append(segment)
            else:
                start, stop = segment
                if start < end and base < stop:
                    out.append(bytes(chunk[max(start - base, 0) : stop - base]))
                if end < stop:
                    break
            self._index += 1
        return out
