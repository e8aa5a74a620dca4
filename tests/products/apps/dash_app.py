"""Dash on each of its three backends: a file of the assets folder."""

from __future__ import annotations

import os
from typing import Any

from dash import Dash, html
from products.apps.resources import MEDIA, in_mode


def make(backend: str) -> Any:
    dash = Dash(
        "dash_app", backend=backend, title="Dash page", assets_folder=str(MEDIA), serve_locally=True
    )
    dash.layout = html.Div("films")
    if backend == "flask":
        from a2wsgi import WSGIMiddleware

        return WSGIMiddleware(dash.server)
    return dash.server


app = in_mode(make(os.environ.get("RANGESERVE_TEST_BACKEND", "fastapi")))
