"""`_asgi/innermost.py` and `integrations/starlette.py`: the files of Starlette and FastAPI."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from support.descriptors import nothing_left_open
from support.driver import Answer, ask
from support.servers import serving

from rangeserve import RangeMiddleware, ResponseFinished, ResponseStarted, hand_over
from rangeserve._asgi.innermost import Innermost
from rangeserve.handover import EXTENSION, Handover
from rangeserve.integrations.starlette import RangeServe

BODY = bytes(97 + i % 26 for i in range(300_000))
SMALL = BODY[:1000]
GIB = 1024 * 1024 * 1024
MIB = 1024 * 1024
PATHS = ["/file", "/static/letters.txt", "/sub/letters.txt"]
TESTS = Path(__file__).parent.parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "letters.txt").write_bytes(BODY)
    (tmp_path / "small.txt").write_bytes(SMALL)
    (tmp_path / "empty.txt").write_bytes(b"")
    return tmp_path


# Layers as they are published: what each does to a response.


async def reads_the_body(request: Request, call_next: Any) -> Response:
    """The usual recipe of an audit log."""
    response = await call_next(request)
    body = b"".join([chunk async for chunk in response.body_iterator])
    return Response(body, response.status_code, dict(response.headers))


async def adds_a_field(request: Request, call_next: Any) -> Response:
    response: Response = await call_next(request)
    response.headers["x-seen"] = request.scope["path"]
    return response


def layer(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Any:
    """A pure-ASGI middleware that holds the start until a body comes, and sends `change` of it."""

    class Layer:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            held: list[dict[str, Any]] = []

            async def send_changed(message: dict[str, Any]) -> None:
                held.append(message)
                if message["type"] != "http.response.start":
                    assert message["type"] == "http.response.body"
                    for each in change(held):
                        await send(each)
                    held.clear()

            await self.app(scope, receive, send_changed)

    return Layer


def unchanged(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return messages


def appended(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ten bytes more at the end, and a Content-Length for them."""
    changed = []
    for message in messages:
        if message["type"] == "http.response.start":
            fields = [
                (name, b"%d" % (int(value) + 10) if name == b"content-length" else value)
                for name, value in message["headers"]
                if name != b"etag"
            ]
            changed.append({**message, "headers": fields})
        elif not message.get("more_body", False):
            changed.append({**message, "body": message.get("body", b"") + b"0123456789"})
        else:
            changed.append(message)
    return changed


LAYERS = {
    "none": [],
    "gzip": [Middleware(GZipMiddleware)],
    "body_iterator": [Middleware(BaseHTTPMiddleware, dispatch=reads_the_body)],
    "function": [Middleware(BaseHTTPMiddleware, dispatch=adds_a_field)],
    "holds the start": [Middleware(layer(unchanged))],
    "holds the start, twice": [
        Middleware(BaseHTTPMiddleware, dispatch=adds_a_field),
        Middleware(layer(unchanged)),
    ],
}


def make(folder: Path, middleware: list[Middleware], *, wrapped: bool = True) -> Starlette:
    """An app whose layers lie round it, or round what is mounted in it, or round one route."""

    async def file(request: Request) -> Response:
        return FileResponse(folder / "letters.txt")

    static = StaticFiles(directory=folder)
    sub = Starlette(routes=[Mount("/", static)], middleware=middleware)
    app = Starlette(
        routes=[
            Route("/file", file, middleware=middleware),
            Mount("/static", static, middleware=middleware),
            Mount("/sub", sub),
        ],
        middleware=middleware[:1],
    )
    if wrapped:
        RangeServe(app)
    return app


def file_app(make_response: Callable[[], Response]) -> Starlette:
    async def endpoint(request: Request) -> Response:
        return make_response()

    app = Starlette(routes=[Route("/", endpoint)])
    app.add_middleware(RangeMiddleware)
    return app


async def ranged(app: Any, path: str = "/", *fields: tuple[str, str], asked: str) -> Answer:
    return await ask(app, path=path, headers=[("Range", asked), *fields])


# Starlette's BaseHTTPMiddleware abandons a generator, and trio on Python 3.10 says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.anyio
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", LAYERS)
class TestLayers:
    """What lies between the middleware and the response works as it does without us."""

    async def test_ranges(self, folder: Path, name: str, path: str) -> None:
        app = make(folder, LAYERS[name])
        with nothing_left_open(folder):
            for asked, expected in (
                ("bytes=150000-150099", BODY[150000:150100]),
                ("bytes=0-9", BODY[:10]),
                ("bytes=-7", BODY[-7:]),
                ("bytes=299999-", BODY[-1:]),
            ):
                answer = await ranged(app, path, ("Accept-Encoding", "identity"), asked=asked)
                assert (answer.status, answer.body) == (206, expected)
                assert answer.complete
            assert (await ranged(app, path, asked="bytes=300000-")).status == 416

    async def test_a_range_where_the_server_offers_pathsend(
        self, folder: Path, name: str, path: str
    ) -> None:
        """To a Range, Starlette never sends a path: a layer need not know that message."""
        extensions: dict[str, Any] = {"http.response.pathsend": {}}
        headers = [("Range", "bytes=10-19")]
        app = make(folder, LAYERS[name])
        answer = await ask(app, path=path, headers=headers, extensions=extensions)
        assert (answer.status, answer.body, answer.complete) == (206, BODY[10:20], True)

    async def test_the_whole_is_that_of_the_bare_app(
        self, folder: Path, name: str, path: str
    ) -> None:
        for fields in ([], [("Accept-Encoding", "gzip")]):
            with nothing_left_open(folder):
                answer = await ask(make(folder, LAYERS[name]), path=path, headers=fields)
            bare = await ask(make(folder, LAYERS[name], wrapped=False), path=path, headers=fields)
            assert answer.complete
            assert answer.status == bare.status == 200
            assert answer.get("content-encoding") == bare.get("content-encoding")
            assert _decoded(answer) == _decoded(bare) == BODY

    async def test_head(self, folder: Path, name: str, path: str) -> None:
        answer = await ask(make(folder, LAYERS[name]), "HEAD", path)
        assert (answer.status, answer.body) == (200, b"")

    async def test_validators(self, folder: Path, name: str, path: str) -> None:
        app = make(folder, LAYERS[name])
        etag = (await ask(app, path=path))["etag"]
        assert (await ask(app, path=path, headers=[("If-None-Match", etag)])).status == 304
        same = await ranged(app, path, ("If-Range", etag), asked="bytes=5-9")
        assert (same.status, same.body) == (206, BODY[5:10])
        other = await ranged(app, path, ("If-Range", '"other"'), asked="bytes=5-9")
        assert (other.status, other.body) == (200, BODY)


def _decoded(answer: Answer) -> bytes:
    return gzip.decompress(answer.body) if answer.get("content-encoding") else answer.body


@pytest.mark.anyio
class TestChangedBodies:
    async def test_a_body_that_a_layer_makes_longer_is_the_one_that_is_sliced(
        self, folder: Path
    ) -> None:
        app = make(folder, [Middleware(layer(appended))])
        with nothing_left_open(folder):
            answer = await ranged(app, "/file", asked="bytes=-12")
        assert (answer.status, answer.body) == (206, b"890123456789")
        assert answer["content-range"].endswith("/300020")  # by two layers

    @pytest.mark.parametrize("holds", [False, True])
    async def test_a_body_that_a_layer_changes_without_its_length(
        self, folder: Path, holds: bool
    ) -> None:
        def upper(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [{**each, "body": each["body"].upper()} if "body" in each else each
                    for each in messages]  # fmt: skip

        class Passing:
            def __init__(self, app: Any) -> None:
                self.app = app

            async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
                async def send_upper(message: dict[str, Any]) -> None:
                    await send(upper([message])[0])

                await self.app(scope, receive, send_upper)

        app = make(folder, [Middleware(layer(upper) if holds else Passing)])
        for path in PATHS:
            with nothing_left_open(folder):
                answer = await ranged(app, path, asked="bytes=100000-100009")
            assert (answer.status, answer.body) == (206, BODY[100000:100010].upper())
            assert (await ask(app, path=path)).body == BODY.upper()

    async def test_an_error_page_outside_of_the_response_is_sent_as_messages(
        self, folder: Path
    ) -> None:
        """A function that answers with another file, after the response has begun."""

        async def fallback(request: Request, call_next: Any) -> Response:
            await call_next(request)
            return FileResponse(folder / "letters.txt", status_code=404)

        app = make(
            folder,
            [Middleware(layer(unchanged)), Middleware(BaseHTTPMiddleware, dispatch=fallback)],
        )
        answer = await ranged(app, "/sub/none", asked="bytes=0-1")
        assert (answer.status, answer.body) == (404, BODY)


@pytest.mark.anyio
class TestFiles:
    async def test_a_large_file_is_seeked(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with (tmp_path / "large.bin").open("wb") as file:
            file.truncate(GIB)
        read = 0
        for name in ("pread", "preadv"):
            real = getattr(os, name)

            def counting(fd: int, *args: Any, real: Any = real) -> Any:
                nonlocal read
                result = real(fd, *args)
                read += result if isinstance(result, int) else len(result)
                return result

            monkeypatch.setattr(os, name, counting)
        for middleware in (LAYERS["none"], LAYERS["function"], LAYERS["holds the start, twice"]):
            read = 0
            app = Starlette(
                routes=[Mount("/", StaticFiles(directory=tmp_path))], middleware=middleware
            )
            app.add_middleware(RangeMiddleware)
            answer = await ranged(app, "/large.bin", asked="bytes=-100")
            assert (answer.status, answer.body) == (206, bytes(100))
            assert 0 < read < MIB

    async def test_the_background_task_runs(self, folder: Path) -> None:
        done: list[int] = []
        app = file_app(
            lambda: FileResponse(folder / "letters.txt", background=BackgroundTask(done.append, 1))
        )
        await ranged(app, asked="bytes=5-9")
        await ask(app)
        await ask(app, "HEAD")
        assert done == [1, 1, 1]

    @pytest.mark.parametrize("size", [0, 1, 65_536, 65_537])
    async def test_sizes(self, tmp_path: Path, size: int) -> None:
        path = tmp_path / "file"
        path.write_bytes(BODY[:size])
        app = file_app(lambda: FileResponse(path))
        with nothing_left_open(tmp_path):
            answer = await ask(app)
            assert (answer.status, answer.body, answer.complete) == (200, BODY[:size], True)
            assert answer["content-length"] == str(size)
            part = await ranged(app, asked="bytes=-1")
            assert part.status == (206 if size else 200)
            assert part.body == BODY[:size][-1:]

    async def test_a_client_that_leaves(self, folder: Path) -> None:
        app = make(folder, LAYERS["gzip"])
        for fields in ([], [("Accept-Encoding", "gzip")]):
            with nothing_left_open(folder):
                answer = await ask(app, path="/file", headers=fields, leave_after=1)
            assert answer.status == 200

    async def test_what_is_handed_over_already_stays(self, folder: Path) -> None:
        async def endpoint(request: Request) -> Response:
            hand_over(request.scope, folder / "small.txt")
            return FileResponse(folder / "empty.txt")

        app = Starlette(routes=[Route("/", endpoint)])
        app.add_middleware(RangeMiddleware)
        with nothing_left_open(folder):
            answer = await ranged(app, asked="bytes=1-3")
        assert (answer.status, answer.body) == (206, SMALL[1:4])

    async def test_a_path_that_is_no_text(self, folder: Path) -> None:
        with os.scandir(folder) as entries:
            (entry,) = [each for each in entries if each.name == "letters.txt"]
        answer = await ranged(file_app(lambda: FileResponse(entry)), asked="bytes=1-3")
        assert (answer.status, answer.body) == (206, BODY[1:4])

    async def test_a_class_that_sends_by_itself_is_left_alone(self, folder: Path) -> None:
        class Upper(FileResponse):
            async def _handle_simple(self, send: Any, *_: Any) -> None:
                start = {"status": 200, "headers": self.raw_headers}
                await send({"type": "http.response.start", **start})
                await send({"type": "http.response.body", "body": BODY.upper()})

        app = file_app(lambda: Upper(folder / "letters.txt"))
        answer = await ranged(app, asked="bytes=1-3")
        assert (answer.status, answer.body) == (206, BODY[1:4].upper())

    async def test_a_missing_file_is_starlettes_error(self, folder: Path) -> None:
        app = file_app(lambda: FileResponse(folder / "none"))
        with pytest.raises(RuntimeError, match="does not exist"):
            await ranged(app, asked="bytes=0-1")

    async def test_a_file_that_vanishes_is_an_error(self, folder: Path) -> None:
        status = os.stat(folder / "letters.txt")
        app = file_app(lambda: FileResponse(folder / "none", stat_result=status))
        with pytest.raises(FileNotFoundError):
            await ranged(app, asked="bytes=0-1")


@pytest.mark.anyio
class TestChangingFiles:
    @pytest.mark.parametrize("size", [100, 200_000])
    async def test_a_growing_file(self, tmp_path: Path, size: int) -> None:
        """It grows between the status that Starlette has seen and the opening."""
        path = tmp_path / "log"
        path.write_bytes(BODY[:size])

        class Growing(FileResponse):
            def set_stat_headers(self, stat_result: os.stat_result) -> None:
                super().set_stat_headers(stat_result)
                with path.open("ab") as file:
                    file.write(BODY[path.stat().st_size :][:10])

        app = file_app(lambda: Growing(path))
        for turn in range(60):
            answer = await ranged(app, asked="bytes=-5")
            now = size + 10 * (turn + 1)
            assert (answer.status, answer.body) == (206, BODY[now - 5 : now])
            assert answer["content-range"] == f"bytes {now - 5}-{now - 1}/{now}"
            whole = None if turn % 20 else await ask(file_app(lambda: FileResponse(path)))
            assert whole is None or whole.body == BODY[:now]

    async def test_a_replaced_file_has_its_own_tag(self, folder: Path) -> None:
        """Another file of the same size comes between Starlette's look and the opening."""
        path, other = folder / "letters.txt", folder / "other"
        old = (await ask(file_app(lambda: FileResponse(path))))["etag"]

        class Replaced(FileResponse):
            def set_stat_headers(self, stat_result: os.stat_result) -> None:
                super().set_stat_headers(stat_result)
                other.write_bytes(BODY.upper())
                os.utime(other, (1_000_000_000, 1_000_000_000))
                os.replace(other, path)

        answer = await ranged(file_app(lambda: Replaced(path)), asked="bytes=0-9")
        assert (answer.status, answer.body) == (206, BODY[:10].upper())
        assert answer["etag"] != old
        assert answer["last-modified"] == "Sun, 09 Sep 2001 01:46:40 GMT"
        # The tag is the one that Starlette itself gives the new file from now on.
        assert answer["etag"] == (await ask(file_app(lambda: FileResponse(path)), "HEAD"))["etag"]

    async def test_a_status_that_is_out_of_date(self, folder: Path) -> None:
        path = folder / "letters.txt"
        status = os.stat(path)
        app = file_app(lambda: FileResponse(path, stat_result=status))
        old = (await ask(app))["etag"]
        with path.open("ab") as file:
            file.write(b"0123456789")
        answer = await ranged(app, asked="bytes=-10")
        assert (answer.status, answer.body) == (206, b"0123456789")
        assert answer["etag"] != old
        stale = await ranged(app, "/", ("If-Range", old), asked="bytes=-10")
        assert (stale.status, len(stale.body)) == (200, 300_010)

    async def test_validators_of_the_apps_own_are_kept(self, folder: Path) -> None:
        own = {"etag": '"' + "0" * 32 + '"', "last-modified": "Sun, 09 Sep 2001 01:46:40 GMT"}
        path = folder / "letters.txt"
        status = os.stat(path)
        for given in (None, status):
            app = file_app(lambda given=given: FileResponse(path, headers=own, stat_result=given))
            answer = await ranged(app, asked="bytes=0-1")
            assert {name: answer[name] for name in own} == own

    async def test_a_response_that_is_called_twice_has_no_old_tag(self, folder: Path) -> None:
        path = folder / "letters.txt"
        response = FileResponse(path)
        app = file_app(lambda: response)
        old = (await ranged(app, asked="bytes=0-1"))["etag"]
        path.write_bytes(BODY[::-1])
        os.utime(path, (1_000_000_000, 1_000_000_000))
        answer = await ranged(app, asked="bytes=0-1")
        assert answer.body == BODY[:-3:-1]
        assert answer["etag"] != old

    async def test_a_time_without_a_meaning_makes_no_validator(self, folder: Path) -> None:
        os.utime(folder / "letters.txt", (1, 1))
        app = make(folder, [])
        part = await ranged(app, "/static/letters.txt", asked="bytes=0-1")
        head = await ask(app, method="HEAD", path="/static/letters.txt")
        assert (part.status, head.status) == (206, 200)
        for answer in (part, head):
            assert answer.get("etag") is answer.get("last-modified") is None

    async def test_a_head_says_what_a_get_says(self, folder: Path) -> None:
        path = folder / "letters.txt"
        status = path.stat()
        path.write_bytes(SMALL)
        app = file_app(lambda: FileResponse(path, stat_result=status))
        whole, head = await ask(app), await ask(app, method="HEAD")
        assert whole["content-length"] == head["content-length"] == str(len(SMALL))
        assert whole["etag"] == head["etag"]
        path.unlink()
        gone = await ask(app, method="HEAD")
        assert (gone.status, gone.body, gone["content-length"]) == (200, b"", str(len(BODY)))


class Chattering:
    """A `receive` as simple tests have it: it always has an answer, and never waits."""

    def __init__(self, answers: int) -> None:
        self.answers = answers

    async def __call__(self) -> dict[str, Any]:
        self.answers -= 1
        if self.answers < 0:
            raise RuntimeError("no more")
        return {"type": "http.request", "body": b"", "more_body": False}


@pytest.mark.anyio
@pytest.mark.parametrize("answers", [pytest.param(1, id="raises"), pytest.param(99, id="repeats")])
async def test_a_receive_that_never_waits_stops_nothing(folder: Path, answers: int) -> None:
    handover, messages = Handover(), []
    scope = {"type": "http", "extensions": {EXTENSION: handover}}

    async def by_path(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.pathsend", "path": ""})

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    innermost = Innermost(by_path, str(folder / "letters.txt"), frozenset())
    await innermost(scope, Chattering(answers), send)
    assert b"".join(message.get("body", b"") for message in messages) == BODY


@pytest.mark.anyio
class TestApplying:
    async def test_twice_is_once(self, folder: Path) -> None:
        events: list[object] = []
        app = make(folder, [], wrapped=False)
        RangeServe(app, observer=events.append)
        RangeServe(app, observer=events.append)
        await ranged(app, "/file", asked="bytes=0-1")
        assert [type(event) for event in events] == [ResponseStarted, ResponseFinished]

    async def test_what_is_skipped_is_starlettes_alone(self, folder: Path) -> None:
        app = make(folder, [], wrapped=False)
        RangeServe(app, skip=lambda scope: True)
        bare = await ranged(make(folder, [], wrapped=False), "/file", asked="bytes=0-1")
        assert (await ranged(app, "/file", asked="bytes=0-1")).headers == bare.headers

    async def test_a_server_that_offers_pathsend_gets_it(self, folder: Path) -> None:
        extensions: dict[str, Any] = {"http.response.pathsend": {}}
        answer = await ask(make(folder, []), path="/file", extensions=extensions)
        assert answer.messages[-1]["type"] == "http.response.pathsend"


def served() -> Starlette:
    """For the test below: the app of a real server."""
    return make(Path(os.environ["RANGESERVE_TEST_FOLDER"]), LAYERS["holds the start, twice"])


def test_a_real_server(folder: Path) -> None:
    env = {"RANGESERVE_TEST_FOLDER": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    app = "integrations.test_starlette:served"
    with serving("uvicorn-h11", app, cwd=TESTS, env=env, extra=["--factory"]) as server:
        with httpx.Client(base_url=server.url) as client:
            for path in PATHS:
                for start in (0, 1, 299_990):
                    answer = client.get(path, headers={"Range": f"bytes={start}-{start + 9}"})
                    assert (answer.status_code, answer.content) == (206, BODY[start : start + 10])
                assert client.get(path).content == BODY
        assert server.log == ""
