"""The servers that have no command of their own: `python serve.py NAME MODULE:ATTRIBUTE PORT`."""

from __future__ import annotations

import sys
from importlib import import_module
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from werkzeug.serving import run_simple


class Threaded(ThreadingMixIn, WSGIServer):
    """As Django's runserver has it."""

    daemon_threads = True
    request_queue_size = 64


class Quiet(WSGIRequestHandler):
    """A handler that logs errors only."""

    def log_message(self, *_: Any) -> None:
        """Nothing for a request."""


def main(name: str, app: str, port: int) -> None:
    """Serve until the process is ended."""
    module, _, attribute = app.partition(":")
    application = getattr(import_module(module), attribute)
    if name == "werkzeug":
        run_simple("127.0.0.1", port, application, threaded=True)
    else:
        with make_server("127.0.0.1", port, application, Threaded, Quiet) as server:
            server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
