"""quart-trio with `RangeServe(app)`."""

from __future__ import annotations

from frameworks.contract import Contract


class TestQuartTrio(Contract):
    app = "quart_trio_app"
    servers = ("hypercorn-trio",)
    runs = ("finally", "teardown")
