"""An ASGI app is asked in process: what it reads is seen, and whether it stops."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from quart import Quart, send_file
from starlette.applications import Starlette
from starlette.responses import FileResponse, StreamingResponse
from starlette.routing import Route
from support.content import numbered

from rangeserve import RangeMiddleware, serve
from rangeserve.check import (
    CouldNotAsk,
    Fate,
    NotJudged,
    assert_serves_ranges,
    check,
    check_async,
)
from rangeserve.check.in_process import bytes_read
from rangeserve.directory import DirectoryApp
from rangeserve.integrations.quart import RangeServe
from rangeserve.sources import BytesSource

SIZE = 40_000_000
needs_counting = pytest.mark.skipif(bytes_read() is None, reason="no /proc/self/io here")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    (folder / "film.bin").write_bytes(numbered(300_000))
    with (folder / "large.bin").open("wb") as file:
        file.truncate(SIZE)  # a hole: it is read, but takes no room
    return folder


def quart_app(path: Path) -> Quart:
    app = Quart("films")
    RangeServe(app)

    @app.get("/film.bin")
    async def film() -> Any:
        return await send_file(path)

    return app


def starlette_app(path: Path) -> Any:
    async def film(request: Any) -> Any:
        return FileResponse(path)

    app = Starlette(routes=[Route("/film.bin", film)])
    app.add_middleware(RangeMiddleware)
    return app


APPS: dict[str, Callable[[Path], Any]] = {
    "DirectoryApp": lambda path: DirectoryApp(path.parent),
    "serve, a path": serve,
    "serve, bytes": lambda path: serve(BytesSource(path.read_bytes(), etag='"1"')),
    "Quart": quart_app,
    "Starlette": starlette_app,
}


@pytest.mark.parametrize("name", APPS)
def test_our_own_apps_are_green(name: str, folder: Path) -> None:
    report = check(APPS[name](folder / "film.bin"), "/film.bin")
    # A Range in another unit is the app's, and Starlette's own answer to it is a 400.
    expected = {"R12"} if name == "Starlette" else set()
    assert {code: report.came(code) for code in report.failed}.keys() == expected
    assert {each.fate for each in report.clients} == {Fate.WORKS}
    assert report.target == "/film.bin"


@pytest.mark.anyio
async def test_in_a_loop_that_runs_already(folder: Path) -> None:
    """On asyncio and on trio."""
    report = await check_async(DirectoryApp(folder), "/film.bin?a=secret-of-mine")
    assert report.failed == ()
    assert report.target == "/film.bin?a=***"


@needs_counting
def test_a_large_file_of_which_little_is_read(folder: Path) -> None:
    report = check(DirectoryApp(folder), "/large.bin")
    assert report.failed == ()
    judged = {each.check.code for each in report.findings if not isinstance(
        each.judgement, NotJudged)}  # fmt: skip
    assert {"T05", "T06"} <= judged


def skipping(path: Path) -> Any:
    """An app that reads up to the range and discards what it does not send."""

    async def chunks() -> Any:
        # Starlette does not close a generator that it leaves, so no file is open at a `yield`.
        for start in range(0, SIZE, 65536):
            with path.open("rb", buffering=0) as file:
                file.seek(start)
                block = file.read(65536)
            yield block

    async def film(request: Any) -> Any:
        return StreamingResponse(chunks(), headers={"Content-Length": str(SIZE), "ETag": '"1"'})

    return RangeMiddleware(Starlette(routes=[Route("/", film)]))


@needs_counting
def test_an_app_that_reads_what_it_does_not_send_is_found_out(folder: Path) -> None:
    report = check(skipping(folder / "large.bin"))
    assert report.failed == ("T05",)
    came = report.came("T05")
    assert came is not None
    assert came.came.endswith(" bytes are read for 1,000")
    assert int(came.came.split()[0].replace(",", "")) >= SIZE * 0.9


def test_the_producer_may_be_counted_by_its_user() -> None:
    """A generator reads no file: its author says how far it has come."""
    made = 0

    async def chunks() -> Any:
        nonlocal made
        for _ in range(600):
            made += 10_000
            yield bytes(10_000)

    async def film(request: Any) -> Any:
        return StreamingResponse(chunks(), headers={"Content-Length": "6000000", "ETag": '"1"'})

    app = RangeMiddleware(Starlette(routes=[Route("/", film)]))
    report = check(app, read_so_far=lambda: made)
    assert report.failed == ("T05",)
    blind = check(app, read_so_far=lambda: None)
    assert blind.failed == ()


async def deaf(scope: Any, receive: Any, send: Any) -> None:
    """Sends all of it, whoever listens."""
    fields = [(b"content-length", b"9000000")]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    for _ in range(90):
        await send({"type": "http.response.body", "body": bytes(100_000), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def test_an_app_that_does_not_stop_is_found_out() -> None:
    report = check(deaf)
    assert set(report.failed) == {"R01", "V01", "T06"}
    came = report.came("T06")
    assert came is not None
    assert "are sent when the client has left" in came.came


async def shorter(scope: Any, receive: Any, send: Any) -> None:
    fields = [(b"content-length", b"10"), (b"etag", b'"1"')]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": b"short"})


async def raising(scope: Any, receive: Any, send: Any) -> None:
    fields = [(b"content-length", b"10"), (b"etag", b'"1"')]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": b"short", "more_body": True})
    raise RuntimeError


@pytest.mark.parametrize("app", [shorter, raising])
def test_a_body_that_is_too_short_is_found_out(app: Any) -> None:
    assert "B03" in check(app).failed


async def no_response(scope: Any, receive: Any, send: Any) -> None:
    pass


async def fails(scope: Any, receive: Any, send: Any) -> None:
    raise LookupError("a secret of the app")


async def never_ends(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await receive()
        await receive()


async def not_found(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def fails_to_start(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})


@pytest.mark.parametrize(
    ("app", "sentence"),
    [
        pytest.param(no_response, "the app sent no response", id="nothing"),
        pytest.param(fails, "the app raised LookupError", id="raises"),
        pytest.param(never_ends, "the app does not end in time", id="never ends"),
        pytest.param(not_found, "the answer is 404, not a representation", id="404"),
        pytest.param(fails_to_start, "the app fails to start: no database", id="lifespan"),
    ],
)
def test_what_cannot_be_asked_is_said(app: Any, sentence: str) -> None:
    with pytest.raises(CouldNotAsk) as caught:
        check(app, timeout=1.0)
    assert str(caught.value) == sentence


def test_an_app_that_needs_its_lifespan() -> None:
    happened: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            happened.append((await receive())["type"])
            scope["state"]["body"] = numbered(10_000)
            await send({"type": "lifespan.startup.complete"})
            happened.append((await receive())["type"])
            await send({"type": "lifespan.shutdown.complete"})
            return
        await serve(BytesSource(scope["state"]["body"], etag='"1"'))(scope, receive, send)

    assert check(app).failed == ()
    assert happened == ["lifespan.startup", "lifespan.shutdown"]


def test_the_line_of_a_test(folder: Path) -> None:
    report = assert_serves_ranges(DirectoryApp(folder), "/film.bin", clients={"safari"})
    assert report.failed == ()
    with pytest.raises(AssertionError, match=r"(?s)Safari video +breaks: R01.*cure:") as caught:
        assert_serves_ranges(deaf, clients={"safari"})
    assert "Chromium" not in str(caught.value).partition("R01  ")[0].partition("\n\n")[2]
    assert assert_serves_ranges(deaf, ignore={"R01"}).failed
    assert assert_serves_ranges(deaf, clients={"pdfjs"}).failed  # it is slow, and works
