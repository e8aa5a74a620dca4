"""A middleware written for one case only: one range `bytes=A-B` of a file that is sent by its path.

It hides the Range, knows the ETag, Last-Modified and If-Range, and nothing else that may happen:
no other request, no disk that lets it wait, no client that leaves.
"""

from __future__ import annotations

import os
import re
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from .bare import app

__all__ = ["PassThrough", "ranged"]

_RANGE = re.compile(rb"bytes=([0-9]{1,18})-([0-9]{1,18})")
_REQUEST_FIELDS = frozenset(
    {
        b"range",
        b"if-range",
        b"if-match",
        b"if-none-match",
        b"if-modified-since",
        b"if-unmodified-since",
    }
)
_RESPONSE_FIELDS = frozenset({b"accept-ranges", b"content-encoding", b"content-range"})
_date = lru_cache(formatdate)


class Floor:
    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        asked = condition = None
        if scope["type"] == "http" and scope["method"] == "GET":
            for name, value in scope["headers"]:
                if name == b"range":
                    asked = _RANGE.fullmatch(value)
                elif name == b"if-range":
                    condition = value
        if asked is None:
            await self._app(scope, receive, send)
            return
        held: list[dict[str, Any]] = []

        async def send_part(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.pathsend":
                (start,) = held
                fd = os.open(message["path"], os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
                try:
                    status = os.fstat(fd)
                    first, last = int(asked[1]), min(int(asked[2]), status.st_size - 1)
                    etag = b'"%x-%x"' % (status.st_mtime_ns, status.st_size)
                    if first > last or condition not in (None, etag):
                        raise NotImplementedError
                    body = os.pread(fd, last + 1 - first, first)
                finally:
                    os.close(fd)
                modified = _date(int(status.st_mtime), usegmt=True).encode()
                headers = [each for each in start["headers"] if each[0] != b"content-length"]
                headers += (
                    (b"etag", etag),
                    (b"last-modified", modified),
                    (b"content-range", b"bytes %d-%d/%d" % (first, last, status.st_size)),
                    (b"accept-ranges", b"bytes"),
                    (b"content-length", b"%d" % len(body)),
                )
                await send({**start, "status": 206, "headers": headers})
                await send({"type": "http.response.body", "body": body, "more_body": False})
            else:
                held.append(message)

        extensions = {**(scope.get("extensions") or {}), "http.response.pathsend": {}}
        kept = [each for each in scope["headers"] if each[0] not in (b"range", b"if-range")]
        await self._app({**scope, "headers": kept, "extensions": extensions}, receive, send_part)


ranged = Floor(app)


class PassThrough:
    """A middleware for a small 200 to a GET without Range, which says that ranges are accepted.

    It looks for the fields that matter, gives the app a scope of its own and shares what the app
    adds to it. It knows no other case: nothing is handed over, watched or sliced.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        for name, _ in scope["headers"]:
            if name in _REQUEST_FIELDS:
                raise NotImplementedError
        extensions = {**(scope.get("extensions") or {}), "rangeserve": None}
        inner = {**scope, "extensions": extensions}
        before = inner.copy()
        held: dict[str, Any] = {}

        async def send_advertised(message: dict[str, Any]) -> None:
            nonlocal held
            if message["type"] == "http.response.start":
                for name, _ in message["headers"]:
                    if name in _RESPONSE_FIELDS:
                        raise NotImplementedError
                held = message
                return
            if inner != before:
                scope.update(inner)
            await send({**held, "headers": [*held["headers"], (b"accept-ranges", b"bytes")]})
            await send(message)

        await self._app(inner, receive, send_advertised)
        if inner != before:
            scope.update(inner)
