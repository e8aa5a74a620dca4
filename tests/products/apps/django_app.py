"""Django under ASGI: `FileResponse`; in the mode `integration` with our `FileHandOver`."""

from __future__ import annotations

from typing import Any

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import FileResponse, HttpResponse
from django.urls import path
from products.apps.resources import CLIP, MODE, in_mode


def index(request: Any) -> HttpResponse:
    return HttpResponse("<title>Django page</title><h1>films</h1>")


def clip(request: Any) -> FileResponse:
    return FileResponse(CLIP.open("rb"))


urlpatterns = [path("", index), path("clip.mp4", clip)]
settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="not a secret",
    MIDDLEWARE=[
        *(["rangeserve.integrations.django.FileHandOver"] if MODE == "integration" else []),
        "django.middleware.http.ConditionalGetMiddleware",
    ],
)
django.setup()
app = in_mode(get_asgi_application())
