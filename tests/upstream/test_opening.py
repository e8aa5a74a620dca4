"""The first request to an upstream: what is asked, what is taken over, what is refused."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

import httpx
import pytest
from support.apps import BODY, PART, RANGE
from support.driver import Answer, ask
from upstream.zoo import DATE, ETAG, Animal, Asked, Piece, Zoo, answer, good, head, zoo

from rangeserve import serve
from rangeserve.sources import SourceUnavailable
from rangeserve.upstream import open_upstream

pytestmark = pytest.mark.anyio


def proxy(server: Zoo, **options: Any) -> Any:
    """An app that has whatever the upstream has at the same path."""
    options = {"timeout": 5.0, **options}
    return serve(lambda scope: open_upstream(server.url + scope["path"], scope=scope, **options))


async def through(animal: Animal, *asked: tuple[str, str], **options: Any) -> tuple[Answer, Zoo]:
    with zoo(animal) as server:
        return await ask(proxy(server, **options), path="/film", headers=asked), server


@pytest.mark.parametrize(
    ("fields", "status", "body", "upstream"),
    [
        pytest.param([], 200, BODY, [("GET", None)], id="the whole"),
        pytest.param(RANGE, 206, PART, [("GET", "bytes=150-349")], id="a range"),
        pytest.param(
            [("Range", "bytes=900-")], 206, BODY[900:], [("GET", "bytes=900-")], id="open"
        ),
        pytest.param([("Range", "bytes=-9")], 206, BODY[-9:], [("GET", "bytes=-9")], id="suffix"),
        pytest.param(
            [("Range", "bytes=900-99999")], 206, BODY[900:], [("GET", "bytes=900-99999")],
            id="past the end",
        ),
        pytest.param(
            [*RANGE, ("If-Range", ETAG)], 206, PART, [("GET", "bytes=150-349")], id="If-Range holds"
        ),
        pytest.param([("If-None-Match", ETAG)], 304, b"", [("HEAD", None)], id="304"),
        pytest.param([("If-Match", '"old"')], 412, b"", [("HEAD", None)], id="412"),
        pytest.param(
            [("If-None-Match", '"old"')], 200, BODY, [("HEAD", None), ("GET", "bytes=0-999")],
            id="not a 304",
        ),
        pytest.param(
            [("Range", "bytes=1000-")], 416, b"", [("GET", "bytes=1000-"), ("HEAD", None)], id="416"
        ),
        pytest.param([("Range", "bytes=-0")], 416, b"", [("HEAD", None)], id="selects nothing"),
        pytest.param(
            [*RANGE, ("If-Range", '"old"')], 200, BODY,
            [("GET", "bytes=150-349"), ("GET", "bytes=0-999")], id="If-Range does not hold",
        ),
        pytest.param([("Range", "junk")], 200, BODY, [("GET", None)], id="malformed"),
    ],
)  # fmt: skip
async def test_what_is_asked_of_the_upstream(
    fields: list[tuple[str, str]], status: int, body: bytes, upstream: list[Any]
) -> None:
    response, server = await through(good(BODY), *fields)
    assert (response.status, response.body) == (status, body)
    assert server.ranges == upstream
    for later in server.asked[1:]:
        is_read = "range" in later.headers and status != 416
        assert later.headers.get("if-match") == (ETAG if is_read else None)
    assert {each.headers["accept-encoding"] for each in server.asked} == {"identity"}


async def test_a_head_is_a_head() -> None:
    with zoo(good(BODY)) as server:
        response = await ask(proxy(server), "HEAD", "/film")
    assert (response.status, response["content-length"], response.body) == (200, "1000", b"")
    assert server.ranges == [("HEAD", None)]


async def test_what_is_taken_over() -> None:
    response, _ = await through(good(BODY), *RANGE)
    assert response["etag"] == ETAG
    assert response["last-modified"] == DATE
    assert response["content-type"] == "video/mp4"
    assert response["content-range"] == "bytes 150-349/1000"


async def test_what_the_source_says() -> None:
    stored = {
        "Cache_Control": "private",
        "Content_Disposition": "inline",
        "Set_Cookie": "a=1",
        "X_Powered_By": "x",
    }
    with zoo(good(BODY, **stored)) as server:
        source = await open_upstream(f"{server.url}/film?secret=1")
        try:
            assert source.size == 1000
            assert source.last_modified == datetime(2015, 10, 21, 7, 28, tzinfo=timezone.utc)
            assert source.url == f"{server.url}/film?secret=1"
            assert source.fields == [
                (b"cache-control", b"private"),
                (b"content-disposition", b"inline"),
            ]
            assert b"".join([chunk async for chunk in source.read(10, 20)]) == BODY[10:20]
        finally:
            await source.aclose()


@pytest.mark.parametrize(
    ("date", "known"),
    [("yesterday", False), ("Sat, 01 Jan 0000 00:00:00 GMT", False), (DATE, True)],
)
async def test_a_date_that_is_none(date: str, known: bool) -> None:
    with zoo(good(BODY, Last_Modified=date)) as server:
        source = await open_upstream(server.url)
        await source.aclose()
    assert (source.last_modified is not None) is known


@pytest.mark.parametrize(
    ("status", "fields", "ours", "retry_after"),
    [
        pytest.param(404, {}, 404, None, id="404"),
        pytest.param(410, {}, 404, None, id="410"),
        pytest.param(401, {}, 403, None, id="401"),
        pytest.param(403, {}, 403, None, id="403"),
        pytest.param(429, {"Retry-After": 7}, 503, "7", id="429"),
        pytest.param(503, {"Retry-After": 9999}, 503, "3600", id="503, in a long time"),
        pytest.param(503, {"Retry-After": "tomorrow"}, 503, None, id="503, on a day"),
        pytest.param(503, {"Retry-After": "99999"}, 503, None, id="503, never"),
        pytest.param(504, {"Retry-After": 7}, 504, None, id="504"),
        pytest.param(500, {}, 502, None, id="500"),
        pytest.param(418, {}, 502, None, id="418"),
        pytest.param(204, {}, 502, None, id="204"),
        pytest.param(304, {}, 502, None, id="304 to no condition"),
        pytest.param(302, {}, 502, None, id="a redirect to nowhere"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_statuses(
    status: int, fields: dict[str, Any], ours: int, retry_after: str | None, method: str
) -> None:
    def animal(asked: Asked) -> Iterable[Piece]:
        if status in (204, 304):
            return [head(status, fields)]
        return answer(asked, status, b"<secret/>" * 50, fields)

    with zoo(animal) as server:
        response = await ask(proxy(server), method, "/film")
    assert (response.status, response.get("retry-after")) == (ours, retry_after)
    assert response.body == b""


LIES = [
    pytest.param({"Content_Encoding": "gzip"}, id="coded"),
    pytest.param({"Content_Range": "bytes 150-349/100"}, id="past its end"),
    pytest.param({"Content_Range": "bytes 349-150/1000"}, id="backwards"),
    pytest.param({"Content_Range": "bytes 0-199/1000"}, id="another range"),
    pytest.param({"Content_Range": "bytes 151-349/1000"}, id="begins later"),
    pytest.param({"Content_Range": "bytes 150-350/1000"}, id="a byte more than asked"),
    pytest.param({"Content_Range": "bytes 150-349/*"}, id="no complete length"),
    pytest.param({"Content_Range": "bytes */1000"}, id="of an error"),
    pytest.param({"Content_Range": "lines 150-349/1000"}, id="another unit"),
    pytest.param({"Content_Range": None}, id="no Content-Range"),
    pytest.param({"Content_Range": "bytes 150-340/1000"}, id="shorter than its Content-Length"),
    pytest.param({"Content_Type": "multipart/byteranges; boundary=x", "Content_Range": None},
                 id="several parts"),
]  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
async def test_lies_about_a_range_are_a_502(
    lie: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    response, server = await through(good(BODY, **lie), *RANGE)
    assert (response.status, response.body) == (502, b"")
    assert len(server.asked) == 1
    assert "/film" in caplog.text


def octets(*pieces: Piece) -> Animal:
    """An animal that sends these and closes the connection."""

    def closing(asked: Asked) -> Iterable[Piece]:
        yield from pieces
        raise ConnectionError

    return closing


@pytest.mark.parametrize(
    ("animal", "status"),
    [
        pytest.param(octets(b""), 502, id="closes at once"),
        pytest.param(octets(b"SSH-2.0-OpenSSH\r\n"), 502, id="another protocol"),
        pytest.param(octets(b"HTTP/1.1 200 OK\r\nContent-Le"), 502, id="half a head"),
        pytest.param(octets(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 60_000), 502, id="a long head"),
        pytest.param(octets(head(200, {}), b"abc"), 502, id="no length"),
        pytest.param(
            octets(head(200, {"Transfer-Encoding": "chunked"}), b"3\r\nabc\r\n0\r\n\r\n"), 502,
            id="chunked",
        ),
        pytest.param(
            octets(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"), 502,
            id="two lengths",
        ),
        pytest.param(octets(head(200, {"Content-Length": "-3"})), 502, id="a negative length"),
        pytest.param(octets(head(206, {"Content-Length": 3}), b"abc"), 502, id="206 unasked"),
        pytest.param(octets(head(416, {"Content-Length": 0})), 502, id="416 unasked"),
        pytest.param(octets(30.0), 504, id="silence"),
        pytest.param(octets(*[b"HTTP/1.1 100 Go on\r\n\r\n", 0.05] * 400), 504, id="1xx for ever"),
        pytest.param(octets(*[b"H", 0.2] * 100), 504, id="a head, octet by octet"),
    ],
)  # fmt: skip
async def test_what_is_no_answer(animal: Animal, status: int) -> None:
    response, _ = await through(animal, timeout=1.0)
    assert (response.status, response.body) == (status, b"")


async def test_nobody_listens() -> None:
    with zoo(good(BODY)) as server:
        pass
    with pytest.raises(SourceUnavailable) as raised:
        await open_upstream(server.url)
    assert raised.value.status == 502


@pytest.mark.parametrize("url", ["/film", "ftp://a/b", "film", "http://", "http://a:b/", ""])
async def test_what_is_no_url(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        await open_upstream(url)


class TestWithoutHead:
    """An upstream whose HEAD says nothing is asked for a byte."""

    @staticmethod
    def without_head(content: bytes, *, status: int = 405, length: bool = True) -> Animal:
        def animal(asked: Asked) -> Iterable[Piece]:
            if asked.method == "HEAD":
                return [head(status, {"Content-Length": 0} if length else {"Connection": "close"})]
            return good(content)(asked)

        return animal

    @pytest.mark.parametrize(
        ("status", "length"), [(405, True), (403, True), (501, True), (200, False)]
    )
    async def test_a_byte_tells(self, status: int, length: bool) -> None:
        animal = self.without_head(BODY, status=status, length=length)
        response, server = await through(animal, ("If-None-Match", ETAG))
        assert response.status == 304
        assert server.ranges == [("HEAD", None), ("GET", "bytes=0-0")]

    async def test_what_is_empty(self) -> None:
        response, server = await through(self.without_head(b""), ("If-None-Match", '"old"'))
        assert (response.status, response.body, response["content-length"]) == (200, b"", "0")
        assert server.ranges == [("HEAD", None), ("GET", "bytes=0-0"), ("GET", None)]

    async def test_missing_is_missing(self) -> None:
        animal = self.without_head(BODY, status=404)
        response, server = await through(animal, ("If-None-Match", ETAG))
        assert (response.status, len(server.asked)) == (404, 1)


async def test_a_416_to_a_range_that_there_is() -> None:
    def animal(asked: Asked) -> Iterable[Piece]:
        if asked.method == "HEAD":
            return good(BODY)(asked)
        return answer(asked, 416, b"", {"Content-Range": "bytes */100"})

    response, _ = await through(animal, *RANGE)
    assert response.status == 502


class TestErrorBodies:
    async def test_a_long_one_is_not_read(self) -> None:
        body = bytes(20_000_000)
        response, server = await through(lambda asked: answer(asked, 404, body, {}))
        assert response.status == 404
        assert server.sent < 8_000_000

    async def test_a_slow_one_is_not_awaited(self) -> None:
        def animal(asked: Asked) -> Iterable[Piece]:
            yield head(404, {"Content-Length": 10})
            yield 30.0

        response, _ = await through(animal)
        assert response.status == 404

    async def test_a_short_one_leaves_the_connection_open(self) -> None:
        with zoo(lambda asked: answer(asked, 404, b"no such film", {})) as server:
            async with httpx.AsyncClient() as client:
                for _ in range(3):
                    assert (await ask(proxy(server, client=client), path="/x")).status == 404
                assert (len(server.asked), server.connections) == (3, 1)


async def test_the_log_has_the_cause_and_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "rangeserve")
    with zoo(lambda asked: answer(asked, 500, b"x", {})) as server:
        url = f"http://me:password@127.0.0.1:{server.port}/film?signature=secret"
        with pytest.raises(SourceUnavailable):
            await open_upstream(url)
    assert f"502 for 'http://127.0.0.1:{server.port}/film'" in caplog.text
    assert "the upstream answers 500" in caplog.text
    assert "password" not in caplog.text
    assert "secret" not in caplog.text
