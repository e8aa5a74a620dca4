"""Django's `runserver` is WSGI: nobody looks at the Range, and the log says why (symptoms.md)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.pages import blocks, matches
from support.servers import running
from support.wire import fetch

ROOT = Path(__file__).parents[2]
SETTINGS = """
from django.http import FileResponse
from django.urls import path

SECRET_KEY = "of a test"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = __name__
MIDDLEWARE = ["rangeserve.integrations.django.FileHandOver"]
urlpatterns = [path("video.mp4", lambda request: FileResponse(open("video.mp4", "rb")))]
"""


WRAPPED = """
WSGI_APPLICATION = "site_settings.wrapped"


def __getattr__(name):  # when Django asks for it, the settings are there
    if name != "wrapped":
        raise AttributeError(name)
    from django.core.wsgi import get_wsgi_application

    from rangeserve.wsgi import RangeMiddleware

    return RangeMiddleware(get_wsgi_application())
"""


def test_no_warning_where_the_middleware_for_wsgi_is(tmp_path: Path) -> None:
    (tmp_path / "video.mp4").write_bytes(bytes(1000))
    (tmp_path / "site_settings.py").write_text(SETTINGS + WRAPPED, encoding="utf-8")
    command = [sys.executable, "-m", "django", "runserver", "--noreload", "127.0.0.1:{port}"]
    env = {"DJANGO_SETTINGS_MODULE": "site_settings", "PYTHONPATH": str(tmp_path)}
    with running(command, cwd=tmp_path, env=env) as server:
        answer = fetch(server.port, "/video.mp4", [("Range", "bytes=-2")])
        log = server.log
    assert (answer.status, answer["content-range"]) == (206, "bytes 998-999/1000")
    assert "sent by WSGI" not in log


def test_runserver_is_found_and_said(tmp_path: Path) -> None:
    (tmp_path / "video.mp4").write_bytes(bytes(1000))
    (tmp_path / "site_settings.py").write_text(SETTINGS, encoding="utf-8")
    command = [sys.executable, "-m", "django", "runserver", "--noreload", "127.0.0.1:{port}"]
    env = {"DJANGO_SETTINGS_MODULE": "site_settings", "PYTHONPATH": str(tmp_path)}
    (shown,) = (
        block.code
        for block in blocks((ROOT / "docs" / "symptoms.md").read_text(encoding="utf-8"))
        if block.mark == "run by: tests/frameworks/test_wsgi.py"
    )
    asked, _, expected = shown.removeprefix("$ ").partition("\n")
    with running(command, cwd=tmp_path, env=env) as server:
        asked = asked.replace("http://127.0.0.1:8000", server.url)
        for _ in range(2):
            done = subprocess.run(
                asked.split(), capture_output=True, encoding="utf-8", check=True, timeout=30
            )
            assert matches(expected, done.stdout.replace("\r\n", "\n")), done.stdout
        log = server.log
    assert log.count("this file is sent by WSGI") == 1
    assert "uvicorn project.asgi:application" in log
    assert "rangeserve.wsgi.RangeMiddleware" in log
