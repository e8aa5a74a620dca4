"""A small in-process WSGI server: `ask` runs one request and is as strict as PEP 3333."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO, StringIO
from typing import Any

Headers = Iterable[tuple[str, str]]
Environ = dict[str, Any]


@dataclass
class Reply:
    """What a server would have put on the wire, and what was raised to it."""

    line: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    raised: Exception | None = None
    given: Any = None
    """What the app has returned."""

    @property
    def status(self) -> int:
        return int(self.line[:3])

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    def get(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key.lower() == name]
        assert len(values) < 2, f"{name} came {len(values)} times"
        return values[0] if values else None

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        assert value is not None, name
        return value

    @property
    def looks_complete(self) -> bool:
        """Whether a client would take this for a complete response."""
        return self.raised is None and len(self.body) == int(self.get("content-length") or 0)


def environ_of(method: str = "GET", headers: Headers = (), path: str = "/", **more: Any) -> Environ:
    """The environ of a request; `more` is added as it is."""
    environ: Environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers:
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    return environ | more


def ask(
    app: Any,
    method: str = "GET",
    headers: Headers = (),
    *,
    take: int | None = None,
    environ: Environ | None = None,
    **more: Any,
) -> Reply:
    """The reply of `app`; with `take` the client leaves when it has that number of chunks."""
    reply = Reply()
    asked = environ if environ is not None else environ_of(method, headers, **more)

    def start_response(line: str, fields: Any, exc_info: Any = None) -> Callable[[bytes], None]:
        if exc_info and reply.chunks:
            raise exc_info[1].with_traceback(exc_info[2])
        assert not reply.line or exc_info, "a second start"
        assert type(fields) is list
        reply.line, reply.headers = line, fields
        return reply.chunks.append

    try:
        reply.given = app(asked, start_response)
        try:
            for chunk in taken(reply.given, take):
                assert reply.line, "a chunk came before the start"
                assert type(chunk) is bytes
                if chunk:
                    reply.chunks.append(chunk)
        finally:
            close = getattr(reply.given, "close", None)
            if close is not None:
                close()
    except Exception as error:
        reply.raised = error
    return reply


def taken(chunks: Iterable[bytes], count: int | None) -> Iterator[bytes]:
    """The first `count` chunks with bytes, and nothing is asked for beyond them."""
    for chunk in chunks:
        yield chunk
        if chunk and count is not None:
            count -= 1
            if not count:
                return


class Body:
    """A stream of `chunks` that counts what it has given and how often it was closed."""

    def __init__(self, *chunks: bytes | Exception) -> None:
        self._chunks = iter(chunks)
        self.given = 0
        self.closed = 0

    def __iter__(self) -> Body:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        if isinstance(chunk, Exception):
            raise chunk
        self.given += 1
        return chunk

    def close(self) -> None:
        self.closed += 1


def gives(body: Any, status: str = "200 OK", *headers: tuple[str, str]) -> Any:
    """An app that starts with `status` and gives `body`."""

    def app(environ: Environ, start_response: Any) -> Any:
        start_response(status, [("Content-Type", "text/plain"), *headers])
        return body

    return app
