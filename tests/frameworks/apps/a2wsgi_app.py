"""Flask through a2wsgi."""

from __future__ import annotations

from a2wsgi import WSGIMiddleware
from frameworks.apps.flask_app import make_flask, make_function
from frameworks.resources import Site, variants

app = Site(variants(WSGIMiddleware(make_flask()), function=WSGIMiddleware(make_function())))
