"""Redirects, and to whom the caller's fields go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpx
import pytest
from support.apps import BODY, PART, RANGE
from support.driver import ask
from upstream.test_opening import proxy
from upstream.zoo import Animal, Asked, Piece, Zoo, answer, good, zoo

from rangeserve.upstream import open_upstream

pytestmark = pytest.mark.anyio

SECRETS = {"Authorization": "Bearer secret", "Cookie": "session=secret", "X-Key": "secret"}


def redirecting(location: str, status: int = 302) -> Animal:
    """`/film` leads to `location`, all else is the film."""

    def animal(asked: Asked) -> Iterable[Piece]:
        if asked.target == "/film":
            return answer(asked, status, b"moved", {"Location": location, "Set-Cookie": "a=1"})
        return good(BODY)(asked)

    return animal


async def ask_film(server: Zoo, **options: Any) -> Any:
    return await ask(proxy(server, **options), path="/film", headers=RANGE)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_within_the_origin(status: int) -> None:
    with zoo(redirecting("/moved?x=1", status)) as server:
        response = await ask_film(server, headers=SECRETS)
    assert (response.status, response.body) == (206, PART)
    assert [each.target for each in server.asked] == ["/film", "/moved?x=1"]
    for each in server.asked:
        assert each.headers["authorization"] == "Bearer secret"
        assert each.headers["x-key"] == "secret"
        assert each.headers["range"] == "bytes=150-349"


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("http://other.example/film", id="another host"),
        pytest.param("//other.example/film", id="another host, the same scheme"),
        pytest.param("ftp://127.0.0.1/film", id="another protocol"),
        pytest.param("file:///etc/passwd", id="a file"),
        pytest.param("http://", id="no host"),
        pytest.param("http://[", id="no URL"),
        pytest.param("/film", id="round and round"),
    ],
)
async def test_what_is_not_followed(location: str) -> None:
    with zoo(redirecting(location)) as server:
        response = await ask_film(server, headers=SECRETS)
    assert response.status == 502
    assert len(server.asked) <= 6


async def test_another_port_is_another_origin() -> None:
    with zoo(good(BODY)) as other, zoo(redirecting(f"{other.url}/b")) as server:
        response = await ask_film(server, headers=SECRETS)
        assert (response.status, other.asked) == (502, [])


class TestCrossOrigin:
    async def test_nothing_of_the_caller_goes_there(self) -> None:
        """Neither the fields of this source, nor the defaults, cookies and auth of the client."""
        with zoo(good(BODY)) as other, zoo(redirecting(f"{other.url}/b")) as server:
            async with httpx.AsyncClient(
                headers={"X-Default": "secret", "User-Agent": "mine/1"},
                cookies={"session": "secret"},
                auth=("me", "secret"),
            ) as client:
                response = await ask_film(server, headers=SECRETS, client=client, cross_origin=True)
        assert (response.status, response.body) == (206, PART)
        (there,) = other.asked
        assert "secret" not in str(there.headers)
        assert set(there.headers) <= {
            "host", "accept", "accept-encoding", "user-agent", "range", "connection"
        }  # fmt: skip
        assert there.headers["user-agent"] == "mine/1"
        assert there.headers["host"] == f"127.0.0.1:{other.port}"

    async def test_later_ranges_go_there_without_it_too(self) -> None:
        with zoo(good(bytes(1_000_000))) as other, zoo(redirecting(f"{other.url}/b")) as server:
            response = await ask(
                proxy(server, headers=SECRETS, cross_origin=True),
                path="/film",
                headers=[("Range", "bytes=0-9,500000-500009")],
            )
        assert response.status == 206
        assert len(other.asked) == 2
        assert len(server.asked) == 1
        assert "secret" not in str([each.headers for each in other.asked])

    async def test_the_user_of_a_location_is_left_out(self) -> None:
        with zoo(good(BODY)) as other:
            location = f"http://me:guess@127.0.0.1:{other.port}/b"
            with zoo(redirecting(location)) as server:
                response = await ask_film(server, cross_origin=True)
        assert response.status == 206
        assert "authorization" not in other.asked[0].headers

    async def test_back_at_home_the_fields_are_sent_again(self) -> None:
        with zoo(good(BODY)) as server:
            home = {"Location": f"{server.url}/b"}
            with zoo(lambda asked: answer(asked, 302, b"", home)) as other:
                server.animal = redirecting(f"{other.url}/")
                response = await ask_film(server, headers=SECRETS, cross_origin=True)
        assert response.status == 206
        assert "secret" not in str(other.asked[0].headers)
        assert server.asked[1].headers["x-key"] == "secret"


async def test_the_user_of_the_url_is_sent_as_authorization() -> None:
    with zoo(redirecting("/moved")) as server:
        source = await open_upstream(f"http://me:pass@127.0.0.1:{server.port}/film")
        await source.aclose()
    assert {each.headers["authorization"] for each in server.asked} == {"Basic bWU6cGFzcw=="}


async def test_the_defaults_and_the_auth_of_a_client_go_home() -> None:
    with zoo(good(BODY)) as server:
        async with httpx.AsyncClient(
            headers={"X-Default": "1", "Accept-Encoding": "gzip"}, auth=("me", "pass")
        ) as client:
            response = await ask_film(server, client=client, headers={"X-Own": "2", "range": "x"})
    assert (response.status, response.body) == (206, PART)
    (asked,) = server.asked
    assert asked.headers["x-default"] == "1"
    assert asked.headers["x-own"] == "2"
    assert asked.headers["accept-encoding"] == "identity"
    assert asked.headers["range"] == "bytes=150-349"
    assert asked.headers["authorization"] == "Basic bWU6cGFzcw=="


async def test_cookies_of_one_user_do_not_go_out_for_another() -> None:
    """An upstream sets a cookie; the next request with the same client has none."""
    with zoo(good(BODY, Set_Cookie="session=of-anna; Path=/")) as server:
        async with httpx.AsyncClient() as client:
            for _ in range(2):
                assert (await ask_film(server, client=client)).status == 206
    assert [each.headers.get("cookie") for each in server.asked] == [None, None]
