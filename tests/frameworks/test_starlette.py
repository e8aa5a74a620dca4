"""Starlette needs no integration: its files come as paths."""

from __future__ import annotations

from frameworks.contract import Contract


class TestStarlette(Contract):
    app = "starlette_app"
