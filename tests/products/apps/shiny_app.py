"""Shiny for Python: static assets."""

from __future__ import annotations

from products.apps.resources import MEDIA, in_mode
from shiny import App, ui

shiny = App(
    ui.page_fluid(ui.h1("films"), title="Shiny page"), None, static_assets={"/files": MEDIA}
)
app = in_mode(shiny)
