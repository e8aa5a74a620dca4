"""A bucket, or what is under a prefix of it, as an ASGI app to be mounted anywhere."""

from __future__ import annotations

from obstore.store import ObjectStore

from ..apps import answer, standalone
from ..core.limits import Limits
from ..events import Observer
from ..types import Receive, Scope, Send
from .keys import safe_key
from .source import ObjectSource, open_object

__all__ = ["ObjectStoreApp"]


class ObjectStoreApp:
    """Answers GET and HEAD with the objects under `prefix` whose keys the paths spell out.

    Unsafe keys (see `safe_key`) are a 404 without the store being asked; there are no
    listings. Mounted under a `root_path`, that part of the path is left out. `timeout`: how
    many seconds the store may be silent. `limits` and `observer` are `RangeMiddleware`'s;
    inside an app that has one of its own, that one's hold.
    """

    def __init__(
        self,
        store: ObjectStore,
        prefix: str = "",
        *,
        timeout: float = 30.0,
        limits: Limits | None = None,
        observer: Observer | None = None,
    ) -> None:
        """`ValueError` for a prefix with segments that no key may have."""
        if prefix.strip("/") and safe_key("/" + prefix.strip("/")) is None:
            raise ValueError(f"not a prefix of keys: {prefix!r}")
        self._store = store
        self._prefix = prefix.strip("/")
        self._timeout = timeout
        self._app = standalone(
            answer(self._find, fields_of=lambda source: source.fields),
            limits=limits,
            observer=observer,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI call."""
        await self._app(scope, receive, send)

    async def _find(self, scope: Scope) -> ObjectSource | None:
        key = safe_key(_path_below(scope), self._prefix)
        if key is None:
            return None
        return await open_object(self._store, key, scope=scope, timeout=self._timeout)


def _path_below(scope: Scope) -> str:
    """The path without the `root_path` that the app is mounted under."""
    path: str = scope["path"]
    root: str = scope.get("root_path") or ""
    if root and (path == root or path.startswith(root.rstrip("/") + "/")):
        return path[len(root.rstrip("/")) :]
    return path
