"""An app without a framework."""

from __future__ import annotations

from frameworks.contract import Contract


class TestBare(Contract):
    app = "bare_app"
    runs = ("finally",)
