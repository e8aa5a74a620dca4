"""How much uv fetches of a wheel to resolve it from an index under WSGI, bare and wrapped.

`python index.py` prints it. With a port it serves instead: `python index.py INDEX HOW PORT`, where
INDEX is one of `INDEXES` and HOW is `bare` or `wrapped`, the folder in RANGESERVE_INDEX.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from zipfile import ZipFile

HERE = Path(__file__).parent
SIZE = 20_000_000
NAME = "rangeserve_example-1.0-py3-none-any.whl"
METADATA = """Metadata-Version: 2.1
Name: rangeserve-example
Version: 1.0
"""
WHEEL = """Wheel-Version: 1.0
Root-Is-Purelib: true
Tag: py3-none-any
"""


def make_wheel(folder: Path) -> None:
    """A wheel with 20 MB that nobody needs to resolve it."""
    info = "rangeserve_example-1.0.dist-info"
    with ZipFile(folder / NAME, "w") as wheel:
        wheel.writestr("rangeserve_example.bin", random.Random(1).randbytes(SIZE))
        wheel.writestr(f"{info}/METADATA", METADATA)
        wheel.writestr(f"{info}/WHEEL", WHEEL)
        wheel.writestr(f"{info}/RECORD", "")


def pypiserver_app(folder: Path) -> Any:
    """pypiserver, which is made with bottle."""
    import pypiserver

    return pypiserver.app(roots=[folder], disable_fallback=True, authenticate=[], password_file=".")


def django_app(folder: Path) -> Any:
    """An index of one page, whose files are sent by Django's own view."""
    import django
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse
    from django.urls import path
    from django.views.static import serve

    def page(request: Any) -> HttpResponse:
        return HttpResponse(f'<a href="/files/{NAME}">{NAME}</a>')

    urls = [
        path("simple/rangeserve-example/", page),
        path("files/<path:path>", serve, {"document_root": folder}),
    ]
    settings.configure(ROOT_URLCONF=tuple(urls), ALLOWED_HOSTS=["*"], SECRET_KEY="secret")
    django.setup()
    return get_wsgi_application()


INDEXES = {"pypiserver": pypiserver_app, "django": django_app}


def make_app(index: str, how: str) -> Any:
    """An index, `bare` or `wrapped`, which logs the bytes of each answer."""
    from rangeserve.wsgi import RangeMiddleware

    app: Any = INDEXES[index](Path(os.environ["RANGESERVE_INDEX"]))
    wrapped = RangeMiddleware(app) if how == "wrapped" else app

    def counted(environ: dict[str, Any], start_response: Any) -> Any:
        asked = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        given: list[str] = []

        def start(status: str, headers: Any, *rest: Any) -> Any:
            given.append(status[:3])
            return start_response(status, headers, *rest)

        body = wrapped(environ, start)
        count = 0
        try:
            for chunk in body:
                count += len(chunk)
                yield chunk
        finally:
            getattr(body, "close", lambda: None)()
            print(f"sent {count} {given[-1]} {asked}", flush=True)

    return counted


def resolve(index: str, how: str) -> tuple[int, list[str]]:
    """The bytes of the wheel that uv was sent, and the answers that it got for it."""
    sys.path.insert(0, str(HERE.parent))
    from support.servers import running

    environment = {key: value for key, value in os.environ.items() if not key.startswith("UV_")}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make_wheel(folder)
        command = [sys.executable, str(HERE / "index.py"), index, how, "{port}"]
        with running(command, env={"RANGESERVE_INDEX": place}) as server:
            done = subprocess.run(
                [
                    sys.executable, "-m", "uv", "pip", "compile", "-", "--no-cache", "--no-config",
                    "--python", sys.executable, "--index-url", f"{server.url}/simple/",
                ],
                input="rangeserve-example\n", capture_output=True, text=True, timeout=60,
                encoding="utf-8", env=environment,
            )  # fmt: skip
            log = server.log
    assert "rangeserve-example==1.0" in done.stdout, done.stderr
    answers = re.findall(rf"^sent (\d+) (\d+) (\w+) .*{re.escape(NAME)}$", log, re.MULTILINE)
    asked = [f"{method} {code}" for _, code, method in answers]
    return sum(int(size) for size, _, method in answers if method == "GET"), asked


def serve(index: str, how: str, port: int) -> None:
    """Serve with wsgiref until the process is ended."""
    from wsgiref.simple_server import make_server

    from serve import Quiet, Threaded

    with make_server("127.0.0.1", port, make_app(index, how), Threaded, Quiet) as server:
        server.serve_forever()


def main() -> None:
    """Print what is sent, before and after."""
    for index in INDEXES:
        for how in ("bare", "wrapped"):
            size, answers = resolve(index, how)
            print(f"{index:11}{how:8}{size:>11,} bytes of the wheel ({', '.join(answers)})")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        main()
