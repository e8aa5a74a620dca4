"""FastHTML: its static files."""

from __future__ import annotations

from fasthtml.common import H1, Titled, fast_app
from products.apps.resources import MEDIA, in_mode

fasthtml, route = fast_app(static_path=str(MEDIA), secret_key="not a secret")


@route("/")
def get() -> object:
    return Titled("FastHTML page", H1("films"))


app = in_mode(fasthtml)
