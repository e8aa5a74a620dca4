"""What is asked of a store for one request, and that the bytes are right."""

from __future__ import annotations

from email.parser import BytesParser
from typing import Any

import obstore
import pytest
from objectstore.proxy import Behaviour, Proxy
from support.driver import Answer, ask

from rangeserve import Limits
from rangeserve.objectstore import ObjectStoreApp

pytestmark = pytest.mark.anyio

LATER = "Fri, 01 Jan 2100 00:00:00 GMT"
LONG_AGO = "Sat, 01 Jan 2000 00:00:00 GMT"
SIZE = 5 * 2**20


def parts(answer: Answer) -> list[bytes]:
    head = f"Content-Type: {answer['content-type']}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + answer.body)
    return [part.get_payload(decode=True) for part in message.get_payload()]  # type: ignore


ALL = slice(None)
TAG = "<etag>"  # stands for the object's own
OTHER = '"other"'
CASES = [
    # id, method, headers, status, what the answer holds, what the store was asked
    ("whole", "GET", {}, 200, ALL, "GET"),
    ("a range", "GET", {"Range": "bytes=1000-2000000"}, 206, slice(1000, 2000001), "GET"),
    ("one byte", "GET", {"Range": "bytes=0-0"}, 206, slice(0, 1), "GET"),
    ("open", "GET", {"Range": "bytes=4000000-"}, 206, slice(4000000, None), "GET"),
    ("suffix", "GET", {"Range": "bytes=-500"}, 206, slice(SIZE - 500, None), "GET"),
    ("suffix of more", "GET", {"Range": f"bytes=-{2 * SIZE}"}, 206, ALL, "GET"),
    ("a huge end", "GET", {"Range": f"bytes=5-{10**30}"}, 206, slice(5, None), "GET"),
    ("past the end", "GET", {"Range": f"bytes={SIZE}-"}, 416, None, "GET HEAD"),
    ("far past the end", "GET", {"Range": f"bytes={10**30}-"}, 416, None, "HEAD"),
    ("a suffix of nothing", "GET", {"Range": "bytes=-0"}, 416, None, "HEAD"),
    ("malformed", "GET", {"Range": "bytes=5-1"}, 200, ALL, "GET"),
    ("another unit", "GET", {"Range": "items=0-5"}, 200, ALL, "GET"),
    ("HEAD", "HEAD", {"Range": "bytes=0-5"}, 200, None, "HEAD"),
    ("same tag", "GET", {"If-None-Match": TAG}, 304, None, "HEAD"),
    ("another tag", "GET", {"If-None-Match": OTHER}, 200, ALL, "HEAD GET"),
    ("not modified", "GET", {"If-Modified-Since": LATER}, 304, None, "HEAD"),
    ("modified", "GET", {"If-Modified-Since": LONG_AGO}, 200, ALL, "HEAD GET"),
    ("If-Match", "GET", {"If-Match": TAG, "Range": "bytes=9-"}, 206, slice(9, None), "HEAD GET"),
    ("If-Match fails", "GET", {"If-Match": OTHER, "Range": "bytes=9-19"}, 412, None, "HEAD"),
    ("If-Match fails, whole", "GET", {"If-Match": OTHER}, 412, None, "HEAD"),
    ("unmodified", "GET", {"If-Unmodified-Since": LATER}, 200, ALL, "HEAD GET"),
    ("not unmodified", "GET", {"If-Unmodified-Since": LONG_AGO}, 412, None, "HEAD"),
    ("If-Range", "GET", {"If-Range": TAG, "Range": "bytes=9-"}, 206, slice(9, None), "GET"),
    ("If-Range misses", "GET", {"If-Range": OTHER, "Range": "bytes=9-19"}, 200, ALL, "GET GET"),
    ("ranges that are all", "GET", {"Range": "bytes=0-99,100-"}, 200, ALL, "GET GET"),
    ("ranges that touch", "GET", {"Range": "bytes=0-9,10-19"}, 206, slice(0, 20), "GET GET"),
]


@pytest.mark.parametrize(
    ("method", "headers", "status", "held", "asked"),
    [pytest.param(*case[1:], id=case[0]) for case in CASES],
)
async def test_what_a_request_costs(
    store: Any,
    proxy: Proxy,
    film: str,
    content: bytes,
    method: str,
    headers: dict[str, str],
    status: int,
    held: slice | None,
    asked: str,
) -> None:
    etag = obstore.head(store, film)["e_tag"]
    assert etag is not None
    proxy.reset()
    sent = [(name, value.replace(TAG, etag)) for name, value in headers.items()]
    answer = await ask(ObjectStoreApp(store), method, f"/{film}", headers=sent)
    assert answer.status == status
    assert answer.body == (content[held] if held is not None else b"")
    if status not in (412, 416):
        assert answer["etag"] == etag
    if status == 200:
        assert int(answer["content-length"]) == len(content)
        assert (answer["content-type"], answer["cache-control"]) == ("video/mp4", "max-age=60")
    if status == 416:
        assert answer["content-range"] == f"bytes */{len(content)}"
    assert " ".join(proxy.methods) == asked
    # Whatever was asked second, was asked on condition.
    assert all(each.headers["if-match"] == etag for each in proxy.asked[1:] if each.method == "GET")


async def test_a_store_gives_a_byte_for_a_byte(store: Any, proxy: Proxy, film: str) -> None:
    await ask(ObjectStoreApp(store), path=f"/{film}", headers=[("Range", "bytes=1048576-3145727")])
    assert [(each.method, each.range, each.sent) for each in proxy.asked] == [
        ("GET", "bytes=1048576-3145727", 2097152)
    ]


async def test_several_ranges_are_a_request_each(
    store: Any, proxy: Proxy, film: str, content: bytes
) -> None:
    starts = [3_000_000, 0, 1_000_000, 5_000_000, 2_000_000, 4_000_000]
    field = "bytes=" + ",".join(f"{start}-{start + 99_999}" for start in starts)
    proxy.behave(Behaviour(delay=0.2))
    answer = await ask(ObjectStoreApp(store), path=f"/{film}", headers=[("Range", field)])
    assert answer.status == 206
    assert parts(answer) == [content[start : start + 100_000] for start in starts]
    assert proxy.methods == ["GET"] * 6
    assert proxy.bytes_sent == 600_000
    assert proxy.most_at_once == 4


async def test_an_empty_object_is_an_empty_200(store: Any, direct: Any, proxy: Proxy) -> None:
    obstore.put(direct, "empty", b"")
    for headers in ([], [("Range", "bytes=0-")], [("Range", "bytes=-1")]):
        answer = await ask(ObjectStoreApp(store), path="/empty", headers=headers)
        assert (answer.status, answer["content-length"], answer.body) == (200, "0", b"")


async def test_an_open_range_that_is_answered_in_part_is_one_request(
    store: Any, proxy: Proxy, film: str, content: bytes
) -> None:
    app = ObjectStoreApp(store, limits=Limits(max_partial_size=100_000))
    answer = await ask(app, path=f"/{film}", headers=[("Range", "bytes=7-")])
    assert (answer.status, answer.body) == (206, content[7:100_007])
    assert proxy.methods == ["GET"]


async def test_a_416_that_cannot_be_right_is_a_failure(
    store: Any, proxy: Proxy, film: str, content: bytes
) -> None:
    proxy.behave(Behaviour(status=416, times=1))
    answer = await ask(ObjectStoreApp(store), path=f"/{film}", headers=[("Range", "bytes=-70")])
    assert answer.status == 502
    assert proxy.methods == ["GET", "HEAD"]


async def test_the_fields_stored_with_an_object_are_sent(store: Any, direct: Any) -> None:
    obstore.put(
        direct,
        "report",
        b"gruezi",
        attributes={
            "Content-Type": "text/plain",
            "Content-Language": "de-CH",
            "Content-Disposition": 'attachment; filename="r.txt"',
        },
    )
    for method in ("GET", "HEAD"):
        answer = await ask(ObjectStoreApp(store), method, "/report")
        assert answer["content-type"] == "text/plain"
        assert answer["content-language"] == "de-CH"
        assert answer["content-disposition"] == 'attachment; filename="r.txt"'
        assert answer.get("content-encoding") is None


async def test_a_coded_object_is_sent_whole_with_its_coding(
    store: Any, direct: Any, proxy: Proxy
) -> None:
    obstore.put(direct, "a.js", b"\x1f\x8b coded", attributes={"Content-Encoding": "gzip"})
    app = ObjectStoreApp(store)
    answer = await ask(app, path="/a.js", headers=[("Range", "bytes=0-3")])
    assert (answer.status, answer["content-encoding"]) == (200, "gzip")
    assert answer.body == b"\x1f\x8b coded"
    assert answer.get("accept-ranges") is None


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("with space.txt", "/with space.txt"),
        ("percent%20.txt", "/percent%20.txt"),
        ("a+b~c#d?e.txt", "/a+b~c#d?e.txt"),
        ("dir.d/..hidden", "/dir.d/..hidden"),
        ("żółw/🐢.txt", "/żółw/🐢.txt"),
    ],
)
async def test_a_key_is_what_the_path_spells(store: Any, direct: Any, key: str, path: str) -> None:
    obstore.put(direct, key, key.encode())
    assert (await ask(ObjectStoreApp(store), path=path)).body == key.encode()
    assert obstore.head(direct, key)["path"] == key


@pytest.mark.parametrize(
    "stored",
    ["application/octet-stream", "binary/octet-stream", "text/plain", "text/html;charset=utf-7"],
)
@pytest.mark.parametrize("key", ["a.mp4", "page.html", "drawing.svg", "b.unheard-of"])
async def test_a_stored_media_type_is_never_overridden_by_a_name(
    store: Any, direct: Any, key: str, stored: str
) -> None:
    obstore.put(direct, key, b"<script>", attributes={"Content-Type": stored})
    for headers in ([], [("Range", "bytes=1-3")]):
        answer = await ask(ObjectStoreApp(store), path=f"/{key}", headers=headers)
        assert answer["content-type"] == stored
        assert answer["x-content-type-options"] == "nosniff"
    several = await ask(ObjectStoreApp(store), path=f"/{key}", headers=[("Range", "bytes=0-0,2-2")])
    assert f"Content-Type: {stored}\r\n".lower().encode() in several.body.lower()


async def test_many_tiny_ranges_are_few_requests(
    store: Any, proxy: Proxy, film: str, content: bytes
) -> None:
    starts = [3_000_000 + 100 * number for number in range(60)][::-1]
    field = "bytes=" + ",".join(f"{start}-{start}" for start in starts)
    answer = await ask(ObjectStoreApp(store), path=f"/{film}", headers=[("Range", field)])
    assert (answer.status, len(answer.body) < 10_000) == (206, True)
    assert parts(answer) == [content[start : start + 1] for start in starts]
    assert proxy.methods == ["GET", "GET"]
    assert proxy.bytes_sent < 10_000
