"""The vectors' resources from plain WSGI apps that know nothing of ranges, wrapped.

`streams` gives them in odd chunks; `files` through `wsgi.file_wrapper`, `sources` with
`hand_over`; `validated` is `streams` between two validators of the standard library.
RANGESERVE_CONFORMANCE_FILES names the folder of the files (see `tests/conformance/files.py`), and
RANGESERVE_GIVES_DATE is set for a server that does not.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from email.utils import formatdate
from http.client import responses
from pathlib import Path
from typing import Any
from wsgiref.validate import validator

sys.path.insert(0, str(Path(__file__).parents[1] / "conformance"))

from files import LEFT_OUT, mtime_of, name_of
from reference_app import FOLDER, fields, pieces
from resources import RESOURCES

from rangeserve.wsgi import RangeMiddleware, hand_over

GIVES_DATE = "RANGESERVE_GIVES_DATE" in os.environ


def headers_of(resource: dict[str, Any], *, modified: bool) -> list[tuple[str, str]]:
    given = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in fields(resource, modified=modified)
        if resource["status"] not in (204, 304) or name != b"content-type"
    ]
    if GIVES_DATE:
        given.append(("Date", formatdate(usegmt=True)))
    return given


def plain(how: str) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    """The app that serves `how`: "streams", "files" or "sources"."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        method = environ["REQUEST_METHOD"]
        resource = RESOURCES.get(environ["PATH_INFO"])
        if resource is None or method not in resource["methods"]:
            status = "404 Not Found" if resource is None else "405 Method Not Allowed"
            start_response(status, [("Content-Type", "text/plain"), ("Content-Length", "3")])
            return [b"no\n"]
        is_file = how != "streams" and resource["status"] == 200 and method in ("GET", "HEAD")
        modified = not is_file or mtime_of(resource) is None
        headers = headers_of(resource, modified=modified)
        status = f"{resource['status']} {responses[resource['status']]}"
        if is_file:
            assert resource["path"] not in LEFT_OUT
            path = FOLDER / name_of(resource)
            if how == "sources":
                hand_over(environ, path)
                start_response(status, headers)
                return []
            start_response(status, headers)
            wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](path.open("rb"))
            return wrapped
        start_response(status, headers)
        return () if method == "HEAD" else stream(resource)

    return app


def stream(resource: dict[str, Any]) -> Iterator[bytes]:
    """The body, which nobody can measure."""
    yield from pieces(resource)


streams = RangeMiddleware(plain("streams"))
files = RangeMiddleware(plain("files"), etag=None)
sources = RangeMiddleware(plain("sources"), etag=None)
validated = validator(RangeMiddleware(validator(plain("streams"))))
