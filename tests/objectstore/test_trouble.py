"""A store that is slow, down, lying, or overwritten; and a client that leaves."""

from __future__ import annotations

from typing import Any

import anyio
import obstore
import pytest
from objectstore.bucket import CONFIG, store_at
from objectstore.proxy import Asked, Behaviour, Proxy
from support.driver import Answer, ask
from support.servers import free_port

from rangeserve import ResponseError
from rangeserve.objectstore import ObjectStoreApp, open_object, open_store
from rangeserve.sources import SourceUnavailable

pytestmark = pytest.mark.anyio

MIB = 2**20


async def broken(app: Any, path: str, headers: Any = (), **more: Any) -> bytes:
    """What a client has got of a body when its connection is cut."""
    sent: list[dict[str, Any]] = []

    async def note(message: dict[str, Any]) -> None:
        sent.append(message)

    with pytest.raises(ResponseError):
        await ask(app, path=path, headers=headers, on_send=note, **more)
    bodies = [message for message in sent if message["type"] == "http.response.body"]
    assert all(message["more_body"] for message in bodies)
    return b"".join(message["body"] for message in bodies)


# Before the response has begun


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        pytest.param(Behaviour(status=403), 403, id="no access"),
        pytest.param(Behaviour(status=401), 502, id="no credentials"),
        pytest.param(Behaviour(status=500), 502, id="500"),
        pytest.param(Behaviour(status=503), 502, id="503"),
        pytest.param(Behaviour(status=301), 502, id="another region"),
        pytest.param(Behaviour(delay=3), 504, id="silent"),
        pytest.param(Behaviour(headers={"content-length": "garbage"}), 502, id="no HTTP"),
    ],
)
@pytest.mark.parametrize(
    ("method", "headers"),
    [("GET", []), ("GET", [("Range", "bytes=5-9")]), ("HEAD", [])],
    ids=["GET", "a range", "HEAD"],
)
async def test_trouble_is_a_status_and_no_more(
    store: Any,
    proxy: Proxy,
    film: str,
    behaviour: Behaviour,
    status: int,
    method: str,
    headers: list[tuple[str, str]],
) -> None:
    proxy.behave(behaviour)
    # A store that is silent is given up after a second; any other may take its time.
    app = ObjectStoreApp(store, timeout=1) if behaviour.delay else ObjectStoreApp(store)
    answer = await ask(app, method, f"/{film}", headers=headers)
    assert (answer.status, answer.body) == (status, b"")
    assert answer.headers == [("content-length", "0")]
    proxy.reset()
    answer = await ask(ObjectStoreApp(store), path=f"/{film}")
    assert answer.status == 200  # and all is well again


async def test_a_single_5xx_is_retried(store: Any, proxy: Proxy, film: str, content: bytes) -> None:
    proxy.behave(Behaviour(status=503, times=1))
    answer = await ask(ObjectStoreApp(store), path=f"/{film}", headers=[("Range", "bytes=0-99")])
    assert (answer.status, answer.body) == (206, content[:100])
    assert proxy.methods == ["GET", "GET"]


async def test_a_store_that_is_not_there_is_a_502(content: bytes) -> None:
    app = ObjectStoreApp(store_at(free_port()))
    assert (await ask(app, path="/a", headers=[("Range", "bytes=0-1")])).status == 502


@pytest.mark.parametrize("headers", [[], [("Range", "bytes=0-1")], [("If-None-Match", "*")]])
async def test_a_missing_object_is_a_404(store: Any, proxy: Proxy, headers: Any) -> None:
    answer = await ask(ObjectStoreApp(store), path="/none", headers=headers)
    assert (answer.status, answer.body) == (404, b"")
    assert len(proxy.asked) == 1


async def test_a_missing_bucket_is_a_404(moto: Any) -> None:
    store = open_store("s3://no-such-bucket", endpoint=moto.url, **CONFIG)
    assert (await ask(ObjectStoreApp(store), path="/a")).status == 404


@pytest.mark.parametrize("by", ["the app", "a view"])
@pytest.mark.parametrize(
    ("behaviour", "lines"),
    [
        pytest.param(Behaviour(status=500), 1, id="500"),
        pytest.param(Behaviour(status=403), 1, id="no access"),
        pytest.param(Behaviour(status=404), 0, id="missing"),
    ],
)
async def test_trouble_is_logged_once(
    store: Any,
    proxy: Proxy,
    caplog: pytest.LogCaptureFixture,
    behaviour: Behaviour,
    lines: int,
    by: str,
) -> None:
    proxy.behave(behaviour)
    if by == "the app":
        await ask(ObjectStoreApp(store), path="/a/b")
    else:
        with pytest.raises(SourceUnavailable):
            await open_object(store, "a/b")
    logged = [record.getMessage() for record in caplog.records if record.name == "rangeserve"]
    assert len(logged) == lines
    assert all("a/b" in line and line.isprintable() and len(line) < 600 for line in logged)


@pytest.mark.parametrize(
    "endpoint",
    [
        pytest.param("http://user:pa$$word@127.0.0.1:1", id="with user information"),
        pytest.param("https://127.0.0.1:1", id="nobody is there"),
        pytest.param("http://no-such-host.invalid", id="no such name"),
    ],
)
async def test_an_unusable_endpoint_is_logged_without_its_password(
    caplog: pytest.LogCaptureFixture, endpoint: str
) -> None:
    store = open_store(
        "s3://films", timeout=5, endpoint=endpoint, retry_config={"max_retries": 0}, **CONFIG
    )
    with pytest.raises(SourceUnavailable) as caught:
        await open_object(store, "a")
    assert caught.value.status in (502, 504)
    (line,) = [record.getMessage() for record in caplog.records if record.name == "rangeserve"]
    assert line.startswith(f"{caught.value.status} for 'a': ")
    assert "pa$$word" not in line


# In the middle of a body


async def test_a_cut_is_made_good_by_asking_for_the_rest(
    store: Any, proxy: Proxy, film: str, content: bytes
) -> None:
    proxy.behave(Behaviour(cut_after=2_000_000, times=1))
    answer = await ask(ObjectStoreApp(store), path=f"/{film}")
    assert answer.body == content
    assert [each.range for each in proxy.asked] == [None, f"bytes=2000000-{len(content) - 1}"]


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(Behaviour(cut_after=1_000_000), id="cut, whenever it is asked"),
        pytest.param(Behaviour(stall_after=1_000_000), id="silent"),
        pytest.param(Behaviour(headers={"content-length": "1000000"}), id="too few bytes"),
    ],
)
async def test_a_body_that_cannot_be_had_is_cut(
    store: Any, proxy: Proxy, film: str, content: bytes, behaviour: Behaviour
) -> None:
    proxy.behave(behaviour)
    app = ObjectStoreApp(store, timeout=1)
    # Of another length than the store says: a range, whose length is in its Content-Range.
    got = await broken(app, f"/{film}", [("Range", "bytes=0-3999999")], settle=15)
    assert len(got) < 4_000_000
    assert got == content[: len(got)]


async def test_a_longer_body_than_promised_is_not_passed_on(
    store: Any, proxy: Proxy, film: str, content: bytes
) -> None:
    proxy.behave(Behaviour(pad=1000))
    for headers in ([], [("Range", "bytes=10-99")]):
        answer = await ask(ObjectStoreApp(store), path=f"/{film}", headers=headers)
        assert answer.body == (content[10:100] if headers else content)


async def test_a_length_that_nobody_keeps_is_found_out(
    store: Any, proxy: Proxy, film: str, content: bytes
) -> None:
    """The store promises more bytes than it has: it is silent where they should come."""
    proxy.behave(Behaviour(headers={"content-length": str(len(content) + 10)}))
    got = await broken(ObjectStoreApp(store, timeout=1), f"/{film}", settle=15)
    assert got == content[: len(got)]


async def test_another_range_than_was_asked_for_is_refused(
    store: Any, proxy: Proxy, film: str
) -> None:
    proxy.behave(Behaviour(headers={"content-range": "bytes 0-9/100"}))
    answer = await ask(ObjectStoreApp(store), path=f"/{film}", headers=[("Range", "bytes=10-19")])
    assert answer.status == 502


# Overwritten


def overwriting(store: Any, key: str, at: int, proxy: Proxy, content: bytes) -> Behaviour:
    """Overwrites the object as the request number `at` (from 0) comes."""

    def before(asked: Asked) -> None:
        if proxy.asked.index(asked) == at:
            obstore.put(store, key, content, use_multipart=False)

    return Behaviour(before=before)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([("If-None-Match", '"other"')], id="between HEAD and GET"),
        pytest.param([("If-Range", '"other"'), ("Range", "bytes=5-9")], id="after an If-Range"),
        pytest.param([("Range", "bytes=0-9,100-109,1000-1009")], id="between ranges"),
    ],
)
async def test_an_overwritten_object_is_cut_and_not_spliced(
    store: Any, direct: Any, proxy: Proxy, film: str, content: bytes, headers: Any
) -> None:
    other = bytes(len(content))
    proxy.behave(overwriting(direct, film, 1, proxy, other))
    got = await broken(ObjectStoreApp(store), f"/{film}", headers)
    assert b"\0" not in got
    proxy.reset()
    assert (await ask(ObjectStoreApp(store), path=f"/{film}")).body == other


async def test_a_retry_in_mid_body_does_not_splice(
    store: Any, direct: Any, proxy: Proxy, film: str, content: bytes
) -> None:
    overwrite = overwriting(direct, film, 1, proxy, bytes(len(content))).before

    def before(asked: Asked) -> None:
        if proxy.asked.index(asked) == 0:
            proxy.behave(Behaviour(before=overwrite))

    proxy.behave(Behaviour(cut_after=2_000_000, before=before))
    got = await broken(ObjectStoreApp(store), f"/{film}")
    assert len(proxy.asked) >= 2  # the client of the store did try to go on
    assert got == content[: len(got)]


async def test_a_deleted_object_is_cut(
    store: Any, direct: Any, proxy: Proxy, film: str, content: bytes
) -> None:
    def before(asked: Asked) -> None:
        if proxy.asked.index(asked) == 1:
            obstore.delete(direct, film)

    proxy.behave(Behaviour(before=before))
    assert await broken(ObjectStoreApp(store), f"/{film}", [("If-None-Match", '"x"')]) == b""


async def test_a_store_that_ignores_if_match_is_found_out(
    store: Any, direct: Any, proxy: Proxy, film: str, content: bytes
) -> None:
    def before(asked: Asked) -> None:
        asked.headers.pop("if-match", None)
        if proxy.asked.index(asked) == 1:
            obstore.put(direct, film, bytes(len(content)), use_multipart=False)

    proxy.behave(Behaviour(before=before))
    assert await broken(ObjectStoreApp(store), f"/{film}", [("If-None-Match", '"x"')]) == b""


# The client


@pytest.fixture
def large(direct: Any) -> str:
    if "large" not in {each["path"] for batch in obstore.list(direct) for each in batch}:
        obstore.put(direct, "large", bytes(64 * MIB), use_multipart=False)
    return "large"


async def settled(proxy: Proxy) -> int:
    """The bytes that the store has sent, once that has not changed for a while."""
    before = -1
    while before != proxy.bytes_sent:
        before = proxy.bytes_sent
        await anyio.sleep(0.4)
    return before


SEVERAL = [("Range", "bytes=" + ",".join(f"{n * 10 * MIB}-{(n * 10 + 8) * MIB}" for n in range(6)))]


# Under way beside what the process holds (see test_served.py): what fits in the kernel's socket
# buffers, a few MiB for each of 1 or 4 connections.
@pytest.mark.parametrize(
    ("headers", "most"),
    [pytest.param([], 10 * MIB, id="whole"), pytest.param(SEVERAL, 24 * MIB, id="several ranges")],
)
async def test_a_client_that_waits_makes_the_store_wait(
    store: Any, proxy: Proxy, large: str, headers: Any, most: int
) -> None:
    taken = 0
    excess: list[int] = []

    async def slow(message: dict[str, Any]) -> None:
        nonlocal taken
        if taken > MIB and not excess:
            excess.append(await settled(proxy) - taken)
        taken += len(message.get("body", b""))

    answer = await ask(
        ObjectStoreApp(store), path=f"/{large}", headers=headers, on_send=slow, settle=60
    )
    assert taken > 48 * MIB
    assert answer.complete
    assert excess[0] < most


@pytest.mark.parametrize("headers", [[], SEVERAL], ids=["whole", "several ranges"])
async def test_a_client_that_leaves_takes_the_store_with_it(
    store: Any, proxy: Proxy, large: str, headers: Any
) -> None:
    await ask(ObjectStoreApp(store), path=f"/{large}", headers=headers, leave_after=MIB)
    for each in proxy.asked:
        assert await anyio.to_thread.run_sync(each.over.wait, 60)
    assert any(each.cut_off for each in proxy.asked)
    assert proxy.bytes_sent < 16 * MIB


async def test_a_body_that_is_not_needed_is_dropped(store: Any, proxy: Proxy, large: str) -> None:
    headers = [("Range", f"bytes=0-{32 * MIB}"), ("If-Range", '"other"')]
    answer: Answer = await ask(
        ObjectStoreApp(store), path=f"/{large}", headers=headers, leave_after=1
    )
    assert answer.status == 200
    first = proxy.asked[0]
    assert first.range == f"bytes=0-{32 * MIB}"
    assert await anyio.to_thread.run_sync(first.over.wait, 60)
    assert first.cut_off
    assert first.sent < 8 * MIB


@pytest.mark.parametrize("name", ["If-Match", "If-Unmodified-Since"])
async def test_a_412_draws_nothing(store: Any, proxy: Proxy, large: str, name: str) -> None:
    value = '"other"' if name == "If-Match" else "Sat, 01 Jan 2000 00:00:00 GMT"
    answer = await ask(ObjectStoreApp(store), path=f"/{large}", headers=[(name, value)])
    assert answer.status == 412
    assert proxy.methods == ["HEAD"]
