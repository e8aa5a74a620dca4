"""The vectors' resources from plain ASGI apps that know nothing of ranges, wrapped.

`streams` sends them as oddly chunked bodies; `paths` hands over files through
`http.response.pathsend`; `sources` hands them over with `hand_over`. RANGESERVE_CONFORMANCE_FILES
names the folder where the last two find their files (`files.py` lays them there).
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

from files import LEFT_OUT, mtime_of, name_of
from resources import RESOURCES, content_of

from rangeserve import RangeMiddleware, hand_over

FOLDER = Path(os.environ.get("RANGESERVE_CONFORMANCE_FILES", "."))
CHUNKS = (1, 3, 7, 0, 13, 101, 997, 0, 4096, 65537)

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


def pieces(resource: dict[str, Any]) -> Iterator[bytes]:
    """The body in the chunks that the resource calls for; empty ones are among them."""
    data = content_of(resource["path"])
    if resource["chunks"] == "one" or not data:
        yield data
    elif resource["chunks"] == "tiny":
        for place in range(len(data)):
            yield data[place : place + 1]
            if place % 10 == 9:
                yield b""
    else:
        position = turn = 0
        while position < len(data):
            size = CHUNKS[turn % len(CHUNKS)]
            yield data[position : position + size]
            position, turn = position + size, turn + 1


def fields(resource: dict[str, Any], *, modified: bool) -> list[tuple[bytes, bytes]]:
    """The app's response fields; `modified`: it gives the Last-Modified too."""
    given = [(name, value) for name, value in resource["headers"]]
    if resource["content_type"]:
        given.append(("content-type", resource["content_type"]))
    if resource["content_length"]:
        given.append(("content-length", str(resource["size"])))
    if resource["etag"] is not None:
        given.append(("etag", resource["etag"]))
    if modified and resource["last_modified"] == "now":
        given.append(("last-modified", formatdate(time.time(), usegmt=True)))
    elif modified and resource["last_modified"]:
        given.append(("last-modified", resource["last_modified"]))
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in given]


def plain(how: str) -> Callable[[dict[str, Any], Receive, Send], Awaitable[None]]:
    """The app that serves `how`: "streams", "paths" or "sources"."""

    async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await live(receive, send)
            return
        while (message := await receive())["type"] == "http.request":
            if not message.get("more_body"):
                break
        resource = RESOURCES.get(scope["path"])
        if resource is None or scope["method"] not in resource["methods"]:
            await answer(send, 404 if resource is None else 405, [], [b"no\n"])
        elif how == "streams" or scope["method"] not in ("GET", "HEAD"):
            body = [] if scope["method"] == "HEAD" else pieces(resource)
            await answer(send, resource["status"], fields(resource, modified=True), body)
        else:
            await hand_on_file(how, resource, scope, send)

    return app


async def live(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


async def answer(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], body: Any = ()
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for piece in body:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def hand_on_file(
    how: str, resource: dict[str, Any], scope: dict[str, Any], send: Send
) -> None:
    """A file gives Last-Modified itself, if its time can be set to it (see `files.py`).

    A HEAD is answered from the start message, so a path sent after it would come too late:
    there the file is handed over before.
    """
    assert resource["path"] not in LEFT_OUT
    path = str(FOLDER / name_of(resource))
    headers = fields(resource, modified=mtime_of(resource) is None or resource["status"] != 200)
    if how == "sources" or scope["method"] == "HEAD":
        if resource["status"] == 200:
            hand_over(scope, path)
            await answer(send, 200, headers)
        else:
            body = [] if scope["method"] == "HEAD" else pieces(resource)
            await answer(send, resource["status"], headers, body)
        return
    assert "http.response.pathsend" in scope["extensions"]
    await send({"type": "http.response.start", "status": resource["status"], "headers": headers})
    await send({"type": "http.response.pathsend", "path": path})


streams = RangeMiddleware(plain("streams"))
paths = RangeMiddleware(plain("paths"), etag=None, pathsend=True)
sources = RangeMiddleware(plain("sources"), etag=None)
