"""Bytes in memory as a source."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import datetime
from io import BytesIO
from typing import Final, Union

__all__ = ["BytesSource", "content_etag"]

BytesLike = Union[bytes, bytearray, memoryview]

_CHUNK: Final = 256 * 1024
_DIGEST: Final = 16


def content_etag(content: BytesLike) -> str:
    """A strong entity-tag that is a hash of the content (BLAKE2b, 128 bits)."""
    return f'"{hashlib.blake2b(content, digest_size=_DIGEST).hexdigest()}"'


class BytesSource:
    """Bytes in memory: `bytes`, a `bytearray`, a `memoryview` or a `BytesIO`.

    Of a `BytesIO` the whole content as it stands now is served, wherever it is positioned.
    A `bytearray` or `memoryview` is not copied, so it must not change while it is served;
    a view that is not contiguous raises `TypeError`.

    `etag` is a quoted entity-tag, `None` for none; `content_etag(content)` makes one.
    """

    def __init__(
        self,
        content: BytesLike | BytesIO,
        *,
        etag: str | None = None,
        last_modified: datetime | None = None,
        content_type: str | None = None,
    ) -> None:
        data = content.getvalue() if isinstance(content, BytesIO) else content
        self._view = memoryview(data).cast("B")
        self.size: int = len(self._view)
        self.etag = etag
        self.last_modified = last_modified
        self.content_type = content_type

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes `[start, stop)`, in chunks of at most 256 KiB."""
        for position in range(start, stop, _CHUNK):
            yield bytes(self._view[position : min(position + _CHUNK, stop)])
