"""A client that keeps what it has got, and resumes as RFC 9110 13.1.5 lets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from support.wire import Connection, Response, Truncated


@dataclass
class Download:
    """What is on disk: the bytes, and the entity-tag that came with them."""

    port: int
    target: str = "/film.mp4"
    content: bytes = b""
    etag: str = ""
    complete: bool = False
    status: int = 0

    def go_on(self, until: int | None = None, then: Callable[[], None] | None = None) -> Download:
        """Ask for the rest, on condition that it is the rest of the same; 200 starts anew.

        Stops when the connection is cut. At `until` bytes does `then` and goes on, or hangs up.
        """
        headers = [("Connection", "close")]
        if self.content:
            headers += [("Range", f"bytes={len(self.content)}-"), ("If-Range", self.etag)]
        with Connection(self.port) as connection:
            connection.send("GET", self.target, headers)
            try:
                head = connection.read_head()
            except (Truncated, ConnectionError):
                self.status = 0
                return self
            self.status = head.status
            if head.status not in (200, 206):
                return self
            if head.status == 200:
                self.content = b""
            else:
                assert head["content-range"].startswith(f"bytes {len(self.content)}-")
                assert head["etag"] == self.etag
            self.etag = head.get("etag") or ""
            self._take(connection, head, until, then)
        return self

    def _take(
        self,
        connection: Connection,
        head: Response,
        until: int | None,
        then: Callable[[], None] | None,
    ) -> None:
        left = int(head["content-length"])
        try:
            while left:
                if until is not None and len(self.content) >= until:
                    if then is None:
                        return
                    then()
                    until = None
                block = connection.take(min(left, 16384))
                self.content += block
                left -= len(block)
        except (Truncated, ConnectionError):
            return
        self.complete = True
