"""`RangeMiddleware` around apps of Starlette and Quart."""

from __future__ import annotations

import gc
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from quart import Quart
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from support.apps import BODY, PART, RANGE
from support.descriptors import nothing_left_open
from support.driver import ask
from support.waiting import SECONDS, until

from rangeserve import (
    Event,
    RangeMiddleware,
    Reason,
)

pytestmark = pytest.mark.anyio

only_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])


# Starlette abandons its generator, to be closed by the event loop; trio says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "headers", [[], RANGE, [("Range", "bytes=5000-")]], ids=["whole", "part", "unsatisfiable"]
)
@pytest.mark.parametrize("kind", ["async", "sync", "bytes"])
async def test_starlette_runs_its_background_task(
    kind: str, headers: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    done: list[str] = []

    async def generate() -> AsyncIterator[bytes]:
        try:
            for at in range(0, 1000, 10):
                yield BODY[at : at + 10]
        finally:
            done.append("finally")

    def endpoint(request: Request) -> Response:
        after = BackgroundTask(done.append, "background")
        fields = {"content-length": "1000"}
        if kind == "bytes":
            done.append("finally")
            return Response(BODY, background=after)
        pieces: Any = generate() if kind == "async" else (done.append("finally"), BODY)[1:]
        return StreamingResponse(pieces, headers=fields, background=after)

    app = Starlette(routes=[Route("/", endpoint)])
    app.add_middleware(RangeMiddleware)
    answer = await ask(app, headers=headers)
    assert answer.complete

    def finished() -> bool:  # an event loop closes an abandoned generator in its own time
        if len(done) < 2:
            gc.collect()
        return len(done) >= 2

    await until(finished)
    assert sorted(done) == ["background", "finally"]
    assert caplog.records == []


@only_asyncio
async def test_quarts_generator_is_finished_and_nothing_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    finished = anyio.Event()
    produced = 0
    app = Quart(__name__)

    @app.get("/")
    async def view() -> Any:
        async def generate() -> AsyncIterator[bytes]:
            nonlocal produced
            try:
                for _ in range(10_000):
                    produced += 1
                    yield BODY
            finally:
                finished.set()

        return generate(), 200, {"Content-Length": "10000000"}

    app.asgi_app = RangeMiddleware(app.asgi_app)  # type: ignore[method-assign]
    answer = await ask(app, headers=RANGE)
    assert (answer.status, answer.body) == (206, PART)
    with anyio.fail_after(SECONDS):
        await finished.wait()
    assert produced < 10
    assert caplog.records == []


JAVASCRIPT = b"export const answer = 42;\n" * 400


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    (tmp_path / "app.js").write_bytes(JAVASCRIPT)
    return tmp_path


@pytest.mark.parametrize("order", ["gzip inside", "gzip outside"])
async def test_javascript_stays_compressed(scripts: Path, order: str) -> None:
    middleware = [Middleware(RangeMiddleware), Middleware(GZipMiddleware)]
    if order == "gzip outside":
        middleware.reverse()
    app = Starlette(routes=[Mount("/", StaticFiles(directory=scripts))], middleware=middleware)
    answer = await ask(app, path="/app.js", headers=[("Accept-Encoding", "gzip, br")])
    assert answer["content-encoding"] == "gzip"
    assert len(answer.body) < len(JAVASCRIPT) / 5


async def test_a_compressed_body_is_not_sliced(scripts: Path) -> None:
    events: list[Event] = []

    async def page(request: Request) -> Response:
        return Response(JAVASCRIPT, headers={"etag": '"strong"'})

    gzip = GZipMiddleware(Starlette(routes=[Route("/", page)]))
    app = RangeMiddleware(gzip, observer=events.append)
    answer = await ask(app, headers=[*RANGE, ("Accept-Encoding", "gzip")])
    assert (answer.status, answer["content-encoding"]) == (200, "gzip")
    assert answer.get("accept-ranges") is None
    assert events[0].reason is Reason.CONTENT_CODED


async def test_a_range_of_a_file_that_starlette_sends_by_its_path(scripts: Path) -> None:
    app = Starlette(routes=[Mount("/", StaticFiles(directory=scripts))])
    app.add_middleware(RangeMiddleware)
    with nothing_left_open(scripts):
        answer = await ask(app, path="/app.js", headers=RANGE)
    assert (answer.status, answer.body) == (206, JAVASCRIPT[150:350])
    assert answer["content-range"] == f"bytes 150-349/{len(JAVASCRIPT)}"


async def test_starlettes_file_and_its_background_task(scripts: Path) -> None:
    done: list[bool] = []

    async def endpoint(request: Request) -> Response:
        return FileResponse(scripts / "app.js", background=BackgroundTask(done.append, True))

    app = Starlette(routes=[Route("/", endpoint)])
    app.add_middleware(RangeMiddleware)
    assert (await ask(app, headers=RANGE)).body == JAVASCRIPT[150:350]
    assert done == [True]
