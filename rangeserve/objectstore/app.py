"""`ObjectStoreApp`: the objects of a bucket as an ASGI app."""

from __future__ import annotations

from obstore.store import ObjectStore

from ..apps import answer, standalone
from ..core.limits import Limits
from ..events import Observer
from ..types import Receive, Scope, Send
from .keys import safe_key
from .source import ObjectSource, find_object

__all__ = ["ObjectStoreApp"]


class ObjectStoreApp:
    """An ASGI app that answers GET and HEAD with the objects of `store` under `prefix`.

    The path of a request, without the `root_path` under which the app is mounted, is the key
    below `prefix`. A path that is not a safe key (see `safe_key`) is a 404, without a request to
    the store. There are no listings.

    `timeout`: the seconds for which the store may be silent. `hidden`: of a folder (`file:///`),
    whether names that begin with a dot are served, too. `limits` and `observer` are those
    of `RangeMiddleware`; inside an app that has a `RangeMiddleware` already, those of that
    middleware hold. `ValueError` for a `prefix` with a segment that no key may have.
    """

    def __init__(
        self,
        store: ObjectStore,
        prefix: str = "",
        *,
        timeout: float = 30.0,
        hidden: bool = False,
        limits: Limits | None = None,
        observer: Observer | None = None,
    ) -> None:
        if prefix.strip("/") and safe_key("/" + prefix.strip("/")) is None:
            raise ValueError(f"not a prefix of keys: {prefix!r}")
        self._store = store
        self._prefix = prefix.strip("/")
        self._timeout = timeout
        self._hidden = hidden
        self._app = standalone(
            answer(self._find, fields_of=lambda source: source.fields),
            limits=limits,
            observer=observer,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI scope. A websocket is refused."""
        await self._app(scope, receive, send)

    async def _find(self, scope: Scope) -> ObjectSource | None:
        key = safe_key(_path_below(scope), self._prefix)
        if key is None:
            return None
        return await find_object(
            self._store, key, scope=scope, timeout=self._timeout, hidden=self._hidden
        )


def _path_below(scope: Scope) -> str:
    """The path of a scope without the `root_path` under which the app is mounted."""
    path: str = scope["path"]
    root: str = scope.get("root_path") or ""
    if root and (path == root or path.startswith(root.rstrip("/") + "/")):
        return path[len(root.rstrip("/")) :]
    return path
