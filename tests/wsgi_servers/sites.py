"""Flask, Django and WhiteNoise sites with one file, RANGESERVE_SITE/film.mp4.

`python sites.py ADDRESS` is Django's runserver for the site `django`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rangeserve.wsgi import RangeMiddleware

FOLDER = Path(os.environ["RANGESERVE_SITE"])
FILM = FOLDER / "film.mp4"


def make_flask() -> Any:
    """A view that sends the file, and one that streams it."""
    from flask import Flask, Response, send_file

    app = Flask(__name__)

    @app.get("/film.mp4")
    def film() -> Response:
        return send_file(FILM)

    @app.get("/stream/film.mp4")
    def stream() -> Response:
        response = Response(pieces(), mimetype="video/mp4")
        response.content_length = FILM.stat().st_size
        response.set_etag("v1")
        return response

    app.wsgi_app = RangeMiddleware(app.wsgi_app)  # type: ignore[method-assign]
    return app


def pieces() -> Any:
    with FILM.open("rb") as file:
        yield from iter(lambda: file.read(10_007), b"")


def configure() -> None:
    """Django's settings, with its development server's application and static files."""
    import django
    from django.conf import settings
    from django.http import FileResponse, StreamingHttpResponse
    from django.urls import path

    def film(request: Any) -> Any:
        return FileResponse(FILM.open("rb"))

    def stream(request: Any) -> Any:
        fields = {"Content-Length": FILM.stat().st_size, "ETag": '"v1"'}
        return StreamingHttpResponse(pieces(), headers=fields)

    settings.configure(
        ROOT_URLCONF=(path("film.mp4", film), path("stream/film.mp4", stream)),
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="secret",
        DEBUG=True,
        LOGGING_CONFIG=None,
        INSTALLED_APPS=["django.contrib.staticfiles"],
        STATICFILES_DIRS=[FOLDER],
        STATIC_URL="/static/",
        WSGI_APPLICATION="sites.django",
    )
    django.setup()


def make_django() -> Any:
    from django.core.wsgi import get_wsgi_application

    configure_once()
    return RangeMiddleware(get_wsgi_application())


def make_static() -> Any:
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.wsgi import get_wsgi_application

    configure_once()
    return RangeMiddleware(StaticFilesHandler(get_wsgi_application()))


def configure_once() -> None:
    from django.conf import settings

    if not settings.configured:
        configure()


def make_whitenoise() -> Any:
    from whitenoise import WhiteNoise

    def site(environ: Any, start_response: Any) -> Any:
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"not here\n"]

    return RangeMiddleware(WhiteNoise(site, root=str(FOLDER)))


MAKERS: dict[str, Callable[[], Any]] = {
    "django": make_django,
    "static": make_static,
    "whitenoise": make_whitenoise,
}

flask = make_flask()  # uWSGI looks into the module's dictionary


def __getattr__(name: str) -> Any:
    if name in MAKERS:
        return MAKERS[name]()
    raise AttributeError(name)


if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    sys.path.insert(0, str(Path(__file__).parent))
    configure()
    execute_from_command_line(["", "runserver", sys.argv[1], "--noreload", "--nostatic"])
