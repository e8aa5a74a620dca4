"""An app that answers with files, in both ways, and with other things."""

from __future__ import annotations

import os
from typing import Any

from said import COOKIES, SAID
from starlette.applications import Starlette
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from rangeserve import hand_over
from rangeserve.accel import AccelRedirect

ROOT = os.environ["ACCEL_ROOT"]
OUTSIDE = os.path.join(os.path.dirname(ROOT), "elsewhere.bin")
FIELDS = {
    "ETag": '"app"',
    "Cache-Control": "max-age=7",
    "Access-Control-Allow-Origin": "https://example.org",
}


def pathsend(request: Any) -> Response:
    return FileResponse(os.path.join(ROOT, request.path_params["name"]), headers=FIELDS)


def handed(request: Any) -> Response:
    hand_over(request.scope, os.path.join(ROOT, request.path_params["name"]))
    return Response(headers=FIELDS, media_type="video/mp4")


def said(request: Any) -> Response:
    hand_over(request.scope, os.path.join(ROOT, "film.mp4"))
    response = Response(headers={**SAID, "Vary": "Cookie"})
    response.headers.append("Vary", "Origin")
    for cookie in COOKIES:
        response.headers.append("Set-Cookie", cookie)
    return response


def silent(request: Any) -> Response:
    hand_over(request.scope, os.path.join(ROOT, "film.mp4"))
    return Response(media_type="video/mp4")


def outside(request: Any) -> Response:
    return FileResponse(OUTSIDE, headers=FIELDS)


def coded(request: Any) -> Response:
    headers = {"Content-Encoding": "gzip"}
    return FileResponse(os.path.join(ROOT, "film.mp4"), headers=headers)


def text(request: Any) -> Response:
    return PlainTextResponse("hello", headers={"ETag": '"text"'})


app = AccelRedirect(
    Starlette(
        routes=[
            Route("/pathsend/{name:path}", pathsend),
            Route("/handed/{name:path}", handed),
            Route("/said", said),
            Route("/silent", silent),
            Route("/outside", outside),
            Route("/coded", coded),
            Route("/text", text),
        ]
    ),
    {ROOT: "/protected"},
)
