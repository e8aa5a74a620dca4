"""Flask, Django, its runserver and static files, and WhiteNoise: seek, resume and ask again."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest
from support.content import numbered
from support.servers import Server, running
from support.wire import fetch
from wsgi_servers import HERE, serving

FILM = numbered(1_000_003)
# The site, its server, and the path of the film.
SITES = [
    ("flask", "gunicorn", "/film.mp4"),
    ("flask", "werkzeug", "/film.mp4"),
    ("flask", "uwsgi", "/film.mp4"),
    ("flask", "gunicorn", "/stream/film.mp4"),
    ("django", "waitress", "/film.mp4"),
    ("django", "gunicorn", "/stream/film.mp4"),
    ("django", "runserver", "/film.mp4"),
    ("static", "cheroot", "/static/film.mp4"),
    ("static", "wsgiref", "/static/film.mp4"),
    ("whitenoise", "gunicorn", "/film.mp4"),
    ("whitenoise", "waitress", "/film.mp4"),
]


@pytest.fixture(scope="module", params=SITES, ids=" ".join)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, str]]:
    name, server, path = request.param
    folder = tmp_path_factory.mktemp("site")
    film = folder / "film.mp4"
    film.write_bytes(FILM)
    os.utime(film, (1_700_000_000, 1_700_000_000))
    env = {"RANGESERVE_SITE": str(folder)}
    if server == "runserver":
        command = [sys.executable, "sites.py", "127.0.0.1:{port}"]
        with running(command, cwd=HERE, env=env) as run:
            yield run, path
            log = run.log
    else:
        with serving(server, f"sites:{name}", env) as run:
            yield run, path
            log = run.log
    assert "Traceback" not in log


def test_the_whole(site: tuple[Server, str]) -> None:
    server, path = site
    whole = fetch(server.port, path)
    assert (whole.status, whole.body, whole["accept-ranges"]) == (200, FILM, "bytes")
    head = fetch(server.port, path, method="HEAD")
    assert (head.status, head["content-length"]) == (200, str(len(FILM)))


@pytest.mark.parametrize(
    ("field", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=700000-", 700_000, 1_000_003),
        ("bytes=-100", 999_903, 1_000_003),
    ],
)
def test_a_seek(site: tuple[Server, str], field: str, start: int, stop: int) -> None:
    server, path = site
    part = fetch(server.port, path, [("Range", field)])
    assert (part.status, part.body) == (206, FILM[start:stop])
    assert part["content-range"] == f"bytes {start}-{stop - 1}/{len(FILM)}"


def test_several_parts_and_none(site: tuple[Server, str]) -> None:
    server, path = site
    parts = fetch(server.port, path, [("Range", "bytes=5-9, 500000-500009")])
    assert parts["content-type"].startswith("multipart/byteranges")
    assert FILM[500_000:500_010] in parts.body
    none = fetch(server.port, path, [("Range", "bytes=2000000-")])
    assert (none.status, none["content-range"]) == (416, f"bytes */{len(FILM)}")


def test_a_resume_and_a_second_visit(site: tuple[Server, str]) -> None:
    server, path = site
    etag = fetch(server.port, path, method="HEAD")["etag"]
    assert etag.startswith('"')
    resumed = fetch(server.port, path, [("Range", "bytes=400000-"), ("If-Range", etag)])
    assert (resumed.status, resumed.body) == (206, FILM[400_000:])
    changed = fetch(server.port, path, [("Range", "bytes=400000-"), ("If-Range", '"other"')])
    assert (changed.status, changed.body) == (200, FILM)
    assert fetch(server.port, path, [("If-None-Match", etag)]).status == 304
