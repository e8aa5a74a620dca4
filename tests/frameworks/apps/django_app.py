"""Django: sync and async views, `FileHandOver` first in MIDDLEWARE."""

from __future__ import annotations

import io
import sys
from typing import Any

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.files.base import ContentFile
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path
from frameworks import resources
from frameworks.resources import Site, note, variants

OURS = "rangeserve.integrations.django.FileHandOver"
COMMON = "django.middleware.common.CommonMiddleware"
GZIP = "django.middleware.gzip.GZipMiddleware"
CONDITIONAL = "django.middleware.http.ConditionalGetMiddleware"


class Noted(FileResponse):
    """Notes that Django has closed it."""

    def close(self) -> None:
        super().close()
        note("closed")


class NotedStream(StreamingHttpResponse):
    def close(self) -> None:
        super().close()
        note("background")


def file(request: Any) -> FileResponse:
    return Noted(open(resources.FILM, "rb"))


async def async_file(request: Any) -> FileResponse:
    return Noted(open(resources.FILM, "rb"))  # noqa: ASYNC230


def memory(request: Any) -> FileResponse:
    content = io.BytesIO(b"skipped" + resources.SMALL)
    content.seek(7)
    return Noted(content, content_type="text/plain", headers={"ETag": resources.SMALL_TAG})


def storage(request: Any) -> FileResponse:
    return Noted(ContentFile(resources.SMALL), headers={"ETag": resources.SMALL_TAG})


def positioned(request: Any) -> FileResponse:
    content = open(resources.FILM, "rb")  # noqa: SIM115
    content.seek(1000)
    return Noted(content)


def precompressed(request: Any) -> FileResponse:
    return Noted(open(resources.FILM, "rb"), headers={"Content-Encoding": "br"})


async def stream(request: Any) -> StreamingHttpResponse:
    return NotedStream(resources.chunks(), headers=resources.STREAM_FIELDS)


def sync_stream(request: Any) -> StreamingHttpResponse:
    return NotedStream(resources.sync_chunks(), headers=resources.STREAM_FIELDS)


def small(request: Any) -> HttpResponse:
    fields = resources.SMALL_FIELDS
    return HttpResponse(resources.SMALL, headers=fields, content_type="text/plain")


def script(request: Any) -> HttpResponse:
    fields = resources.SCRIPT_FIELDS
    return HttpResponse(resources.SCRIPT, headers=fields, content_type="text/javascript")


urlpatterns = [
    path("file", file),
    path("async-file", async_file),
    path("memory", memory),
    path("storage", storage),
    path("positioned", positioned),
    path("precompressed", precompressed),
    path("stream", stream),
    path("sync-stream", sync_stream),
    path("small", small),
    path("script.js", script),
]


class Function:
    """Function-style middleware, synchronous only: Django puts a thread round it."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        response = self.get_response(request)
        response["X-Function"] = "seen"
        return response


def make(*middleware: str) -> Any:
    with override_settings(MIDDLEWARE=list(middleware)):
        return get_asgi_application()


settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="for the tests",
    INSTALLED_APPS=["corsheaders"],
    CORS_ALLOWED_ORIGINS=[resources.ORIGIN],
    CORS_EXPOSE_HEADERS=resources.EXPOSED,
    LOGGING_CONFIG=None,
)
django.setup()

app = Site(
    variants(
        make(OURS, COMMON, CONDITIONAL),
        bare=make(),
        gzip=make(OURS, GZIP, CONDITIONAL),
        cors=make(OURS, "corsheaders.middleware.CorsMiddleware", COMMON),
        function=make(OURS, f"{__name__}.Function", COMMON),
        more={
            "gzip-first": resources.ranged(make(GZIP, OURS)),
            "listed-twice": resources.ranged(make(OURS, OURS)),
            "sync-only": resources.ranged(make(f"{__name__}.Function", OURS)),
        },
    )
)
assert "rangeserve.integrations.django" in sys.modules
