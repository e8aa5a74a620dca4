"""A film as each framework serves it: the apps of `catalogue`. `BARE_FOLDER` is where it is."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ.get("BARE_FOLDER", "."))
FILM = FOLDER / "film.mp4"


def starlette_file() -> Any:
    """Starlette's `FileResponse`."""
    from starlette.applications import Starlette
    from starlette.responses import FileResponse
    from starlette.routing import Route

    return Starlette(routes=[Route("/film.mp4", lambda request: FileResponse(FILM))])


def starlette_static() -> Any:
    """Starlette's `StaticFiles`."""
    from starlette.staticfiles import StaticFiles

    return StaticFiles(directory=FOLDER)


def serve_with_aiohttp(port: int) -> None:
    """aiohttp's `FileResponse`, for ever."""
    from aiohttp import web

    async def film(request: web.Request) -> web.FileResponse:
        return web.FileResponse(FILM)

    app = web.Application()
    app.router.add_get("/film.mp4", film)
    web.run_app(app, host="127.0.0.1", port=port, print=None)


def run_django(port: int) -> None:
    """Django's runserver, for ever: a `FileResponse`, and static files at `/static/`."""
    from django.conf import settings
    from django.core.management import execute_from_command_line
    from django.http import FileResponse
    from django.urls import path

    def film(request: Any) -> FileResponse:
        return FileResponse(FILM.open("rb"))

    settings.configure(
        DEBUG=True,
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="not a secret",
        ROOT_URLCONF=type("Urls", (), {"urlpatterns": [path("film.mp4", film)]}),
        INSTALLED_APPS=["django.contrib.staticfiles"],
        STATIC_URL="/static/",
        STATICFILES_DIRS=[FOLDER],
        MIDDLEWARE=["django.middleware.http.ConditionalGetMiddleware"],
    )
    execute_from_command_line(["manage", "runserver", "--noreload", f"127.0.0.1:{port}"])


if __name__ == "__main__":
    serve = {"aiohttp": serve_with_aiohttp, "django": run_django}[sys.argv[1]]
    serve(int(sys.argv[2]))
