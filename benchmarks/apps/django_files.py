"""Django's `FileResponse`, and the same with the integration."""

from __future__ import annotations

from typing import Any

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import FileResponse, HttpRequest, HttpResponse
from django.urls import path

from rangeserve import RangeMiddleware

from . import TINY, path_of

__all__ = ["plain", "ranged"]


def _file(request: HttpRequest, name: str) -> FileResponse:
    return FileResponse(open(path_of(name), "rb"), content_type="video/mp4")


def _tiny(request: HttpRequest) -> HttpResponse:
    return HttpResponse(TINY, content_type="application/json")


urlpatterns = [path("files/<name>", _file), path("tiny", _tiny)]

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    MIDDLEWARE=["rangeserve.integrations.django.FileHandOver"],
    ROOT_URLCONF=__name__,
)
django.setup()

plain: Any = get_asgi_application()
ranged = RangeMiddleware(plain)
