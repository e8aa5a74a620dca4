"""NiceGUI on FastAPI: media files, which NiceGUI ranges by itself, and static files."""

from __future__ import annotations

from fastapi import FastAPI
from nicegui import app as nicegui_app
from nicegui import ui
from products.apps.resources import MEDIA, in_mode

nicegui_app.add_media_files("/media", MEDIA)
nicegui_app.add_static_files("/static", MEDIA)


@ui.page("/")
def index() -> None:
    ui.label("films")
    ui.video("/media/clip.mp4")


fastapi = FastAPI()
ui.run_with(fastapi, title="NiceGUI page")
app = in_mode(fastapi)
