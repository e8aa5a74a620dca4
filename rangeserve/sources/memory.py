"""`BytesSource`: bytes in memory."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from io import BytesIO
from typing import Final, Union, cast

from .._checks import check_etag, shown

__all__ = ["DIGEST_BYTES", "BytesLike", "BytesSource", "content_etag"]

BytesLike = Union[bytes, bytearray, memoryview]

DIGEST_BYTES: Final = 16
"""The size of the hash (BLAKE2b) in an entity-tag that is made from content."""

_CHUNK_BYTES: Final = 256 * 1024


def content_etag(content: BytesLike) -> str:
    """The strong entity-tag, quoted, that is a hash of `content` (BLAKE2b, 128 bits)."""
    return f'"{hashlib.blake2b(content, digest_size=DIGEST_BYTES).hexdigest()}"'


class BytesSource:
    """A source of bytes in memory: `bytes`, a `bytearray`, a `memoryview` or a `BytesIO`.

    Of a `BytesIO` the whole present content is served, whatever its position is. A `bytearray`
    or `memoryview` is not copied, so it must not change while it is served. `TypeError` for a
    `memoryview` that is not contiguous, and for anything else.

    `etag` is a quoted entity-tag (else `ValueError`), `None` for none; `content_etag(content)`
    makes one. A `last_modified` without a time zone is taken as UTC.
    """

    def __init__(
        self,
        content: BytesLike | BytesIO,
        *,
        etag: str | None = None,
        last_modified: datetime | None = None,
        content_type: str | None = None,
    ) -> None:
        check_etag(etag)
        data = content.getvalue() if isinstance(content, BytesIO) else content
        if not isinstance(cast("object", data), (bytes, bytearray, memoryview)):
            raise TypeError(f"BytesSource takes bytes, not {shown(data)}; text is to be encoded")
        self._view = memoryview(data).cast("B")
        self.size: int = len(self._view)
        self.etag = etag
        self.last_modified = last_modified
        self.content_type = content_type

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes `[start, stop)`, in chunks of at most 256 KiB."""
        for chunk in self.read_blocking(start, stop):
            yield chunk

    def read_at_once(self, start: int, stop: int) -> bytes:
        """The bytes `[start, stop)`."""
        return bytes(self._view[start:stop])

    def read_blocking(self, start: int, stop: int) -> Iterator[bytes]:
        """As `read`."""
        for position in range(start, stop, _CHUNK_BYTES):
            yield bytes(self._view[position : min(position + _CHUNK_BYTES, stop)])
