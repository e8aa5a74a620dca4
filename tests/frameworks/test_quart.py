"""Quart with `RangeServe(app)`, which is applied twice here."""

from __future__ import annotations

from frameworks.contract import Contract


class TestQuart(Contract):
    app = "quart_app"
    runs = ("finally", "teardown")
