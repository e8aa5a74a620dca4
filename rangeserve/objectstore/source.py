"""`open_object`: an object as a source, for which most responses need one request to the store.

The middleware needs the size and the ETag of an object before it decides, and the response to a
GET for the requested range has both. So `open_object` sends that GET at once and keeps its body.
If the decision is to send that range, the kept body is read on. Otherwise it is dropped, and the
ranges to send are requested on condition that the object is still the same (`If-Match`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from anyio import fail_after
from obstore.exceptions import GenericError, NotSupportedError
from obstore.store import LocalStore, MemoryStore, ObjectStore
from werkzeug.datastructures import Range

from ..core.ranges import ByteRange, resolve
from ..core.representation import is_field_value
from ..core.validators import parse_entity_tag
from ..errors import ResponseError
from ..handover import likely_bodyless, requested_range
from ..sources.media_type import guess_media_type
from ..sources.side_by_side import side_by_side
from ..sources.unavailable import SourceUnavailable, log_unavailable
from .client import STORE_ERRORS, chunks, get, unavailable
from .local import check_local

if TYPE_CHECKING:  # obstore has these for type checkers only
    from obstore import Attributes, GetOptions, GetResult, ObjectMeta

__all__ = ["Described", "ObjectSource", "find_object", "open_object"]

_CHUNK_BYTES: Final = 1024 * 1024
# Several ranges are fetched at the same time, each in smaller chunks.
_SMALL_CHUNK_BYTES: Final = 256 * 1024
_MAX_CONCURRENT_READS: Final = 4
# A MemoryStore gives the bytes of a request in one piece, so each request is for a part.
_MAX_PIECE_BYTES: Final = 1024 * 1024
_MAX_OFFSET: Final = 2**63 - 1  # of obstore

_UNKNOWN_TYPE: Final = "application/octet-stream"
_STORED_FIELDS: Final = (
    "Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
)


class Described(Protocol):
    """What a store says of an object: `GetResult` of obstore is such a class."""

    @property
    def meta(self) -> ObjectMeta:
        """Its size in bytes, time and tags."""
        ...

    @property
    def attributes(self) -> Attributes:
        """The fields that are stored with it."""
        ...


class ObjectSource:
    """A source that is one version of an object in a store: the result of `open_object`.

    `key` is that of the object, and `size` its length in bytes. `fields` are the response fields
    that are stored with it: Cache-Control, Content-Disposition, Content-Encoding and
    Content-Language. `content_type` is the stored one; only if none is stored, as in a folder, it
    is guessed from the key.

    `etag` is that of the store, with two exceptions. The tags of a `LocalStore` contain the
    inode, so the tag is made of modification time and size instead. Those of a `MemoryStore`
    count from 0 in each process, so modification time and size are added.
    """

    def __init__(
        self, store: ObjectStore, key: str, first: Described, timeout: float, *, has_body: bool
    ) -> None:
        """`first` is the response to the first request; with `has_body` its body can be read.

        Without, it may also be what a listing says of the object.
        """
        stored_type = first.attributes.get("Content-Type")
        self.key = key
        self.size: int = first.meta["size"]
        self.etag: str | None = _entity_tag(store, first)
        self.last_modified: datetime | None = first.meta["last_modified"]
        # Whoever stored the object has said what it is, or that it is just bytes. A guess would
        # make a page of an upload that was stored as bytes on purpose.
        self.content_type: str | None = stored_type or guess_media_type(key)
        if not is_field_value(self.content_type):
            self.content_type = _UNKNOWN_TYPE
        self.fields: list[tuple[bytes, bytes]] = _stored_fields(first.attributes)
        self._store = store
        self._timeout = timeout
        self._piecewise = isinstance(store, MemoryStore)
        self._version = self._version_of(first)
        self._if_match = first.meta["e_tag"]
        self._kept_response = cast("GetResult", first) if has_body else None

    def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes `[start, stop)` of this version, in chunks.

        `ResponseError` if the object has been overwritten or deleted, and if the store fails,
        is silent for longer than the timeout, or answers with another range.
        """
        return self._read(start, stop, _CHUNK_BYTES)

    def side_by_side(
        self, ranges: Sequence[ByteRange]
    ) -> AbstractAsyncContextManager[Callable[[int, int], AsyncIterator[bytes]]]:
        """A context manager whose value reads `ranges` in their order, fetching up to 4 at once."""
        return side_by_side(self._read_small, ranges, at_once=_MAX_CONCURRENT_READS)

    async def aclose(self) -> None:
        """Drop the body of the first request, if it was not read."""
        self._kept_response = None

    def _version_of(self, result: Described) -> tuple[object, ...]:
        """What differs between two versions of an object."""
        meta = result.meta
        return (meta["e_tag"], meta["size"], meta["last_modified"], meta["version"])

    def _read_small(self, start: int, stop: int) -> AsyncGenerator[bytes]:
        return self._read(start, stop, _SMALL_CHUNK_BYTES)

    async def _read(self, start: int, stop: int, chunk_size: int) -> AsyncGenerator[bytes]:
        position = start
        while position < stop:
            end = min(position + _MAX_PIECE_BYTES, stop) if self._piecewise else stop
            result = await self._fetch(position, end)
            is_longer = result.range[1] > end  # then only the first bytes are read
            async with aclosing(chunks(result, chunk_size, self._timeout)) as body:
                del result
                async for chunk in body:
                    remaining, position = end - position, position + len(chunk)
                    if is_longer and position >= end:
                        yield chunk[:remaining]
                        break
                    yield chunk
            if position < end:
                raise ResponseError(f"the store gave {end - position} bytes too few")
            position = end

    async def _fetch(self, start: int, stop: int) -> GetResult:
        """The kept response if its body begins with this range, else that of a new request."""
        kept, self._kept_response = self._kept_response, None
        if kept is not None and kept.range[0] == start and stop <= kept.range[1]:
            return kept
        del kept
        options: GetOptions = {"range": (start, stop)}
        if self._if_match is not None and not self._if_match.startswith("W/"):
            options["if_match"] = self._if_match
        try:
            result = await get(self._store, self.key, options, self._timeout)
        except (*STORE_ERRORS, TimeoutError) as error:
            raise ResponseError(f"the object cannot be read any more: {self.key!r}") from error
        if self._version_of(result) != self._version:
            raise ResponseError(f"the object was overwritten while it was sent: {self.key!r}")
        if result.range != (start, stop):
            raise ResponseError(f"the store gave {result.range} and not {(start, stop)}")
        return result


async def open_object(
    store: ObjectStore,
    key: str,
    *,
    scope: Mapping[str, Any] | None = None,
    timeout: float = 30.0,
    hidden: bool = False,
) -> ObjectSource:
    """Open the object at `key` in `store`; the result is to be handed over, or closed.

    With the `scope` of a request, the store is asked for what the client asks for: the requested
    range, the whole object, or no body for a HEAD and a request with preconditions. In most
    cases no other request to the store is needed. Without `scope` it is asked for the whole
    object. `hidden`: of a folder (`file:///`), whether names that begin with a dot may be read.

    `SourceUnavailable` if the object cannot be had, with the status for the client: 404, 403,
    502, or 504 if the store is silent for more than `timeout` seconds. The store's own error is
    its cause; the log has a line with it, unless the object is just missing.
    """
    try:
        return await find_object(store, key, scope=scope, timeout=timeout, hidden=hidden)
    except SourceUnavailable as unavailable:
        log_unavailable(unavailable, key)
        raise


async def find_object(
    store: ObjectStore,
    key: str,
    *,
    scope: Mapping[str, Any] | None,
    timeout: float,
    hidden: bool,
) -> ObjectSource:
    """As `open_object`, without a line in the log."""
    requested = requested_range(scope) if scope is not None else None
    is_bodyless = scope is not None and likely_bodyless(scope)
    has_body = not (isinstance(store, MemoryStore) or is_bodyless)
    first_range = _first_range(requested) if requested is not None else None
    if requested is not None and first_range is None:
        has_body = False
    if not key.strip("/"):  # a request without a key would list the bucket
        raise unavailable(FileNotFoundError(key))
    options: GetOptions = {}
    if not has_body:
        options["head"] = True
    elif first_range is not None:
        options["range"] = first_range
    try:
        with fail_after(timeout):
            if isinstance(store, LocalStore):
                await check_local(store, key, hidden=hidden)
            try:
                first = await get(store, key, options, timeout)
            except (GenericError, NotSupportedError) as error:
                # The range may be unsatisfiable, for which there is no error of its own, or a
                # suffix, which Azure does not have. A HEAD tells the size, and so which it is.
                if requested is None or not has_body:
                    raise
                first = await get(store, key, {"head": True}, timeout)
                has_body = False
                if isinstance(error, GenericError) and resolve(
                    Range("bytes", requested.ranges[:1]), first.meta["size"]
                ):
                    raise
    except (*STORE_ERRORS, TimeoutError) as error:
        raise unavailable(error) from error
    return ObjectSource(store, key, first, timeout, has_body=has_body)


def _first_range(requested: Range) -> Any:
    """The first of the requested ranges as obstore writes it; `None` if it selects nothing."""
    for start, stop in requested.ranges[:1]:
        if start < 0:
            return {"suffix": min(-start, _MAX_OFFSET)}
        if start < _MAX_OFFSET:
            return {"offset": start} if stop is None else (start, min(stop, _MAX_OFFSET))
    return None


def _entity_tag(store: ObjectStore, result: Described) -> str | None:
    """The quoted entity-tag of an object (see `ObjectSource`), `None` if there is none."""
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
    """The response fields stored with an object, without what is not a field value."""
    fields: list[tuple[bytes, bytes]] = []
    for name in _STORED_FIELDS:
        value = attributes.get(name, "")
        if name == "Content-Encoding":  # `aws-chunked` describes the upload only
            codings = (coding.strip() for coding in value.split(","))
            value = ", ".join(each for each in codings if each.lower() not in ("", "aws-chunked"))
        if is_field_value(value):
            fields.append((name.lower().encode(), value.encode("latin-1")))
    return fields
