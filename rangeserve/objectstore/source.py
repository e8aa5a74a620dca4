"""An object as a source: one conditional request for a single range.

The middleware must know size and ETag before it decides, and one GET of the range that the
client asks for tells both. So `open_object` sends that GET at once and keeps its body: if
the decision is that very range, it is read on; otherwise it is dropped, and what is needed
asked for on condition that the object is still the same (`If-Match`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from anyio import fail_after
from obstore.exceptions import GenericError, NotSupportedError
from obstore.store import LocalStore, MemoryStore, ObjectStore
from werkzeug.datastructures import Range

from ..core.ranges import ByteRange, resolve
from ..core.representation import is_field_value
from ..core.validators import parse_entity_tag
from ..errors import ResponseError
from ..handover import requested_range
from ..sources.media_type import guess_media_type
from .client import STORE_ERRORS, chunks, get, unavailable
from .side_by_side import side_by_side

if TYPE_CHECKING:  # obstore has these for type checkers only
    from obstore import GetOptions, GetResult

__all__ = ["ObjectSource", "open_object"]

_CHUNK: Final = 1024 * 1024
# While several ranges are fetched, each holds less; so many are under way at once.
_SMALL_CHUNK: Final = 256 * 1024
_AT_ONCE: Final = 4
# A MemoryStore gives all that it is asked for in one piece.
_PIECE: Final = 1024 * 1024
_LARGEST: Final = 2**63 - 1

# A request with one of these will likely end in a 304: it is begun without a body.
_REVALIDATING: Final = frozenset({b"if-none-match", b"if-modified-since"})
# What an upload says when nobody knew its media type.
_NO_TYPE: Final = frozenset({"", "binary/octet-stream", "application/octet-stream"})
_STORED: Final = ("Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language")


class ObjectSource:
    """One version of an object in a store; `open_object` makes it.

    `etag` is the store's own, except where that would not do: of a `LocalStore`, whose tags
    hold the inode, it is made of size and modification time; and to that of a
    `MemoryStore`, which counts from 0 in each process, the time is added. `fields` are the
    response fields stored with the object (Cache-Control, Content-Disposition, -Encoding,
    -Language).
    """

    def __init__(
        self, store: ObjectStore, key: str, first: GetResult, timeout: float, *, has_body: bool
    ) -> None:
        """`first` is the answer to the first request; `has_body`: it may be read."""
        stored_type = first.attributes.get("Content-Type", "")
        self.key = key
        self.size: int = first.meta["size"]
        self.etag: str | None = _entity_tag(store, first)
        self.last_modified: datetime | None = first.meta["last_modified"]
        self.content_type: str | None = guess_media_type(key)
        if stored_type not in _NO_TYPE and is_field_value(stored_type):
            self.content_type = stored_type
        self.fields: list[tuple[bytes, bytes]] = _stored_fields(first.attributes)
        self._store = store
        self._timeout = timeout
        self._piecewise = isinstance(store, MemoryStore)
        self._version = _version(first)
        self._if_match = first.meta["e_tag"]
        self._kept = first if has_body else None

    def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes `[start, stop)` of this version.

        `ResponseError` if the object has been overwritten or deleted, or if the store
        fails, is silent for too long, or answers with another range than was asked for.
        """
        return self._read(start, stop, _CHUNK)

    def side_by_side(
        self, ranges: Sequence[ByteRange]
    ) -> AbstractAsyncContextManager[Callable[[int, int], AsyncIterator[bytes]]]:
        """Fetch `ranges`, up to 4 at a time, to be read in this order."""
        return side_by_side(self._read_small, ranges, at_once=_AT_ONCE)

    async def aclose(self) -> None:
        """Drop the body of the first request, if it was not what was wanted."""
        self._kept = None

    def _read_small(self, start: int, stop: int) -> AsyncGenerator[bytes]:
        return self._read(start, stop, _SMALL_CHUNK)

    async def _read(self, start: int, stop: int, chunk_size: int) -> AsyncGenerator[bytes]:
        position = start
        while position < stop:
            end = min(position + _PIECE, stop) if self._piecewise else stop
            result = await self._fetch(position, end)
            spare = result.range[1] - end  # more than zero: only the first bytes are wanted
            async with aclosing(chunks(result, chunk_size, self._timeout)) as body:
                del result
                async for chunk in body:
                    left, position = end - position, position + len(chunk)
                    if spare and position >= end:
                        yield chunk[:left]
                        break
                    yield chunk
            if position < end:
                raise ResponseError(f"the store gives {end - position} bytes too few")
            position = end

    async def _fetch(self, start: int, stop: int) -> GetResult:
        """The kept body if it begins with this range, else a new, conditional request."""
        kept, self._kept = self._kept, None
        if kept is not None and kept.range[0] == start and stop <= kept.range[1]:
            return kept
        del kept
        options: GetOptions = {"range": (start, stop)}
        if self._if_match is not None and not self._if_match.startswith("W/"):
            options["if_match"] = self._if_match
        try:
            result = await get(self._store, self.key, options, self._timeout)
        except (*STORE_ERRORS, TimeoutError) as error:
            raise ResponseError(f"the object cannot be read on: {self.key!r}") from error
        if _version(result) != self._version:
            raise ResponseError(f"the object was overwritten while it was sent: {self.key!r}")
        if result.range != (start, stop):
            raise ResponseError(f"the store gives {result.range} and not {(start, stop)}")
        return result


async def open_object(
    store: ObjectStore, key: str, *, scope: Mapping[str, Any] | None = None, timeout: float = 30.0
) -> ObjectSource:
    """Ask `store` for the object at `key`, to answer the request of `scope` with.

    With the scope this first request is for what the client asks for - the range, the
    whole, or, for a HEAD and a revalidation, no body - and in most cases the only one.
    Without it, it is for the whole.

    `SourceUnavailable` if there is none, with the status to answer: 404, 403, 502, or 504
    if the store is silent for more than `timeout` seconds. The store's own error is its
    cause. To be handed over; otherwise to be closed with `aclose`.
    """
    asked = requested_range(scope) if scope is not None else None
    has_body = not (isinstance(store, MemoryStore) or (scope is not None and _is_bodyless(scope)))
    wanted = _first_range(asked) if asked is not None else None
    if asked is not None and wanted is None:
        has_body = False
    if not key.strip("/"):  # a request for the bucket itself would list it
        raise unavailable(FileNotFoundError(key))
    options: GetOptions = {}
    if not has_body:
        options["head"] = True
    elif wanted is not None:
        options["range"] = wanted
    try:
        with fail_after(timeout):
            try:
                first = await get(store, key, options, timeout)
            except (GenericError, NotSupportedError) as error:
                # No error says "unsatisfiable", and Azure has no suffix ranges: look closer.
                if asked is None or not has_body:
                    raise
                first = await get(store, key, {"head": True}, timeout)
                has_body = False
                if isinstance(error, GenericError) and resolve(
                    Range("bytes", asked.ranges[:1]), first.meta["size"]
                ):
                    raise
    except (*STORE_ERRORS, TimeoutError) as error:
        raise unavailable(error) from error
    return ObjectSource(store, key, first, timeout, has_body=has_body)


def _is_bodyless(scope: Mapping[str, Any]) -> bool:
    return scope["method"] == "HEAD" or any(
        name.lower() in _REVALIDATING for name, _ in scope["headers"]
    )


def _first_range(asked: Range) -> Any:
    """The first range of a Range as obstore writes it; `None` if there can be no such bytes."""
    for start, stop in asked.ranges[:1]:
        if start < 0:
            return {"suffix": min(-start, _LARGEST)}
        if start < _LARGEST:
            return {"offset": start} if stop is None else (start, min(stop, _LARGEST))
    return None


def _version(result: GetResult) -> tuple[object, ...]:
    meta = result.meta
    return (meta["e_tag"], meta["size"], meta["last_modified"], meta["version"])


def _entity_tag(store: ObjectStore, result: GetResult) -> str | None:
    meta = result.meta
    tag = meta["e_tag"]
    if isinstance(store, (LocalStore, MemoryStore)):
        microseconds = round(meta["last_modified"].timestamp() * 1_000_000)
        parts = [f"{microseconds:x}-{meta['size']:x}"]
        if isinstance(store, MemoryStore) and tag is not None:
            parts.append(tag.strip('"'))
        return '"' + "-".join(parts) + '"'
    if tag is None or parse_entity_tag(tag):
        return tag
    return f'"{tag}"' if parse_entity_tag(f'"{tag}"') else None


def _stored_fields(attributes: Mapping[Any, str]) -> list[tuple[bytes, bytes]]:
    """The fields stored with the object; what cannot stand in a response is left out."""
    fields: list[tuple[bytes, bytes]] = []
    for name in _STORED:
        value = attributes.get(name, "")
        if name == "Content-Encoding":  # `aws-chunked` was about the upload
            codings = (coding.strip() for coding in value.split(","))
            value = ", ".join(each for each in codings if each.lower() not in ("", "aws-chunked"))
        if value and is_field_value(value):
            fields.append((name.lower().encode(), value.encode("latin-1")))
    return fields
