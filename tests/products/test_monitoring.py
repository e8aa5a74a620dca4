"""What monitoring sees of 1,000 seeks, inside and outside; the lines of docs/monitoring.md."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sentry_sdk
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from opentelemetry import trace
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sentry_sdk.integrations.asgi import SentryAsgiMiddleware
from sentry_sdk.transport import Transport
from support.driver import ask
from support.pages import blocks

from rangeserve import Limits, RangeMiddleware

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

SEEKS = 1000
CHUNK = 4 * 1024
LITTLE = 64 * 1024
MIB = 1024 * 1024
PAGE = Path(__file__).parents[2] / "docs" / "monitoring.md"
SENTRY, OTEL, FASTAPI, DATASETTE = (block.code for block in blocks(PAGE.read_text("utf-8")))
UNBOUNDED = Limits(max_late_bytes=None)

App = Callable[..., Any]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def run(code: str, **names: Any) -> SimpleNamespace:
    """What a block of the page has made of `names`."""
    exec(compile(code, PAGE.name, "exec", dont_inherit=True), names)
    return SimpleNamespace(**names)


# The streams


def bare(size: int) -> App:
    """An ASGI app that does not listen: `size` bytes, with their Content-Length."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            fields = [(b"content-length", b"%d" % size)]
            await send({"type": "http.response.start", "status": 200, "headers": fields})
            for at in range(0, size, CHUNK):
                body, more = b"x" * min(CHUNK, size - at), at + CHUNK < size
                await send({"type": "http.response.body", "body": body, "more_body": more})

    return app


def fastapi(size: int, app: FastAPI | None = None) -> FastAPI:
    """A FastAPI app: `/listens` and `/unknown` stream, and `/bare/` is an app mounted below it."""
    app = app or FastAPI()

    async def produce() -> AsyncIterator[bytes]:
        for at in range(0, size, CHUNK):
            yield b"x" * min(CHUNK, size - at)

    @app.get("/listens")
    async def listens() -> StreamingResponse:
        return StreamingResponse(produce(), headers={"Content-Length": str(size)})

    @app.get("/unknown")
    async def unknown() -> StreamingResponse:
        return StreamingResponse(produce())

    app.mount("/bare", bare(size))
    return app


async def seek(app: App, size: int, seeks: int, *paths: str) -> None:
    """Ask for parts all over the body."""
    for number in range(seeks):
        first = (size - 10) * number // seeks
        path = paths[number % len(paths)]
        answer = await ask(app, path=path, headers=[("Range", f"bytes={first}-{first + 9}")])
        if path == "/unknown":
            assert (answer.status, len(answer.body)) == (200, size)
        else:
            assert (answer.status, answer.body) == (206, b"x" * 10)


# The tools: each wraps an app and counts its error events

Init = Callable[..., None]


class Sentry:
    """Sentry with a transport that keeps its events, and never sends one."""

    def __init__(self) -> None:
        kept = self.kept = list[str]()

        class Keep(Transport):
            def capture_envelope(self, envelope: Any) -> None:
                kept.extend(item.type for item in envelope.items)

        self.init = functools.partial(
            sentry_sdk.init, dsn="http://key@127.0.0.1:9/1", transport=Keep
        )

    def wrap(self, app: App) -> App:
        return SentryAsgiMiddleware(app)

    def errors(self) -> int:
        sentry_sdk.flush()
        return self.kept.count("event")


class OpenTelemetry:
    """OpenTelemetry with an exporter that keeps its spans."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    def wrap(self, app: App) -> App:
        return OpenTelemetryMiddleware(app, tracer_provider=self.provider)

    def errors(self) -> int:
        spans = self.exporter.get_finished_spans()
        assert spans
        return sum(
            span.status.status_code is trace.StatusCode.ERROR
            or any(event.name == "exception" for event in span.events)
            for span in spans
        )


@pytest.fixture
def sentry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sentry]:
    """Sentry, whose `init` is the real one with the transport of the test."""
    made = Sentry()
    monkeypatch.setattr(sentry_sdk, "init", made.init)
    made.init()
    yield made
    monkeypatch.undo()
    sentry_sdk.init()


@pytest.fixture
def otel() -> OpenTelemetry:
    return OpenTelemetry()


@pytest.fixture
def otel_for_all(otel: OpenTelemetry, monkeypatch: pytest.MonkeyPatch) -> OpenTelemetry:
    """OpenTelemetry whose provider is the one of the process: FastAPI makes spans by itself."""
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: otel.provider)
    return otel


@pytest.fixture(params=["sentry", "otel"])
def tool(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


async def test_an_error_of_the_app_is_an_event(tool: Any) -> None:
    """Or the other tests would see nothing."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("of the app")

    with pytest.raises(ValueError, match="of the app"):
        await ask(RangeMiddleware(tool.wrap(app)), headers=[("Range", "bytes=0-9")])
    assert tool.errors() == 1


async def test_inside_without_a_line_a_large_bare_stream_is_an_event_each(tool: Any) -> None:
    """What the page says, and why its lines are needed."""
    await seek(RangeMiddleware(tool.wrap(bare(4 * MIB))), 2 * MIB, 10, "/")
    assert tool.errors() == 10


@pytest.mark.parametrize("where", ["inside", "outside"])
@pytest.mark.parametrize(
    ("make", "size", "limits", "paths"),
    [
        pytest.param(bare, LITTLE, None, ["/"], id="little is left"),
        pytest.param(bare, 2 * MIB, UNBOUNDED, ["/"], id="much is left, no limit"),
        pytest.param(fastapi, LITTLE, None, ["/bare/", "/listens", "/unknown"], id="FastAPI"),
        pytest.param(fastapi, 4 * MIB, None, ["/listens"], id="listens"),
    ],
)
async def test_a_thousand_seeks_are_no_event(
    tool: Any, where: str, make: Callable[[int], App], size: int, limits: Any, paths: list[str]
) -> None:
    app = make(size)
    if where == "inside":
        app = RangeMiddleware(tool.wrap(app), limits=limits or Limits())
    else:
        app = tool.wrap(RangeMiddleware(app, limits=limits or Limits()))
    await seek(app, size, SEEKS, *paths)
    assert tool.errors() == 0


async def test_the_line_for_sentry(sentry: Sentry) -> None:
    run(SENTRY)
    size = 8 * MIB
    await seek(RangeMiddleware(sentry.wrap(bare(size))), size, SEEKS // 2, "/")
    await seek(RangeMiddleware(fastapi(size)), size, SEEKS // 2, "/bare/", "/listens")
    assert sentry.errors() == 0


async def test_the_line_for_opentelemetry(otel_for_all: OpenTelemetry) -> None:
    app = run(OTEL, app=bare(8 * MIB)).app
    await seek(app, 8 * MIB, SEEKS, "/")
    assert len(otel_for_all.exporter.get_finished_spans()) >= SEEKS
    assert otel_for_all.errors() == 0


@pytest.mark.parametrize("instrumented", [True, False], ids=["FastAPIInstrumentor", "its own"])
async def test_the_line_for_fastapi(otel_for_all: OpenTelemetry, instrumented: bool) -> None:
    code = FASTAPI if instrumented else FASTAPI.replace("FastAPIInstrumentor.instrument_app", "")
    api = fastapi(8 * MIB, run(code).api)
    await seek(api, 8 * MIB, SEEKS, "/bare/", "/listens")
    assert len(otel_for_all.exporter.get_finished_spans()) >= SEEKS
    assert otel_for_all.errors() == 0


async def test_fastapis_own_spans_inside_want_the_end_of_every_stream(
    otel_for_all: OpenTelemetry,
) -> None:
    """What the page says, and why FastAPI is given the middleware."""
    size = 8 * MIB
    await seek(RangeMiddleware(fastapi(size)), size, 10, "/listens")
    assert otel_for_all.errors() == 10


@pytest.mark.parametrize(
    ("name", "size", "seeks"), [("little", LITTLE, SEEKS), ("much", 2 * MIB, 40)]
)
async def test_the_line_for_datasette(
    name: str,
    size: int,
    seeks: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Datasette reads a file in portions of 4 KiB, and prints what it catches."""
    monkeypatch.chdir(tmp_path)
    Path("media").mkdir()
    Path("media", name).write_bytes(b"x" * size)
    made = run(DATASETTE)
    await made.datasette.invoke_startup()
    await seek(made.films, size, seeks, f"/media/{name}")
    assert "Traceback" not in "".join(capfd.readouterr())
    if name == "much":
        await seek(RangeMiddleware(made.datasette.app()), LITTLE // 2, 1, f"/media/{name}")
        assert "ClientDisconnected" in "".join(capfd.readouterr())
