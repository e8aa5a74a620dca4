"""X-Accel-Redirect: the app says which file, nginx serves it and its ranges."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from edges.engines import DOCS, nginx
from edges.said import COOKIES, SAID
from support.servers import HOST, Server, running
from support.wire import Connection, fetch

BODY = b"".join(b"%07d\n" % number for number in range(100_000))


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    (folder / "sub dir").mkdir(parents=True)
    (folder / "film.mp4").write_bytes(BODY)
    (folder / "sub dir" / "ż 100%?.bin").write_bytes(BODY)
    (tmp_path / "elsewhere.bin").write_bytes(BODY)
    return folder


@pytest.fixture
def edge(media: Path, tmp_path: Path) -> Iterator[Server]:
    command = [sys.executable, "-m", "hypercorn", "accel_app:app", "-b", f"{HOST}:{{port}}"]
    env = {"ACCEL_ROOT": str(media)}
    here = Path(__file__).parent
    with running([*command, "--log-level", "warning"], cwd=here, env=env) as app:
        changes = {
            "server 10.0.0.11:8000;": f"server {HOST}:{app.port};",
            "alias /srv/media/;": f"alias {media}/;",
        }
        with nginx(tmp_path / "edge", "nginx-accel.conf", changes) as edge:
            yield edge


WAYS = ["/pathsend/film.mp4", "/handed/film.mp4"]


@pytest.mark.parametrize("way", WAYS)
def test_nginx_serves_the_file_and_its_ranges(edge: Server, way: str) -> None:
    whole = fetch(edge.port, way)
    assert (whole.status, whole.body) == (200, BODY)
    assert whole["content-type"] == "video/mp4"
    assert whole["accept-ranges"] == "bytes"
    assert whole.get("x-accel-redirect") is None
    assert "app" not in whole["etag"]  # nginx's own
    assert whole["cache-control"] == "max-age=7"
    assert whole["access-control-allow-origin"] == "https://example.org"
    for field, held in (
        ("bytes=0-0", slice(0, 1)),
        ("bytes=1000-1999", slice(1000, 2000)),
        ("bytes=-9", slice(-9, None)),
    ):
        for condition in ([], [("If-Range", whole["etag"])]):
            part = fetch(edge.port, way, [("Range", field), *condition])
            assert (part.status, part.body) == (206, BODY[held])
    several = fetch(edge.port, way, [("Range", "bytes=0-9,100-109")])
    head = f"Content-Type: {several['content-type']}\r\n\r\n".encode()
    parts: Any = BytesParser().parsebytes(head + several.body).get_payload()
    assert [part.get_payload(decode=True) for part in parts] == [BODY[:10], BODY[100:110]]
    past = fetch(edge.port, way, [("Range", f"bytes={len(BODY)}-")])
    assert (past.status, past["content-range"]) == (416, f"bytes */{len(BODY)}")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditions_are_judged_by_nginxs_etag_alone(edge: Server, way: str, method: str) -> None:
    etag = fetch(edge.port, way, method=method)["etag"]

    def status(*headers: tuple[str, str]) -> int:
        return fetch(edge.port, way, headers, method).status

    assert status(("If-None-Match", etag)) == 304
    assert status(("If-None-Match", '"app"')) == 200
    assert status(("If-Match", etag)) == 200
    assert status(("If-Match", '"app"')) == 412
    assert status(("Range", "bytes=0-9"), ("If-Range", '"app"')) == 200


def test_names_are_quoted(edge: Server) -> None:
    answer = fetch(edge.port, "/handed/sub%20dir/%C5%BC%20100%25%3F.bin", [("Range", "bytes=5-9")])
    assert (answer.status, answer.body) == (206, BODY[5:10])


def test_what_is_not_below_the_roots_is_served_by_the_app(edge: Server) -> None:
    for headers, status in (([], 200), ([("Range", "bytes=5-9")], 206)):
        answer = fetch(edge.port, "/outside", headers)
        assert answer.status == status
        assert answer.body == (BODY[5:10] if headers else BODY)
        assert "app" in answer["etag"]
    # A coded file too, whose Content-Encoding nginx would lose.
    coded = fetch(edge.port, "/coded", [("Range", "bytes=5-9")])
    assert (coded.status, coded["content-encoding"], coded.body) == (200, "gzip", BODY)


def test_other_responses_keep_their_ranges_and_conditions(edge: Server) -> None:
    part = fetch(edge.port, "/text", [("Range", "bytes=1-3"), ("If-Range", '"text"')])
    assert (part.status, part.body) == (206, b"ell")
    assert fetch(edge.port, "/text", [("If-None-Match", '"text"')]).status == 304
    assert fetch(edge.port, "/none").status == 404
    assert fetch(edge.port, "/handed/none.mp4").status == 404
    with Connection(edge.port) as connection:
        assert connection.request("POST", "/text", [("Content-Length", "0")]).status == 405


def test_the_internal_location_is_not_for_clients(edge: Server) -> None:
    assert fetch(edge.port, "/protected/film.mp4").status == 404


# What nginx keeps by itself.
KEPT = {"Cache-Control", "Content-Disposition", "Content-Type", "Expires"}


def test_the_configuration_names_what_the_app_says() -> None:
    conf = (DOCS / "nginx-accel.conf").read_text(encoding="utf-8")
    added = re.findall(r"add_header (\S+) \$upstream_http_(\w+);", conf)
    assert len(added) == conf.count("add_header ")
    assert [name.lower().replace("-", "_") for name, _ in added] == [of for _, of in added]
    assert {name for name, _ in added} == SAID.keys() - KEPT


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        pytest.param("GET", [], 200, id="whole"),
        pytest.param("HEAD", [], 200, id="HEAD"),
        pytest.param("GET", [("Range", "bytes=5-9")], 206, id="a range"),
        pytest.param("GET", [("Range", "bytes=5-9,20-29")], 206, id="two ranges"),
        pytest.param("GET", [("Range", "bytes=99999999-")], 416, id="past the end"),
        pytest.param("GET", [("If-None-Match", "*")], 304, id="not modified"),
    ],
)
def test_the_fields_of_the_app_reach_the_client(
    edge: Server, method: str, headers: list[tuple[str, str]], status: int
) -> None:
    answer = fetch(edge.port, "/said", headers, method)
    assert answer.status == status
    assert answer.get("x-accel-redirect") is None
    of_the_bytes = {"Content-Type", "Content-Disposition"}  # an error has its own
    several = len(headers) == 1 and "," in headers[0][1]
    for name, value in SAID.items():
        if (name in of_the_bytes and status > 206) or (name == "Content-Type" and several):
            continue
        assert answer.all(name) == [value], name
    assert answer.all("set-cookie") == COOKIES
    if several:
        assert b"Content-Type: video/x-own\r\n" in answer.body


def test_nothing_is_said_for_an_app_that_is_silent(edge: Server) -> None:
    answer = fetch(edge.port, "/silent", [("Range", "bytes=5-9")])
    assert (answer.status, answer.body) == (206, BODY[5:10])
    for name in SAID.keys() - {"Content-Type"}:
        assert answer.all(name) == [], name
