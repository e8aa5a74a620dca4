"""A small Starlette app in each middleware, bare, and with `RangeMiddleware` on each side.

`/{middleware}/{place}/{resource}`: `place` is `bare`, `inside` (the middleware lies within
`RangeMiddleware`) or `outside` (round it). A process in the mode `bare` knows no rangeserve.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import sentry_sdk
from asgi_correlation_id import CorrelationIdMiddleware
from asgi_gzip import GZipMiddleware as AsgiGzip
from brotli_asgi import BrotliMiddleware
from opentelemetry import trace
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.sdk.trace import TracerProvider
from products.apps.resources import FOLDER, MODE
from products.middlewares import TEXT
from prometheus_client import CollectorRegistry
from prometheus_fastapi_instrumentator import Instrumentator
from sentry_sdk.integrations.asgi import SentryAsgiMiddleware
from slowapi import Limiter
from slowapi.middleware import SlowAPIASGIMiddleware, SlowAPIMiddleware
from slowapi.util import get_remote_address
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette_cramjam.middleware import CompressionMiddleware
from starlette_exporter import PrometheusMiddleware
from zstd_asgi import ZstdMiddleware

PATH = FOLDER / "media" / "text.txt"

trace.set_tracer_provider(TracerProvider())
sentry_sdk.init(default_integrations=False)  # without a DSN it sends nothing


# The app


async def file(request: Request) -> Response:
    return FileResponse(PATH)


async def chunks() -> AsyncIterator[bytes]:
    for start in range(0, len(TEXT), 10_000):
        yield TEXT[start : start + 10_000]


async def stream(request: Request) -> Response:
    return StreamingResponse(
        chunks(),
        headers={"Content-Length": str(len(TEXT)), "ETag": '"stream"'},
        media_type="text/plain",
    )


# BaseHTTPMiddleware recipes


class Audit(BaseHTTPMiddleware):
    """The audit log: reads the body, and makes a response of it."""

    async def dispatch(self, request: Request, call_next: Any) -> Response:
        response = await call_next(request)
        body = b"".join([chunk async for chunk in response.body_iterator])
        return Response(body, response.status_code, dict(response.headers))


class Timing(BaseHTTPMiddleware):
    """The stop-watch: adds a field."""

    async def dispatch(self, request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers["X-Process-Time"] = "0.1"
        return response


class Counting(BaseHTTPMiddleware):
    """The byte counter: goes round the body, chunk by chunk."""

    async def dispatch(self, request: Request, call_next: Any) -> Response:
        response = await call_next(request)
        response.body_iterator = self.count(response.body_iterator)
        return response  # type: ignore[no-any-return]

    async def count(self, body: Any) -> AsyncIterator[bytes]:
        async for chunk in body:
            self.bytes = getattr(self, "bytes", 0) + len(chunk)
            yield chunk


class Holding:
    """A pure-ASGI layer that holds the start until a body comes."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        held: list[Any] = []

        async def send_held(message: Any) -> None:
            if message["type"] == "http.response.start":
                held.append(message)
                return
            assert message["type"] == "http.response.body", message["type"]
            while held:
                await send(held.pop())
            await send(message)

        await self.app(scope, receive, send_held)


def simple(kind: Any, **options: Any) -> Callable[[Starlette], None]:
    return lambda app: app.add_middleware(kind, **options)


def limited(kind: Any) -> Callable[[Starlette], None]:
    def add(app: Starlette) -> None:
        app.state.limiter = Limiter(key_func=get_remote_address, default_limits=["100000/minute"])
        app.add_middleware(kind)

    return add


def instrumented(app: Starlette) -> None:
    Instrumentator(registry=CollectorRegistry()).instrument(app)


# The names are those of `products.middlewares`.
ADD: dict[str, Callable[[Starlette], None]] = {
    "gzip": simple(GZipMiddleware),
    "brotli-asgi": simple(BrotliMiddleware),
    "zstd-asgi": simple(ZstdMiddleware),
    "starlette-cramjam": simple(CompressionMiddleware),
    "asgi-gzip": simple(AsgiGzip),
    "slowapi": limited(SlowAPIMiddleware),
    "slowapi-asgi": limited(SlowAPIASGIMiddleware),
    "instrumentator": instrumented,
    "exporter": simple(PrometheusMiddleware),
    "opentelemetry": simple(OpenTelemetryMiddleware),
    "sentry": simple(SentryAsgiMiddleware),
    "correlation-id": simple(CorrelationIdMiddleware),
    "audit": simple(Audit),
    "timing": simple(Timing),
    "counting": simple(Counting),
    "holding": simple(Holding),
}


def make(name: str, place: str) -> Starlette:
    """An app in the middleware `name`; the middleware added last is the outermost."""
    app = Starlette(
        routes=[
            Route("/file", file),
            Route("/stream", stream),
            Mount("/static", StaticFiles(directory=PATH.parent)),
        ]
    )
    if place == "bare":
        ADD[name](app)
        return app
    from rangeserve import RangeMiddleware

    if place == "outside":
        app.add_middleware(RangeMiddleware)
        ADD[name](app)
    else:
        ADD[name](app)
        app.add_middleware(RangeMiddleware)
    return app


places = ("bare",) if MODE == "bare" else ("inside", "outside")
apps = {f"{name}/{place}": make(name, place) for name in ADD for place in places}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Each app is called as if it were the server's only one."""
    if scope["type"] != "http":
        return
    _, name, place, rest = scope["path"].split("/", 3)
    path = f"/{rest}"
    own = {**scope, "path": path, "raw_path": path.encode()}
    await apps[f"{name}/{place}"](own, receive, send)
