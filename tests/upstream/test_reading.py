"""The bodies of an upstream: one version, what was promised, and nothing that is not wanted."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import anyio
import httpx
import pytest
from support.apps import BODY, PART, RANGE
from support.content import numbered
from support.driver import ask
from support.parts import read_parts
from support.waiting import SECONDS
from upstream.test_opening import octets, proxy, through
from upstream.zoo import ETAG, Animal, Asked, Piece, Zoo, answer, good, head, zoo

from rangeserve import Limits, ResponseError, serve
from rangeserve.core import format_http_date, parse_range, resolve
from rangeserve.upstream import open_upstream

pytestmark = pytest.mark.anyio

LARGE = numbered(40_000_000)
CHUNKED = {"Content-Range": "bytes 0-999/1000", "Transfer-Encoding": "chunked"}
TWO = [("Range", "bytes=0-9,500000-500009")]


def ignores_ranges(content: bytes, **changes: object) -> Animal:
    def animal(asked: Asked) -> Iterable[Piece]:
        asked.headers.pop("range", None)
        return good(content, **changes)(asked)

    return animal


class TestAnUpstreamThatIgnoresTheRange:
    async def test_it_is_sliced(self) -> None:
        response, server = await through(ignores_ranges(BODY), *RANGE)
        assert (response.status, response.body) == (206, PART)
        assert response["content-range"] == "bytes 150-349/1000"
        assert len(server.asked) == 1

    async def test_and_stopped(self) -> None:
        response, server = await through(ignores_ranges(LARGE), ("Range", "bytes=5000-5999"))
        assert (response.status, response.body) == (206, LARGE[5000:6000])
        assert len(server.asked) == 1
        assert server.sent < 16_000_000

    async def test_several_ranges_are_not_fetched_at_the_same_time(self) -> None:
        response, server = await through(ignores_ranges(LARGE), *TWO)
        parts = read_parts(response["content-type"], response.body)
        assert [part.body for part in parts] == [LARGE[:10], LARGE[500_000:500_010]]
        assert len(server.asked) == 2

    async def test_what_lies_before_is_not_kept_if_the_client_goes_back(self) -> None:
        fields = [("Range", "bytes=500000-500009,0-9")]
        response, _ = await through(ignores_ranges(LARGE), *fields)
        parts = read_parts(response["content-type"], response.body)
        assert [part.body for part in parts] == [LARGE[500_000:500_010], LARGE[:10]]


async def test_several_ranges() -> None:
    response, server = await through(good(LARGE), *TWO)
    parts = read_parts(response["content-type"], response.body)
    assert [part.body for part in parts] == [LARGE[:10], LARGE[500_000:500_010]]
    assert server.ranges == [("GET", "bytes=0-9"), ("GET", "bytes=500000-500009")]


async def test_many_small_ranges_are_few_requests() -> None:
    asked = ",".join(f"{n * 100}-{n * 100 + 9}" for n in range(64))
    response, server = await through(good(LARGE), ("Range", f"bytes={asked}"))
    assert len(read_parts(response["content-type"], response.body)) == 64
    assert len(server.asked) <= 2


class TestAnotherVersion:
    """Two versions are never joined: the answer is cut where the second would begin."""

    @staticmethod
    def changing(before: Animal, after: Animal) -> Animal:
        count = iter(range(100))
        return lambda asked: (before if next(count) == 0 else after)(asked)

    @pytest.mark.parametrize(
        "after",
        [
            pytest.param(good(LARGE, ETag='"v2"'), id="412"),
            pytest.param(ignores_ranges(LARGE, ETag='"v2"'), id="412 of one that ignores ranges"),
            pytest.param(
                lambda asked: good(LARGE, ETag='"v2"')(
                    Asked(asked.method, asked.target, {"range": asked.headers["range"]})
                ),
                id="If-Match is not looked at",
            ),
            pytest.param(good(LARGE + b"x"), id="the same tag for another length"),
            pytest.param(good(LARGE, Last_Modified="Thu, 22 Oct 2015 07:28:00 GMT"), id="a date"),
            pytest.param(
                lambda asked: good(LARGE, ETag=None)(
                    Asked(asked.method, asked.target, {"range": asked.headers["range"]})
                ),
                id="no tag any more",
            ),
            pytest.param(lambda asked: answer(asked, 404, b"", {}), id="404"),
            pytest.param(lambda asked: answer(asked, 503, b"", {}), id="503"),
            pytest.param(good(LARGE, Content_Encoding="br"), id="coded"),
            pytest.param(good(LARGE, Content_Range="bytes 7-16/40000000"), id="another range"),
            pytest.param(octets(b"nonsense\r\n\r\n"), id="nonsense"),
        ],
    )
    async def test_it_is_cut(self, after: Animal) -> None:
        with zoo(self.changing(good(LARGE), after)) as server:
            sent: list[Any] = []

            async def note(message: Any) -> None:
                sent.append(message)

            with pytest.raises(ResponseError, match="upstream"):
                await ask(proxy(server), headers=TWO, on_send=note)
        assert sent[0]["status"] == 206
        assert all(message["more_body"] for message in sent[1:])

    async def test_a_date_is_a_condition_too(self) -> None:
        response, server = await through(good(LARGE, ETag=None), *TWO)
        assert response.status == 206
        assert "if-unmodified-since" in server.asked[1].headers
        assert "if-match" not in server.asked[1].headers

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"ETag": None, "Last_Modified": None}, id="none"),
            pytest.param({"ETag": 'W/"a"', "Last_Modified": None}, id="weak"),
            pytest.param({"ETag": "v1", "Last_Modified": None}, id="not quoted"),
            pytest.param({"ETag": None, "Last_Modified": "soon"}, id="no date"),
        ],
    )
    async def test_without_a_strong_validator_one_answer_is_all(
        self, changes: dict[str, Any]
    ) -> None:
        with zoo(good(LARGE, **changes)) as server:
            app = proxy(server)
            one = await ask(app, headers=[("Range", "bytes=500000-500009")])
            assert (one.status, one.body) == (206, LARGE[500_000:500_010])
            with pytest.raises(ResponseError, match="no strong validator"):
                await ask(app, headers=TWO)

    async def test_a_date_of_this_very_second_is_not_strong(self) -> None:
        soon = format_http_date(time.time() + 3600)
        with zoo(good(LARGE, ETag=None, Last_Modified=soon)) as server:
            app = proxy(server)
            with pytest.raises(ResponseError, match="no strong validator"):
                await ask(app, headers=TWO)


class TestBadBodies:
    @pytest.mark.parametrize(
        ("animal", "why"),
        [
            pytest.param(
                octets(head(200, {"Content-Length": 1000}), BODY[:400]), "failed", id="too short"
            ),
            pytest.param(
                octets(
                    head(206, CHUNKED),
                    b"10\r\n" + BODY[:16] + b"\r\n0\r\n\r\n",
                ),
                "984 bytes too few",
                id="chunked, too short",
            ),
            pytest.param(
                octets(
                    head(206, CHUNKED),
                    b"3e8\r\n" + BODY + b"\r\n1\r\nx\r\n0\r\n\r\n",
                ),
                "more bytes",
                id="chunked, too long",
            ),
            pytest.param(
                octets(
                    head(206, CHUNKED),
                    b"3e8\r\n" + BODY + b"\r\nnonsense",
                ),
                "failed",
                id="bad chunks",
            ),
            pytest.param(
                octets(head(200, {"Content-Length": 1000}), BODY[:400], 30.0),
                "failed",
                id="silence in the middle",
            ),
        ],
    )
    async def test_the_response_is_cut(self, animal: Animal, why: str) -> None:
        with zoo(animal) as server:
            sent: list[Any] = []

            async def note(message: Any) -> None:
                sent.append(message)

            with pytest.raises(ResponseError, match=why):
                await ask(proxy(server, timeout=1.0), headers=[("Range", "bytes=0-")], on_send=note)
        assert all(message["more_body"] for message in sent[1:])


class TestAnUpstreamWithACap:
    """It gives less than it was asked for, as RFC 9110 15.3.7 allows."""

    @pytest.mark.parametrize("asked", ["bytes=0-", "bytes=100-1999999", "bytes=-1000000"])
    async def test_the_rest_is_asked_for(self, asked: str) -> None:
        content = LARGE[:2_000_000]
        capped = serve_capped(content, 300_000)
        with zoo(capped) as server:
            response = await ask(proxy(server), headers=[("Range", asked)])
        first, _, _ = response["content-range"].removeprefix("bytes ").partition("-")
        assert response.body == content[int(first) : int(first) + len(response.body)]
        assert len(response.body) == 2_000_000 - int(first)
        assert len(server.asked) == -(-len(response.body) // 300_000)
        assert {each.headers.get("if-match") for each in server.asked[1:]} == {ETAG}

    async def test_one_that_gives_little_is_not_asked_for_ever(self) -> None:
        with zoo(serve_capped(LARGE, 1000)) as server:
            app = proxy(server)
            with pytest.raises(ResponseError, match="no more than 1000 bytes"):
                await ask(app, headers=[("Range", "bytes=0-")])
        assert len(server.asked) == 1


def serve_capped(content: bytes, most: int) -> Animal:
    """An upstream that gives at most `most` bytes."""

    def animal(asked: Asked) -> Iterable[Piece]:
        requested = parse_range(asked.headers["range"])
        assert requested is not None
        ((start, stop),) = resolve(requested, len(content))
        stop = min(stop, start + most)
        fields = {"ETag": ETAG, "Content-Range": f"bytes {start}-{stop - 1}/{len(content)}"}
        return answer(asked, 206, content[start:stop], fields)

    return animal


async def test_a_range_that_the_middleware_cuts_stops_the_upstream() -> None:
    """The client asks for all, and `max_partial_size` answers with a part."""
    with zoo(good(LARGE)) as server:
        app = serve(
            lambda scope: open_upstream(server.url, scope=scope),
            limits=Limits(max_partial_size=10_000),
        )
        response = await ask(app, headers=[("Range", "bytes=0-")])
    assert (response.status, response.body) == (206, LARGE[:10_000])
    assert server.sent < 16_000_000
    assert len(server.asked) == 1


async def closed(server: Zoo) -> None:
    """Wait until the upstream has seen the end of each connection."""
    with anyio.fail_after(SECONDS):
        while server.open_connections:  # noqa: ASYNC110 - another thread counts them
            await anyio.sleep(0.01)


async def test_a_client_that_leaves_closes_the_connection() -> None:
    with zoo(good(LARGE)) as server:
        await ask(proxy(server), leave_after=100_000)
        await closed(server)
        assert server.sent < 16_000_000


async def test_a_client_is_used_again_and_left_open() -> None:
    with zoo(good(BODY)) as server:
        async with httpx.AsyncClient() as client:
            for _ in range(3):
                response = await ask(proxy(server, client=client), headers=RANGE)
                assert response.body == PART
            assert not client.is_closed
        assert (len(server.asked), server.connections) == (3, 1)


async def test_all_connections_of_a_client_are_in_use() -> None:
    with zoo(good(LARGE)) as server:
        limits = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(limits=limits) as client:
            first = await open_upstream(server.url, client=client)
            try:
                busy = await ask(proxy(server, client=client, timeout=0.3))
            finally:
                await first.aclose()
    assert busy.status in (503, 504)


async def test_it_is_closed_unread() -> None:
    with zoo(good(LARGE)) as server:
        source = await open_upstream(server.url)
        await source.aclose()
        await source.aclose()
        await closed(server)
