"""Flask through asgiref's `WsgiToAsgi`."""

from __future__ import annotations

from asgiref.wsgi import WsgiToAsgi
from frameworks.apps.flask_app import make_flask, make_function
from frameworks.resources import Site, variants

app = Site(variants(WsgiToAsgi(make_flask()), function=WsgiToAsgi(make_function())))
