"""The files of Starlette and FastAPI: the response itself hands its file over.

Starlette's `FileResponse` gives its path away only in the message `http.response.pathsend`, and
layers between the response and the middleware need not know that message. So `FileResponse`
alone is offered it, and an `Innermost` around it turns it into ordinary messages, which the
middleware answers from the file instead.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from functools import partial, wraps
from hashlib import md5
from typing import Any, Final, cast

from anyio import CancelScope, create_task_group
from anyio.lowlevel import checkpoint

from ..core.representation import Field
from ..core.validators import format_http_date
from ..errors import ResponseError
from ..handover import Handover, handover_of
from ..sources.file import MEANINGLESS_SECONDS, FileSource
from ..sources.opening import open_file
from ..types import ASGIApp, Message, Receive, Scope, Send
from .messages import BODY, DISCONNECT, PATHSEND, START

__all__ = ["Innermost", "attach"]

_MARK: Final = "_rangeserve_attached"
_GIVEN: Final = "_rangeserve_given"
_LENGTH: Final = b"content-length"
_ETAG: Final = b"etag"
_LAST_MODIFIED: Final = b"last-modified"
_REPLACED: Final = frozenset({_LENGTH, _ETAG, _LAST_MODIFIED})
# A file up to this size is one message: the middleware slices it faster than it seeks.
_ONE_MESSAGE_BYTES: Final = 64 * 1024


class Innermost:
    """An app that sends a file by its path, as one that sends ordinary messages.

    Only `app` is offered `http.response.pathsend`. Its file is opened once: size and validators
    of the response become those of the descriptor, which is handed over to the middleware. The
    body is then read and sent until the middleware accepts the source, or to its end.

    `path` is the file's true path; the one in the message may be only a text for it. `given`
    are the names of the validators that the app chose itself. A request without a `Handover` is
    passed on, and so is one without a Range whose server offers pathsend itself: there a layer
    has to know that message without us, too. To a Range, Starlette itself never sends a path.
    """

    __slots__ = ("app", "given", "path")

    def __init__(self, app: ASGIApp, path: str, given: frozenset[bytes]) -> None:
        self.app = app
        self.path = path
        self.given = given

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI call."""
        handover = handover_of(scope) if scope["type"] == "http" else None
        if handover is None or (PATHSEND in scope["extensions"] and not handover.has_range):
            await self.app(scope, receive, send)
            return
        held: Message | None = None

        async def send_held(message: Message) -> None:
            nonlocal held
            start, held = held, None
            if start is None and message["type"] == START:
                held = message
            elif start is not None and message["type"] == PATHSEND:
                await self._send_file(start, handover, receive, send)
            elif start is not None and scope["method"] == "HEAD":
                await send(await self._true_start(start))
                await send(message)
            else:
                if start is not None:
                    await send(start)
                await send(message)

        offered: dict[str, Any] = {**scope["extensions"], PATHSEND: {}}
        await self.app({**scope, "extensions": offered}, receive, send_held)
        if held is not None:
            await send(held)

    async def _true_start(self, start: Message) -> Message:
        """The `start` of the response to a HEAD: what it says is what a GET would say."""
        try:
            file = await open_file(self.path)
        except (OSError, ResponseError):
            return start
        file.close()
        headers = _true_fields(start.get("headers", ()), file.status, self.given)
        return {**start, "headers": headers}

    async def _send_file(
        self, start: Message, handover: Handover, receive: Receive, send: Send
    ) -> None:
        """Send the response that begins with `start`, whose body is the file."""
        path = os.path.abspath(self.path) if handover.prefers_path else self.path
        file = await open_file(path)
        lent: _Lent | None = None
        try:
            start = {
                **start,
                "headers": _true_fields(start.get("headers", ()), file.status, self.given),
            }
            if file.size <= (0 if handover.prefers_path else _ONE_MESSAGE_BYTES):
                body = b"".join([chunk async for chunk in file.read(0, file.size)])
                await send(start)
                await send({"type": BODY, "body": body, "more_body": False})
                return
            if start["status"] == 200 and handover.source is None:
                lent = _Lent(file)
            await send(start)
            await _send_body(file, lent, handover, receive, send)
        finally:
            file.close()
            if lent is not None and not handover.accepted:
                # A layer may still hold the start: from now on the body that it has is what counts.
                if handover.source is lent:
                    handover.withdraw()
                lent.close()


async def _send_body(
    file: FileSource, lent: _Lent | None, handover: Handover, receive: Receive, send: Send
) -> None:
    """Send the file until the middleware answers from `lent`, or the client has left."""
    size, sent = file.size, 0

    async def send_chunk(chunk: bytes) -> bool:
        """Whether there is more to send."""
        nonlocal sent
        sent += len(chunk)
        await send({"type": BODY, "body": chunk, "more_body": sent < size})
        if handover.accepted and sent < size:
            await send({"type": BODY, "body": b"", "more_body": False})
            return False
        return sent < size

    async with aclosing(cast("AsyncGenerator[bytes, None]", file.read(0, size))) as chunks:
        first = await anext(chunks)
        if lent is not None:
            # A layer that changes the bytes makes another object of them.
            handover.same_as_body(lent)
            handover.first_body = first
        if not await send_chunk(first):
            return
        # A layer has changed the response, or holds it. As without us, nothing is read for a
        # client that has left, and what `send` raises is not put into a group.
        failure: Exception | None = None
        async with create_task_group() as group:
            group.start_soon(_cancel_when_left, receive, group.cancel_scope)
            try:
                async for chunk in chunks:
                    if not await send_chunk(chunk):
                        break
            except Exception as error:
                failure = error
            group.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _cancel_when_left(receive: Receive, scope: CancelScope) -> None:
    """Cancel `scope` when the client has left. Ends early if `receive` has nothing more to say."""
    is_complete = False
    while True:
        try:
            message = await receive()
        except Exception:
            return
        if message["type"] == DISCONNECT:
            scope.cancel()
            return
        if is_complete:
            return
        is_complete = not message.get("more_body", False)
        await checkpoint()  # a `receive` that always has an answer must not starve others


class _Lent(FileSource):
    """An open file as the middleware's source, which closes its own descriptor of it.

    Fields that the app has not given are not added: they have been removed from the response.
    """

    def __init__(self, file: FileSource) -> None:
        super().__init__(file.path)
        self.adopt(os.dup(file._fd))
        self.size = file.size  # it may have grown since
        self.last_modified = None

    read_at_once = FileSource.read_at_once  # it reads as a FileSource does

    @property
    def sendable_path(self) -> str | None:
        """The path: the file has just been opened by it."""
        return self.path

    async def aclose(self) -> None:
        """Close the descriptor."""
        self.close()


def _true_fields(
    headers: Iterable[Field], status: os.stat_result, given: frozenset[bytes]
) -> list[Field]:
    """The fields of a response with `headers`, true to an open file with this status.

    `given`: the validators that the app chose itself. They are kept while the size is the one
    that the app has seen.
    """
    size = status.st_size
    fields = [(bytes(name).lower(), bytes(value)) for name, value in headers]
    seen = dict(fields).get(_LENGTH)
    kept = given if seen == b"%d" % size else frozenset[bytes]()
    has_time = status.st_mtime > MEANINGLESS_SECONDS
    true = [(_LENGTH, b"%d" % size)]
    for name, value in fields:
        if name in kept or name not in _REPLACED:
            true.append((name, value))
        elif name == _ETAG and has_time:
            true.append((name, _etag_of(status)))
        elif name == _LAST_MODIFIED and has_time:
            true.append((name, _last_modified_of(status)))
    return true


def _etag_of(status: os.stat_result) -> bytes:
    """The ETag that Starlette makes of a file's status."""
    text = f"{status.st_mtime}-{status.st_size}"
    return b'"%s"' % md5(text.encode(), usedforsecurity=False).hexdigest().encode()


def _last_modified_of(status: os.stat_result) -> bytes:
    """The Last-Modified that Starlette makes of a file's status."""
    return format_http_date(status.st_mtime).encode()


def _validators_given(response: Any) -> frozenset[bytes]:
    """The validators of a `FileResponse` that are not made by Starlette.

    They are judged at its first call, because Starlette adds its own then.
    """
    given: frozenset[bytes] | None = response.__dict__.get(_GIVEN)
    if given is None:
        status = response.stat_result
        made: dict[bytes, bytes] = {}
        if status is not None:
            made = {_ETAG: _etag_of(status), _LAST_MODIFIED: _last_modified_of(status)}
        given = response.__dict__[_GIVEN] = frozenset(
            name
            for name, value in response.raw_headers
            if name in (_ETAG, _LAST_MODIFIED) and value != made.get(name)
        )
    return given


def attach() -> None:
    """Put an `Innermost` around each `FileResponse` of Starlette, if Starlette is imported.

    It acts only in a request that has a `Handover`. A second call does nothing.
    """
    module = sys.modules.get("starlette.responses")
    response: Any = getattr(module, "FileResponse", None)
    if response is None or hasattr(response.__call__, _MARK):
        return
    original = response.__call__

    @wraps(original)
    async def call(self: Any, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = partial(original, self)
        try:
            path: str | None = os.fsdecode(self.path)
        except TypeError:  # Starlette takes a descriptor, too
            path = None
        if path is not None and _sends_the_file(self.__class__, response):
            app = Innermost(app, path, _validators_given(self))
        await app(scope, receive, send)

    setattr(call, _MARK, True)
    response.__call__ = call


def _sends_the_file(cls: type, response: type) -> bool:
    """Whether a class of `FileResponse` reads and sends the file by Starlette's own methods."""
    return cls is response or all(
        getattr(cls, name) is method
        for name, method in vars(response).items()
        if name.startswith("_") and not name.startswith("__") and inspect.isfunction(method)
    )
