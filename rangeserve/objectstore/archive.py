"""`zip_objects`: the objects under a prefix as a ZIP archive that is never built."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import obstore
from anyio import fail_after
from obstore.store import LocalStore, ObjectStore

from ..errors import ResponseError
from ..sources.threads import READS, in_thread
from ..sources.unavailable import SourceUnavailable, log_unavailable
from ..sources.zip import ZipMember, ZipSource
from .client import STORE_ERRORS, unavailable
from .local import check_local, has_hidden
from .source import Described, ObjectSource

if TYPE_CHECKING:  # obstore has these for type checkers only
    from obstore import Attributes, ObjectMeta

__all__ = ["zip_objects"]

_PAGE_SIZE = 1000  # of what stores list in one answer


@dataclass(frozen=True)
class _Listed:
    """What a listing says of an object: of its fields, nothing."""

    meta: ObjectMeta
    attributes: Attributes = field(default_factory=lambda: {})


class _ListedObject(ObjectSource):
    """An object of which only the listing is known; it is requested when it is read."""

    def __init__(
        self, store: ObjectStore, meta: ObjectMeta, timeout: float, *, hidden: bool
    ) -> None:
        super().__init__(store, meta["path"], _Listed(meta), timeout, has_body=False)
        self._hidden = hidden
        tag = meta["e_tag"]
        if tag is not None and not tag.endswith('"'):  # a listing of Azure has it without quotes
            self._if_match = f'"{tag}"'

    @property
    def content_identity(self) -> Hashable:
        """What is known of the version of the object, and of its store."""
        return (repr(self._store), self.key, self.size, self.etag, self.last_modified)

    def _version_of(self, result: Described) -> tuple[object, ...]:
        """Its tag and size: in a listing the time may be finer, and there is no version."""
        meta = result.meta
        if meta["e_tag"] is not None:
            return (meta["e_tag"].strip('"'), meta["size"])
        return (meta["size"], int(meta["last_modified"].timestamp()))

    async def _read(self, start: int, stop: int, chunk_size: int) -> AsyncGenerator[bytes]:
        if isinstance(self._store, LocalStore):
            try:
                await check_local(self._store, self.key, hidden=self._hidden)
            except (OSError, ValueError) as error:
                raise ResponseError(f"no object any more: {self.key!r}") from error
        async with aclosing(super()._read(start, stop, chunk_size)) as chunks:
            async for chunk in chunks:
                yield chunk


async def zip_objects(
    store: ObjectStore,
    prefix: str = "",
    *,
    max_entries: int = 10_000,
    crc32: Callable[[ObjectMeta], int | None] | None = None,
    timeout: float = 30.0,
    hidden: bool = False,
) -> ZipSource:
    """A `ZipSource` of the objects of `store` under `prefix`, in the order of their keys.

    The store is asked for a listing now, and for an object when the archive is read. A member
    is named by its key without the prefix. An empty object at the key of a folder, as consoles
    make them, becomes a folder.

    `crc32` is called with what the listing says of an object (`path`, `size`, `e_tag`,
    `last_modified`), and gives its CRC-32 if somebody has kept it. Those of others are computed
    when they are needed, which reads the object. `hidden`: of a folder (`file:///`), whether
    names that begin with a dot are members. `timeout`: the seconds for which the store may be
    silent.

    `ValueError` for more than `max_entries` objects, and for a key that no member can be named
    by (see `ZipMember`); `SourceUnavailable` (502, 504) if the store fails.
    """
    prefix = prefix.strip("/")
    below = f"{prefix}/" if prefix else ""
    try:
        listed = await _list(store, prefix or None, max_entries, timeout)
    except SourceUnavailable as failure:
        log_unavailable(failure, prefix)
        raise
    members: list[ZipMember] = []
    names = [meta["path"].removeprefix(below) for meta in listed]
    folders = _folders_of(names)
    for name, meta in sorted(zip(names, listed, strict=True), key=lambda each: each[0]):
        if isinstance(store, LocalStore) and not hidden and has_hidden(name):
            continue
        if name in folders and not meta["size"]:
            members.append(ZipMember(f"{name}/", modified=meta["last_modified"]))
            continue
        known = crc32(meta) if crc32 is not None else None
        source = _ListedObject(store, meta, timeout, hidden=hidden)
        members.append(ZipMember(name, source, crc32=known))
    return ZipSource(members)


def _folders_of(names: Iterable[str]) -> set[str]:
    """The folders that some of the names lie in."""
    folders: set[str] = set()
    for name in names:
        while "/" in name and (name := name.rpartition("/")[0]) not in folders:
            folders.add(name)
    return folders


async def _list(
    store: ObjectStore, prefix: str | None, most: int, timeout: float
) -> list[ObjectMeta]:
    """What the store lists under a prefix, page by page."""
    # Its type names one of a package that need not be installed.
    listing: Callable[..., Iterator[Sequence[ObjectMeta]]] = cast("Any", obstore).list
    pages = listing(store, prefix, chunk_size=_PAGE_SIZE)
    found: list[ObjectMeta] = []
    while len(found) <= most:
        try:
            with fail_after(timeout):
                page = await in_thread(partial(next, pages, None), READS, None)
        except (*STORE_ERRORS, TimeoutError) as error:
            raise unavailable(error) from error
        if page is None:
            return found
        found.extend(page)
    raise ValueError(f"more than {most:,} objects are under {prefix or ''!r}")
