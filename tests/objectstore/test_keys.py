"""Which keys are looked up, and where the app can be mounted."""

from __future__ import annotations

from typing import Any

import obstore
import pytest
from hypothesis import given
from hypothesis import strategies as st
from objectstore.proxy import Proxy
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route
from support.driver import ask, http_scope

from rangeserve import RangeMiddleware, hand_over
from rangeserve.objectstore import ObjectStoreApp, open_object, safe_key
from rangeserve.sources import SourceUnavailable

pytestmark = pytest.mark.anyio

UNSAFE = [
    pytest.param("/", id="the bucket itself"),
    pytest.param("//", id="an empty segment"),
    pytest.param("//a", id="a second slash first"),
    pytest.param("/a//b", id="an empty segment inside"),
    pytest.param("/a/", id="a slash at the end"),
    pytest.param("/..", id="two dots"),
    pytest.param("/../a", id="up and out"),
    pytest.param("/a/../../b", id="up and out later"),
    pytest.param("/a/./b", id="a dot"),
    pytest.param("/a/..", id="up at the end"),
    pytest.param("/%2e%2e/a", id="dots that are coded twice"),
    pytest.param("/%2E%2e/a", id="in either case"),
    pytest.param("/.%2e/a", id="half coded"),
    pytest.param("/%252e%252e/a", id="dots that are coded three times"),
    pytest.param("/a%2f..%2fb", id="coded slashes"),
    pytest.param("/..%5cb", id="a coded backslash"),
    pytest.param("/a%00b", id="a coded NUL"),
    pytest.param("/a\0b", id="NUL"),
    pytest.param("/a\nb", id="a line feed"),
    pytest.param("/a\x7fb", id="DEL"),
    pytest.param("/a\\b", id="a backslash"),
    pytest.param("/..\\b", id="up, as Windows writes it"),
    pytest.param("/%2525252541", id="coded more often than anybody would"),
    pytest.param("/" + "k" * 1025, id="too long"),
    pytest.param("/" + "ż" * 513, id="too long in bytes"),
    pytest.param("/a\udc80", id="not UTF-8"),
]


NO_PATHS = [
    pytest.param("", id="nothing"),
    pytest.param("a", id="no slash first"),
    pytest.param("dir/film.mp4", id="a key, and no path"),
    pytest.param("*", id="an asterisk"),
]


@pytest.mark.parametrize("path", [*UNSAFE, *NO_PATHS])
def test_unsafe_paths_have_no_key(path: str) -> None:
    assert safe_key(path) is None
    assert safe_key(path, "films") is None


@pytest.mark.parametrize("path", UNSAFE)
async def test_an_unsafe_path_is_a_404_and_the_store_is_not_asked(
    store: Any, proxy: Proxy, path: str
) -> None:
    scope = {**http_scope(path="/x"), "path": path}
    assert (await ask(ObjectStoreApp(store), scope=scope)).status == 404
    assert proxy.asked == []


@pytest.mark.parametrize("path", NO_PATHS)
async def test_a_path_without_a_slash_is_a_400(
    store: Any, proxy: Proxy, film: str, path: str
) -> None:
    scope = {**http_scope(path="/x"), "path": path}
    answer = await ask(ObjectStoreApp(store), scope=scope)
    assert (answer.status, answer.body) == (400, b"")
    assert proxy.asked == []


@pytest.mark.parametrize(
    ("path", "prefix", "key"),
    [
        ("/a", "", "a"),
        ("/a/b.mp4", "films", "films/a/b.mp4"),
        ("/a", "/films/2026/", "films/2026/a"),
        ("/..a/b..", "", "..a/b.."),
        ("/...", "", "..."),
        ("/100%", "", "100%"),
        ("/a%20b", "", "a%20b"),
        ("/a%252520b", "", "a%252520b"),
        ("/ ", "", " "),
        ("/" + "k" * 1024, "", "k" * 1024),
    ],
)
def test_safe_paths_are_keys(path: str, prefix: str, key: str) -> None:
    assert safe_key(path, prefix) == key


@given(st.text(alphabet="./\\%25eEfF0a\0 ", max_size=20))
def test_a_key_stays_under_its_prefix(path: str) -> None:
    key = safe_key(path, "films")
    if key is not None:
        assert key.startswith("films/")
        assert not {"", ".", ".."}.intersection(key.split("/"))
        assert path == key[len("films") :]


@pytest.mark.parametrize("prefix", ["..", "a/../b", "a//b", "a\0"])
def test_a_prefix_that_no_key_has_is_refused(store: Any, prefix: str) -> None:
    with pytest.raises(ValueError, match="not a prefix"):
        ObjectStoreApp(store, prefix)


@pytest.mark.parametrize("key", ["", "/", "a//b", "../a", "a\0b"])
async def test_a_handler_cannot_ask_for_the_bucket_or_for_a_bad_key(
    store: Any, proxy: Proxy, key: str
) -> None:
    with pytest.raises(SourceUnavailable) as caught:
        await open_object(store, key)
    assert caught.value.status == 404
    assert proxy.asked == []


async def test_only_what_is_under_the_prefix_is_served(
    store: Any, direct: Any, film: str, content: bytes
) -> None:
    obstore.put(direct, "dirt", b"secret")
    app = ObjectStoreApp(store, "dir")
    assert (await ask(app, path="/film.mp4", headers=[("Range", "bytes=0-9")])).status == 206
    for path in ("/dirt", "/../dirt", "/dir/film.mp4", "/t"):
        scope = {**http_scope(), "path": path}
        assert (await ask(app, scope=scope)).status == 404


@pytest.mark.parametrize(
    ("root_path", "path", "status"),
    [
        pytest.param("/media", "/media/film.mp4", 206, id="the path holds the root_path"),
        pytest.param("/media/", "/media/film.mp4", 206, id="with a slash at its end"),
        pytest.param("/media", "/film.mp4", 206, id="the path does not hold it"),
        pytest.param("/media", "/mediafilm.mp4", 404, id="something else that begins alike"),
        pytest.param("/media", "/media", 404, id="the mount itself"),
        pytest.param("/media", "/media/../film.mp4", 404, id="up and out of the mount"),
        pytest.param("", "/film.mp4", 206, id="no root_path"),
    ],
)
async def test_the_root_path_is_left_out(
    store: Any, film: str, root_path: str, path: str, status: int
) -> None:
    scope = http_scope(path=path, headers=[("Range", "bytes=0-9")])
    scope["root_path"] = root_path
    assert (await ask(ObjectStoreApp(store, "dir"), scope=scope)).status == status


async def test_it_can_be_mounted_in_starlette(
    store: Any, proxy: Proxy, film: str, content: bytes
) -> None:
    app = Starlette(routes=[Mount("/media", ObjectStoreApp(store, "dir"))])
    answer = await ask(app, path="/media/film.mp4", headers=[("Range", "bytes=-9")])
    assert (answer.status, answer.body) == (206, content[-9:])
    assert proxy.methods == ["GET"]


async def test_inside_another_middleware_a_range_is_still_one_small_request(
    store: Any, proxy: Proxy, film: str, content: bytes
) -> None:
    app = RangeMiddleware(Starlette(routes=[Mount("/media", ObjectStoreApp(store, "dir"))]))
    field = [("Range", "bytes=4000000-4000009")]
    answer = await ask(app, path="/media/film.mp4", headers=field)
    assert (answer.status, answer.body) == (206, content[4000000:4000010])
    assert [(each.method, each.sent) for each in proxy.asked] == [("GET", 10)]
    posted = await ask(app, "POST", path="/media/film.mp4")
    assert (posted.status, posted["allow"]) == (405, "GET, HEAD")


async def test_a_handler_hands_an_object_over(
    store: Any, proxy: Proxy, film: str, content: bytes
) -> None:
    async def view(request: Any) -> Response:
        try:
            source = await open_object(store, request.query_params["key"], scope=request.scope)
        except SourceUnavailable as unavailable:
            return Response(status_code=unavailable.status)
        hand_over(request.scope, source)
        return Response(headers={"Cache-Control": "private"})

    app = RangeMiddleware(Starlette(routes=[Route("/film", view)]))

    async def get(key: str, **headers: str) -> Any:
        scope = http_scope(path="/film", headers=headers.items())
        scope["query_string"] = f"key={key}".encode()
        return await ask(app, scope=scope)

    answer = await get(film, Range="bytes=5-14")
    assert (answer.status, answer.body) == (206, content[5:15])
    assert answer["cache-control"] == "private"
    assert proxy.methods == ["GET"]
    assert (await get("none")).status == 404
