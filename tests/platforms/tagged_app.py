"""A clip that no framework gives a validator: bodies in one piece, and streams.

`/seen` tells what Chromium asked for, and what it got.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import django
from a2wsgi import WSGIMiddleware
from datasette.app import Datasette
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path
from flask import Flask
from flask import Response as FlaskResponse
from support.demo import CLIP

from rangeserve import RangeMiddleware

DATA = CLIP.read_bytes()
OPTIONS: dict[str, Any] = {
    "body_etag": 10_000_000,
    "validator": lambda scope, fields: '"clip-1"' if scope["path"].endswith("stream.mp4") else None,
}
if os.environ.get("PLATFORMS_TAGS") == "none":
    OPTIONS = {}


def chunks() -> Iterator[bytes]:
    for start in range(0, len(DATA), 65536):
        yield DATA[start : start + 65536]


async def async_chunks() -> Any:
    for chunk in chunks():
        yield chunk


LENGTH = {"Content-Length": str(len(DATA))}

# Django: it sends a body in messages of 64 KiB, so that the hook has to tell its version.
settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="none",
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
)
django.setup()


async def django_stream(request: Any) -> StreamingHttpResponse:
    return StreamingHttpResponse(async_chunks(), content_type="video/mp4", headers=LENGTH)


def django_body(request: Any) -> HttpResponse:
    return HttpResponse(DATA, content_type="video/mp4")


def django_small(request: Any) -> HttpResponse:
    return HttpResponse(DATA[:60_000], content_type="video/mp4")


urlpatterns = [
    path("django/stream.mp4", django_stream),
    path("django/body-stream.mp4", django_body),
    path("django/small", django_small),
]

flask_app = Flask(__name__)


@flask_app.get("/flask/body.mp4")
def flask_body() -> FlaskResponse:
    return FlaskResponse(DATA, mimetype="video/mp4")


@flask_app.get("/flask/stream.mp4")
def flask_stream() -> FlaskResponse:
    return FlaskResponse(chunks(), mimetype="video/mp4", headers=LENGTH)


# Datasette: a BLOB of a table.
FOLDER = tempfile.TemporaryDirectory()
database = Path(FOLDER.name) / "films.db"
with closing(sqlite3.connect(database)) as connection, connection:
    connection.execute("create table films (id integer primary key, clip blob)")
    connection.execute("insert into films values (1, ?)", (DATA,))

APPS = {
    "django": get_asgi_application(),
    "flask": WSGIMiddleware(flask_app),
    "films": Datasette(immutables=[str(database)]).app(),
}
seen: list[dict[str, Any]] = []


async def routed(scope: Any, receive: Any, send: Any) -> None:
    await APPS[scope["path"].split("/")[1]](scope, receive, send)


wrapped = RangeMiddleware(routed, **OPTIONS)


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["path"] == "/seen":
        await text(send, "application/json", json.dumps(seen))
    elif scope["path"] == "/page":
        source = scope["query_string"].decode()
        await text(send, "text/html", f"<!doctype html><video src={source} muted></video>")
    elif scope["path"] == "/favicon.ico":
        await text(send, "text/plain", "")
    else:
        await noted(scope, receive, send)


async def noted(scope: Any, receive: Any, send: Any) -> None:
    fields = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
    names = ("range", "if-range", "if-none-match")
    note: dict[str, Any] = {name: fields.get(name) for name in names}

    async def noting(message: Any) -> None:
        if message["type"] == "http.response.start":
            sent = {name.lower(): value for name, value in message["headers"]}
            note["status"] = message["status"]
            note["etag"] = sent.get(b"etag", b"").decode()
            seen.append(note)
        await send(message)

    await wrapped(scope, receive, noting)


async def text(send: Any, media_type: str, content: str) -> None:
    headers = [
        (b"content-type", media_type.encode()),
        (b"content-length", b"%d" % len(content)),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content.encode()})
