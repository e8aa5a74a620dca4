"""baize: without an integration its files are sliced as they stream past."""

from __future__ import annotations

from frameworks.contract import Contract


class TestBaize(Contract):
    app = "baize_app"
    servers = ("hypercorn",)
    runs = ("finally",)
    seeks = False
