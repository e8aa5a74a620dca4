"""Flask."""

from __future__ import annotations

from flask import Flask, Response, send_file
from frameworks import resources
from frameworks.resources import note


def make_flask() -> Flask:
    app = Flask(__name__)

    @app.get("/file")
    def file() -> Response:
        return send_file(resources.FILM)

    @app.get("/stream")
    def stream() -> Response:
        response = Response(resources.sync_chunks(), headers=resources.STREAM_FIELDS)
        response.call_on_close(lambda: note("closed"))
        return response

    @app.get("/small")
    def small() -> Response:
        return Response(resources.SMALL, headers=resources.SMALL_FIELDS, mimetype="text/plain")

    @app.get("/script.js")
    def script() -> Response:
        fields = resources.SCRIPT_FIELDS
        return Response(resources.SCRIPT, headers=fields, mimetype="text/javascript")

    return app


def make_function() -> Flask:
    app = make_flask()

    @app.after_request
    def seen(response: Response) -> Response:
        response.headers["x-function"] = "seen"
        return response

    return app
