"""`python -m benchmarks.compare`: what one gains over what one has, as the README's table.

Each app is asked bare and with rangeserve, over HTTP by a real server on loopback. What a request
costs is what the process has read from files meanwhile (`rchar` of Linux), or what its generator
has made. It needs the dependency group `frameworks`, and nginx.
"""

from __future__ import annotations

import asyncio
import http.client
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import FileResponse as DjangoFile
from django.urls import path as route
from flask import Flask, Response, request, send_file
from quart import Quart
from quart import send_file as quart_send_file
from starlette.applications import Starlette
from starlette.responses import FileResponse, StreamingResponse
from starlette.responses import Response as StarletteResponse
from starlette.routing import Route

from rangeserve import RangeMiddleware, hand_over
from rangeserve.integrations.quart import RangeServe
from rangeserve.sources import CallableSource

from .servers import HOST, free_port

SIZE = 8 * 1024 * 1024
TAIL = 1000
_SECONDS = 30.0
_TAG = '"1"'
_NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log stderr error;
events {{ worker_connections 64; }}
http {{
    access_log off; proxy_force_ranges on;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{behind}; }} }}
}}
"""

made = 0
"""The bytes that the generators here have made."""


@dataclass(frozen=True)
class Contender:
    """What somebody has, and the same with rangeserve."""

    name: str
    bare: Any
    ranged: Any
    behind_nginx: bool = False


@dataclass(frozen=True)
class Found:
    """What was found of one app; `cost` in bytes, the others as they stand in the table."""

    cost: int
    seeks: str
    suffix: str
    two: str
    resumes: str
    unchanged: str


def contenders(film: Path) -> list[Contender]:
    """The six apps; each sends `film`, or as many bytes that are made."""
    return [
        _starlette(film),
        _quart(film),
        _django(film),
        _flask(film),
        Contender("a `StreamingResponse`", _streaming(), RangeMiddleware(_from_source())),
        Contender(
            "nginx (`proxy_force_ranges`) before that",
            _streaming(),
            RangeMiddleware(_from_source()),
            behind_nginx=True,
        ),
    ]


def _starlette(film: Path) -> Contender:
    def app() -> Starlette:
        return Starlette(routes=[Route("/", lambda request: FileResponse(film))])

    return Contender("Starlette's `FileResponse`", app(), RangeMiddleware(app()))


def _quart(film: Path) -> Contender:
    bare, ranged = Quart("bare"), Quart("ranged")
    RangeServe(ranged)

    @bare.get("/")
    async def conditional() -> Any:
        return await quart_send_file(film, conditional=True)  # calls make_conditional

    @ranged.get("/")
    async def plain() -> Any:
        return await quart_send_file(film)

    return Contender("Quart's `make_conditional`", bare, ranged)


def _django(film: Path) -> Contender:
    settings.configure(
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="of the comparison",
        MIDDLEWARE=["rangeserve.integrations.django.FileHandOver"],
    )
    import django

    django.setup()
    globals()["urlpatterns"] = [route("", lambda request: DjangoFile(film.open("rb")))]
    app = get_asgi_application()
    return Contender("Django's `FileResponse`", app, RangeMiddleware(app))


def _flask(film: Path) -> Contender:
    bare, ranged = Flask("bare"), Flask("ranged")

    @bare.get("/")
    def conditional() -> Any:
        return send_file(film)

    @ranged.get("/")
    def handed_over() -> Any:
        hand_over(request.environ["asgi.scope"], film)
        return Response(mimetype="video/mp4")

    behind = RangeMiddleware(WSGIMiddleware(ranged))
    return Contender("Flask's `send_file` in a2wsgi", WSGIMiddleware(bare), behind)


def _streaming() -> Starlette:
    async def view(request: Any) -> Any:
        fields = {"Content-Length": str(SIZE), "ETag": _TAG}
        return StreamingResponse(_generate(0, SIZE), headers=fields)

    return Starlette(routes=[Route("/", view)])


def _from_source() -> Starlette:
    async def view(request: Any) -> Any:
        hand_over(request.scope, CallableSource(_generate, SIZE, etag=_TAG))
        return StarletteResponse()

    return Starlette(routes=[Route("/", view)])


async def _generate(start: int, stop: int) -> AsyncIterator[bytes]:
    global made
    for position in range(start, stop, 64 * 1024):
        chunk = bytes(min(64 * 1024, stop - position))
        made += len(chunk)
        yield chunk


def measure(app: Any, *, behind_nginx: bool) -> Found:
    """Ask `app` everything; behind nginx the app is asked by nginx."""
    with ExitStack() as stack:
        port = stack.enter_context(_serving(app))
        if behind_nginx:
            port = stack.enter_context(_nginx_before(port))
        return _ask_all(port)


def _ask_all(port: int) -> Found:
    status, fields, _ = _ask(port)  # also: what is imported late is not counted below
    tag = fields.get("etag")
    looking = -(_read_so_far() - _read_so_far())  # what it costs to find out
    before = _read_so_far()
    status, _, body = _ask(port, Range=f"bytes={SIZE - TAIL}-")
    cost = _read_so_far() - before - looking
    assert len(body) == (TAIL if status == 206 else SIZE), (status, len(body))
    part = {"Range": "bytes=0-1"}
    seeks = _ask(port, **part)[0] == 206
    suffix = str(_ask(port, Range=f"bytes=-{TAIL}")[0])
    two = _ask(port, Range="bytes=0-9,1000-1009")
    has_two = two[0] == 206 and two[1]["content-type"].startswith("multipart/byteranges")
    stale = _ask(port, **part, **{"If-Range": '"another"'})[0]
    good = _ask(port, **part, **{"If-Range": tag})[0] if tag else 200
    resumes = "joins two versions" if stale == 206 else "yes" if good == 206 else "no"
    unchanged = _ask(port, **{"If-None-Match": tag})[0] == 304 if tag else False
    yes = {True: "yes", False: "no"}
    return Found(cost, yes[seeks], suffix, yes[has_two], resumes, yes[unchanged])


def _ask(port: int, **fields: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(HOST, port, timeout=_SECONDS)
    try:
        connection.request("GET", "/", headers={**fields, "Connection": "close"})
        response = connection.getresponse()
        answered = {name.lower(): value for name, value in response.getheaders()}
        return response.status, answered, response.read()
    finally:
        connection.close()


def _read_so_far() -> int:
    """The bytes that this process has read from files, and that its generators have made."""
    time.sleep(0.2)  # an app whose client has left may still read on for a moment
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    (rchar,) = (int(line.split()[1]) for line in lines if line.startswith("rchar:"))
    return rchar + made


@contextmanager
def _serving(app: Any) -> Iterator[int]:
    """The port at which uvicorn serves `app`, in a thread of this process."""
    config = uvicorn.Config(app, host=HOST, port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    _until(lambda: server.started)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(_SECONDS)


@contextmanager
def _nginx_before(behind: int) -> Iterator[int]:
    """The port at which an nginx passes requests on to the port `behind`."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        raise SystemExit("nginx is not installed")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "nginx.conf")
        config.write_text(_NGINX.format(folder=folder, port=port, behind=behind), encoding="utf-8")
        nginx = subprocess.Popen([program, "-p", folder, "-c", str(config)])
        try:
            _until(lambda: _answers(port))
            yield port
        finally:
            nginx.terminate()
            nginx.wait(_SECONDS)


def _answers(port: int) -> bool:
    try:
        _ask(port)
    except OSError:
        return False
    return True


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the server did not start")
        time.sleep(0.01)


def table() -> str:
    """The comparison as a table in Markdown: of each cell what was, and what it becomes."""
    lines = [
        "| you have | the last 1,000 bytes of 8 MiB cost | Safari seeks | `bytes=-1000` "
        "| two ranges | `If-Range` resumes | 304 |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder, "film.mp4")
        film.write_bytes(bytes(place % 251 for place in range(1024)) * (SIZE // 1024))
        for each in contenders(film):
            bare = measure(each.bare, behind_nginx=each.behind_nginx)
            ranged = measure(each.ranged, behind_nginx=each.behind_nginx)
            cells = [
                _cell(f"{bare.cost:,} bytes", f"{ranged.cost:,}"),
                _cell(bare.seeks, ranged.seeks),
                _cell(bare.suffix, ranged.suffix),
                _cell(bare.two, ranged.two),
                _cell(bare.resumes, ranged.resumes),
                _cell(bare.unchanged, ranged.unchanged),
            ]
            lines.append(f"| {each.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(bare: str, ranged: str) -> str:
    return bare if bare == ranged else f"{bare} → **{ranged}**"


if __name__ == "__main__":
    print(table())
