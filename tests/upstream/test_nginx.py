"""A real nginx behind a proxy that seeks."""

from __future__ import annotations

from typing import Any

import pytest
from support.driver import ask
from support.parts import read_parts
from upstream.conftest import FILM, Nginx

from rangeserve import ResponseError, serve
from rangeserve.upstream import open_upstream

pytestmark = pytest.mark.anyio

HEADERS = {"Authorization": "Bearer of-this-app"}


def proxy(nginx: Nginx) -> Any:
    return serve(
        lambda scope: open_upstream(
            nginx.server.url + scope["path"], scope=scope, headers=HEADERS, timeout=5.0
        )
    )


async def test_a_range_is_one_request(nginx: Nginx) -> None:
    answer = await ask(
        proxy(nginx), path="/films/seven.mp4", headers=[("Range", "bytes=7000000-7000099")]
    )
    assert (answer.status, answer.body) == (206, FILM[7_000_000:7_000_100])
    assert answer["content-type"] == "video/mp4"
    assert await nginx.asked(1) == ["GET /films/seven.mp4 206 bytes=7000000-7000099 -"]


async def test_the_etag_is_that_of_nginx_and_holds(nginx: Nginx) -> None:
    app = proxy(nginx)
    whole = await ask(app, path="/films/seven.mp4")
    assert (whole.status, whole.body) == (200, FILM)
    asked = [("Range", "bytes=-100"), ("If-Range", whole["etag"])]
    part = await ask(app, path="/films/seven.mp4", headers=asked)
    assert (part.status, part.body, part["etag"]) == (206, FILM[-100:], whole["etag"])
    current = await ask(app, path="/films/seven.mp4", headers=[("If-None-Match", whole["etag"])])
    assert current.status == 304
    assert (await nginx.asked(3))[-1] == "HEAD /films/seven.mp4 200 - -"


async def test_several_ranges_are_of_one_version(nginx: Nginx) -> None:
    asked = [("Range", "bytes=0-9,4000000-4000009")]
    answer = await ask(proxy(nginx), path="/films/seven.mp4", headers=asked)
    parts = read_parts(answer["content-type"], answer.body)
    assert [part.body for part in parts] == [FILM[:10], FILM[4_000_000:4_000_010]]
    conditions = sorted(line.split()[4] for line in await nginx.asked(2))
    # Quotes are written so in its log.
    assert conditions == sorted(["-", answer["etag"].replace('"', "\\x22")])


async def test_a_film_that_is_replaced_cuts_the_response(nginx: Nginx) -> None:
    film = nginx.site / "films" / "seven.mp4"

    source = await open_upstream(f"{nginx.server.url}/films/seven.mp4", headers=HEADERS)
    first = b"".join([chunk async for chunk in source.read(0, 10)])
    film.with_suffix(".new").write_bytes(b"another film" * 1_000_000)
    film.with_suffix(".new").replace(film)
    with pytest.raises(ResponseError, match="another version"):
        await anext(source.read(4_000_000, 4_000_010))
    await source.aclose()
    assert first == FILM[:10]
    assert sorted(line.split()[2] for line in await nginx.asked(2)) == ["200", "412"]


async def test_nginx_without_ranges_is_sliced(nginx: Nginx) -> None:
    answer = await ask(
        proxy(nginx), path="/no-ranges/seven.mp4", headers=[("Range", "bytes=5000-5099")]
    )
    assert (answer.status, answer.body) == (206, FILM[5000:5100])
    assert len(await nginx.asked(1)) == 1


async def test_a_redirect_within_the_origin(nginx: Nginx) -> None:
    answer = await ask(proxy(nginx), path="/moved/seven.mp4", headers=[("Range", "bytes=0-9")])
    assert (answer.status, answer.body) == (206, FILM[:10])


async def test_nginx_does_not_code_it(nginx: Nginx) -> None:
    """It would for a client that accepts gzip, as ours does; the identity was asked for."""
    asked = [("Accept-Encoding", "gzip"), ("Range", "bytes=0-9")]
    answer = await ask(proxy(nginx), path="/films/a.txt", headers=asked)
    assert (answer.status, answer.body) == (206, b"plain text")
    assert answer.get("content-encoding") is None


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [("/films/none.mp4", HEADERS, 404), ("/films/seven.mp4", {}, 403)],
)
async def test_statuses(nginx: Nginx, path: str, headers: dict[str, str], status: int) -> None:
    app = serve(lambda scope: open_upstream(nginx.server.url + path, scope=scope, headers=headers))
    assert (await ask(app)).status == status


async def test_past_the_end(nginx: Nginx) -> None:
    answer = await ask(proxy(nginx), path="/films/seven.mp4", headers=[("Range", "bytes=9000000-")])
    assert (answer.status, answer["content-range"]) == (416, "bytes */8000000")
