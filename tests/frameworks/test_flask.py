"""Flask, through the two ways from WSGI to ASGI."""

from __future__ import annotations

from frameworks.contract import Contract


class TestFlaskThroughAsgiref(Contract):
    app = "wsgi_to_asgi_app"
    servers = ("hypercorn",)
    runs = ("finally",)
    # Documented: `WsgiToAsgi` never calls the iterable's `close`.
    loses = ("closed",)
    seeks = False


class TestFlaskThroughA2wsgi(Contract):
    app = "a2wsgi_app"
    servers = ("uvicorn-httptools",)
    runs = ("finally", "closed")
    # Documented: its sending task is waited for by nobody, so nobody would hear a hang-up.
    # Those before may still be running, too.
    stops_within = 8 * 64
    seeks = False
