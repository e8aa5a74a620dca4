"""A seek is no error in OpenTelemetry and Sentry, set up as docs/products.md says.

The app streams and does not listen for the client leaving, so an exception from
`send` is the only way to stop it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio
import pytest
import sentry_sdk
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from products import page
from sentry_sdk.integrations.asgi import SentryAsgiMiddleware
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Mount, Route
from support.driver import ask

from rangeserve import ClientDisconnected, RangeMiddleware

SEEKS = 1_000
CHUNK = bytes(10_000)
CHUNKS = 1_000


async def stream(scope: Any, receive: Any, send: Any) -> None:
    length = b"%d" % (len(CHUNK) * CHUNKS)
    fields = [(b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    for number in range(CHUNKS):
        await send({"type": "http.response.body", "body": CHUNK, "more_body": number < CHUNKS - 1})


async def seek(app: Any, times: int) -> None:
    for number in range(times):
        answer = await ask(app, headers=[("Range", f"bytes={number}-{number + 9}")])
        assert (answer.status, answer.body) == (206, bytes(10))


Place = Callable[[Any, Callable[[Any], Any]], Any]


def inside(app: Any, tool: Callable[[Any], Any]) -> Any:
    return RangeMiddleware(tool(app))


def outside(app: Any, tool: Callable[[Any], Any]) -> Any:
    return tool(RangeMiddleware(app))


@pytest.mark.parametrize(("place", "errors"), [(outside, 0), (inside, SEEKS)])
def test_opentelemetry_belongs_outside(place: Place, errors: int) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    app = place(stream, lambda app: OpenTelemetryMiddleware(app, tracer_provider=provider))
    anyio.run(seek, app, SEEKS)
    spans = exporter.get_finished_spans()
    assert len(spans) > SEEKS
    assert sum(span.status.status_code is StatusCode.ERROR for span in spans) == errors


@pytest.fixture
def events() -> Iterator[list[Any]]:
    """The events that Sentry would send."""
    kept: list[Any] = []
    yield kept
    sentry_sdk.get_client().close(timeout=0)
    sentry_sdk.get_global_scope().set_client(None)


def start_sentry(kept: list[Any], **options: Any) -> None:
    def keep(event: Any, hint: Any) -> None:
        kept.append(event)

    sentry_sdk.init(dsn="http://key@127.0.0.1:9/1", before_send=keep, **options)


@pytest.mark.parametrize(("place", "errors"), [(outside, 0), (inside, SEEKS)])
def test_sentry_outside_hears_nothing(place: Place, errors: int, events: list[Any]) -> None:
    start_sentry(events, default_integrations=False)
    anyio.run(seek, place(stream, SentryAsgiMiddleware), SEEKS)
    assert len(events) == errors


@pytest.mark.parametrize(("ignored", "errors"), [([ClientDisconnected], 0), ([], 10)])
def test_sentry_is_told_what_to_ignore(ignored: list[Any], errors: int, events: list[Any]) -> None:
    """Its own integration puts itself into the app, so there is no outside."""
    assert "ignore_errors=[ClientDisconnected]" in page.TEMPLATE.read_text(encoding="utf-8")
    start_sentry(events, ignore_errors=ignored)
    app = RangeMiddleware(Starlette(routes=[Mount("/", stream)]))
    anyio.run(seek, app, SEEKS if ignored else errors)
    assert len(events) >= errors if errors else events == []


async def starlette_stream(request: Any) -> StreamingResponse:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(CHUNKS):
            yield CHUNK

    return StreamingResponse(chunks(), headers={"Content-Length": str(len(CHUNK) * CHUNKS)})


def test_the_streams_of_starlette_listen(events: list[Any]) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    start_sentry(events)
    app = Starlette(routes=[Route("/", starlette_stream)])
    app.add_middleware(OpenTelemetryMiddleware, tracer_provider=provider)
    app.add_middleware(RangeMiddleware)
    anyio.run(seek, app, SEEKS)
    spans = exporter.get_finished_spans()
    assert len(spans) > SEEKS
    assert not [span for span in spans if span.status.status_code is StatusCode.ERROR]
    assert events == []
