"""ServeStatic needs no integration."""

from __future__ import annotations

from frameworks.contract import Contract


class TestServeStatic(Contract):
    app = "servestatic_app"
    servers = ("uvicorn-httptools",)
    runs = ("finally",)
