"""FastAPI needs no integration."""

from __future__ import annotations

from frameworks.contract import Contract


class TestFastAPI(Contract):
    app = "fastapi_app"
    runs = ("finally", "background", "teardown")
