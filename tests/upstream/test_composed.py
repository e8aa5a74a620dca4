"""What upstreams have, as members of an archive and joined."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from support.apps import BODY
from support.content import numbered
from support.driver import ask
from support.parts import read_parts
from upstream.zoo import Asked, Piece, Zoo, answer, good, zoo

from rangeserve import ResponseError, serve
from rangeserve.sources import BytesSource, ConcatSource, ZipMember, ZipSource
from rangeserve.upstream import UpstreamSource, open_upstream

pytestmark = pytest.mark.anyio

LARGE = numbered(3_000_000)


def both(asked: Asked) -> Iterable[Piece]:
    """Two files: the second has a tag of its own."""
    if asked.target == "/one":
        return good(LARGE)(asked)
    return good(BODY, ETag='"two"')(asked)


@asynccontextmanager
async def members(server: Zoo, **options: Any) -> AsyncIterator[list[UpstreamSource]]:
    """Both files opened with one client."""
    async with httpx.AsyncClient() as client:
        yield [
            await open_upstream(server.url + path, client=client, **options)
            for path in ("/one", "/two")
        ]


def archive_of(sources: Iterable[UpstreamSource]) -> ZipSource:
    return ZipSource(ZipMember(f"{place}", source) for place, source in enumerate(sources))


@pytest.mark.parametrize("body", [False, True])
async def test_an_archive_is_read_with_one_request_a_member(body: bool) -> None:
    with zoo(both) as server:
        async with members(server, body=body) as sources:
            reply = await ask(serve(lambda scope: archive_of(sources)))
    with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
        assert (archive.read("0"), archive.read("1")) == (LARGE, BODY)
    assert reply["etag"].startswith('"zip-')
    assert len([each for each in server.asked if each.method == "GET"]) == 2
    assert len([each for each in server.asked if each.method == "HEAD"]) == (0 if body else 2)


@pytest.mark.parametrize(
    ("method", "fields", "status"),
    [
        pytest.param("HEAD", [], 200, id="HEAD"),
        pytest.param("GET", [("If-None-Match", "*")], 304, id="304"),
        pytest.param("GET", [("Range", "bytes=99999999-")], 416, id="416"),
    ],
)
async def test_no_body_is_asked_for(method: str, fields: Any, status: int) -> None:
    with zoo(both) as server:
        async with members(server, body=False) as sources:
            reply = await ask(serve(lambda scope: archive_of(sources)), method, headers=fields)
    assert reply.status == status
    assert [each.method for each in server.asked] == ["HEAD", "HEAD"]


async def test_a_range_asks_the_members_that_it_is_in() -> None:
    with zoo(both) as server:
        async with members(server, body=False) as sources:
            joined = ConcatSource([BytesSource(b"head", etag='"h"'), *sources])
            fields = [("Range", f"bytes=104-203,{4 + len(LARGE) + 10}-{4 + len(LARGE) + 19}")]
            reply = await ask(serve(lambda scope: joined), headers=fields)
    parts = read_parts(reply["content-type"], reply.body)
    assert [part.body for part in parts] == [LARGE[100:200], BODY[10:20]]
    assert server.ranges[2:] == [("GET", "bytes=100-199"), ("GET", "bytes=10-19")]
    assert [each.headers["if-match"] for each in server.asked[2:]] == ['"v1"', '"two"']


async def test_a_member_with_another_version_meanwhile_is_cut() -> None:
    def changes(asked: Asked) -> Iterable[Piece]:
        if asked.method == "HEAD" or asked.target == "/one":
            return both(asked)
        return answer(asked, 200, BODY[::-1], {"ETag": '"three"'})

    with zoo(changes) as server:
        async with members(server, body=False) as sources:
            sent: list[Any] = []

            async def note(message: Any) -> None:
                sent.append(message)

            with pytest.raises(ResponseError, match="another version"):
                await ask(serve(lambda scope: archive_of(sources)), on_send=note)
    assert all(message["more_body"] for message in sent[1:])
    assert sum(len(message["body"]) for message in sent[1:]) > len(LARGE) - 100_000


async def test_many_members_of_one_client_hold_no_connection() -> None:
    with zoo(good(LARGE)) as server:
        limits = httpx.Limits(max_connections=2)
        async with httpx.AsyncClient(limits=limits) as client:
            sources = [
                await open_upstream(server.url, client=client, body=False, connect_timeout=1)
                for _ in range(5)
            ]
            reply = await ask(serve(lambda scope: archive_of(sources)))
    with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
        assert archive.testzip() is None
        assert archive.read("4") == LARGE
