"""However a WSGI app gives its body, ranges of it are right, and it is closed once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from wsgiref.validate import validator

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.descriptors import open_files
from support.driver import ask as ask_asgi
from support.wsgi import Body, Reply, ask, environ_of

import rangeserve
from rangeserve.sources import BytesSource, CallableSource, OpenFileSource
from rangeserve.wsgi import RangeMiddleware, hand_over

BODY = bytes(place % 251 for place in range(100_000))
PIECES = [BODY[place : place + 7_001] for place in range(0, len(BODY), 7_001)]
LENGTH = ("Content-Length", str(len(BODY)))
TYPE = ("Content-Type", "application/octet-stream")
OK = "200 OK"

Way = Callable[[Any, Any, Path], Any]
WAYS: dict[str, Way] = {}


def way(name: str) -> Callable[[Way], Way]:
    """Register a way of giving the body: an app that also gets the path of a file with it."""

    def register(function: Way) -> Way:
        WAYS[name] = function
        return function

    return register


@way("a list")
def a_list(environ: Any, start: Any, path: Path) -> Any:
    start(OK, [TYPE])
    return list(PIECES)


@way("one chunk that is counted by its container")
def sized(environ: Any, start: Any, path: Path) -> Any:
    class One(Body):
        def __len__(self) -> int:
            return 1

    start(OK, [TYPE])
    return One(BODY)


@way("a stream")
def a_stream(environ: Any, start: Any, path: Path) -> Any:
    start(OK, [TYPE, LENGTH])
    return Body(*PIECES)


@way("a generator that starts late")
def late(environ: Any, start: Any, path: Path) -> Iterator[bytes]:
    start(OK, [TYPE, LENGTH])
    yield from PIECES


@way("write")
def writes(environ: Any, start: Any, path: Path) -> Any:
    write = start(OK, [TYPE, LENGTH])
    for piece in PIECES:
        write(piece)
    return []


@way("write, and a stream after it")
def writes_and_gives(environ: Any, start: Any, path: Path) -> Any:
    write = start(OK, [TYPE, LENGTH])
    write(PIECES[0])
    return Body(*PIECES[1:])


@way("a file")
def a_file(environ: Any, start: Any, path: Path) -> Any:
    start(OK, [TYPE])
    return environ["wsgi.file_wrapper"](path.open("rb"))


@way("a file with a length")
def a_file_with_length(environ: Any, start: Any, path: Path) -> Any:
    start(OK, [TYPE, LENGTH])
    return environ["wsgi.file_wrapper"](path.open("rb", buffering=0), 1000)


@way("a file from its middle")
def a_file_from_its_middle(environ: Any, start: Any, path: Path) -> Any:
    longer = path.with_name("longer")
    longer.write_bytes(b"before" + BODY)
    file = longer.open("rb")
    file.seek(6)
    start(OK, [TYPE])
    return environ["wsgi.file_wrapper"](file)


@way("the first bytes of a file")
def the_first_bytes(environ: Any, start: Any, path: Path) -> Any:
    longer = path.with_name("longer")
    longer.write_bytes(BODY + b"after")
    start(OK, [TYPE, LENGTH])
    return environ["wsgi.file_wrapper"](longer.open("rb"))


@way("a BytesIO")
def a_bytes_io(environ: Any, start: Any, path: Path) -> Any:
    start(OK, [TYPE])
    return environ["wsgi.file_wrapper"](BytesIO(BODY))


@way("a BytesIO with a length")
def a_bytes_io_with_length(environ: Any, start: Any, path: Path) -> Any:
    start(OK, [TYPE, LENGTH])
    return environ["wsgi.file_wrapper"](BytesIO(BODY))


@way("handed over: a path")
def hands_over_path(environ: Any, start: Any, path: Path) -> Any:
    hand_over(environ, path)
    start(OK, [TYPE])
    return []


@way("handed over: a name, late")
def hands_over_late(environ: Any, start: Any, path: Path) -> Iterator[bytes]:
    hand_over(environ, str(path))
    start(OK, [TYPE])
    yield b""


@way("handed over: bytes")
def hands_over_bytes(environ: Any, start: Any, path: Path) -> Any:
    hand_over(environ, bytearray(BODY))
    start(OK, [TYPE])
    return []


@way("handed over: a file")
def hands_over_file(environ: Any, start: Any, path: Path) -> Any:
    hand_over(environ, path.open("rb"))
    start(OK, [TYPE])
    return []


@way("handed over: a BytesIO, and then written to")
def hands_over_file_object(environ: Any, start: Any, path: Path) -> Any:
    hand_over(environ, BytesIO(BODY))
    start(OK, [TYPE])(b"")
    return []


@way("handed over: sources")
def hands_over_source(environ: Any, start: Any, path: Path) -> Any:
    hand_over(environ, BytesSource(b"replaced"))
    hand_over(environ, OpenFileSource(path.open("rb"), close=True))
    start(OK, [TYPE])
    return []


@way("handed over: a callable")
def hands_over_callable(environ: Any, start: Any, path: Path) -> Any:
    def read(begin: int, end: int) -> Iterator[bytes]:
        for place in range(begin, end, 1000):
            yield BODY[place : min(place + 1000, end)]

    hand_over(environ, CallableSource(read, len(BODY)))
    start(OK, [TYPE])
    return []


@pytest.fixture(params=WAYS)
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """One of the ways as an app; at the end nothing it has opened is open."""
    path = tmp_path / "file"
    path.write_bytes(BODY)
    bodies: list[Body] = []

    def wrapped(environ: Any, start_response: Any) -> Any:
        body = WAYS[request.param](environ, start_response, path)
        if isinstance(body, Body):
            bodies.append(body)
        return body

    yield wrapped
    assert open_files(str(tmp_path)) == []
    assert all(body.closed == 1 for body in bodies)


RANGES = [
    pytest.param("bytes=0-0", [(0, 1)], id="the first byte"),
    pytest.param("bytes=7000-7001", [(7000, 7002)], id="over the end of a chunk"),
    pytest.param("bytes=50000-", [(50_000, 100_000)], id="open"),
    pytest.param("bytes=-5", [(99_995, 100_000)], id="a suffix"),
    pytest.param("bytes=10-19, 60000-70000", [(10, 20), (60_000, 70_001)], id="two"),
]


@pytest.mark.parametrize(("field", "parts"), RANGES)
@pytest.mark.parametrize("strict", [False, True], ids=["", "validated"])
def test_a_range(app: Any, field: str, parts: list[tuple[int, int]], strict: bool) -> None:
    wrapped = RangeMiddleware(app)
    reply = ask(validator(wrapped) if strict else wrapped, headers=[("Range", field)])
    assert (reply.status, reply.raised) == (206, None)
    assert reply.looks_complete
    if len(parts) == 1:
        ((start, stop),) = parts
        assert reply["content-range"] == f"bytes {start}-{stop - 1}/{len(BODY)}"
        assert reply.body == BODY[start:stop]
    else:
        assert all(BODY[start:stop] in reply.body for start, stop in parts)
        assert reply["content-type"].startswith("multipart/byteranges")


def test_the_whole(app: Any) -> None:
    reply = ask(validator(RangeMiddleware(app)))
    assert (reply.status, reply.body, reply.raised) == (200, BODY, None)


def test_the_whole_if_the_range_is_malformed(app: Any) -> None:
    reply = ask(RangeMiddleware(app), headers=[("Range", "bytes=x")])
    assert (reply.status, reply.body, reply["accept-ranges"]) == (200, BODY, "bytes")


def test_nothing_of_it_is_satisfiable(app: Any) -> None:
    reply = ask(validator(RangeMiddleware(app)), headers=[("Range", "bytes=100000-")])
    assert (reply.status, reply.body, reply.raised) == (416, b"", None)
    assert reply["content-range"] == "bytes */100000"


def test_a_head(app: Any) -> None:
    reply = ask(validator(RangeMiddleware(app)), "HEAD", [("Range", "bytes=0-9")])
    assert (reply.status, reply.body, reply.raised) == (200, b"", None)


def test_a_client_that_leaves(app: Any) -> None:
    reply = ask(RangeMiddleware(app), headers=[("Range", "bytes=10-")], take=1)
    assert reply.status == 206
    assert reply.raised is None


def test_the_client_has_it(app: Any) -> None:
    reply = ask(validator(RangeMiddleware(app)), headers=[("If-None-Match", "*")])
    assert (reply.status, reply.body, reply.raised) == (304, b"", None)


def test_a_method_that_takes_no_part(app: Any) -> None:
    seen: list[Any] = []

    def post(environ: Any, start_response: Any) -> Any:
        seen.append((environ, start_response))
        start_response(OK, [TYPE])
        return [b"posted"]

    wrapped = RangeMiddleware(post)
    environ = environ_of("POST", [("Range", "bytes=0-1")])
    assert ask(wrapped, environ=environ).body == b"posted"
    assert seen[0][0] is environ


# The same as under ASGI

SPECS = st.builds(
    lambda first, last: f"{first}-{last}",
    st.one_of(st.just(""), st.integers(0, 40).map(str)),
    st.one_of(st.just(""), st.integers(0, 40).map(str)),
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "Range": st.lists(SPECS, min_size=1, max_size=4).map(lambda s: "bytes=" + ",".join(s)),
        "If-Range": st.sampled_from(['"v1"', '"v2"', 'W/"v1"']),
        "If-None-Match": st.sampled_from(['"v1"', '"v2"', "*"]),
        "If-Match": st.sampled_from(['"v1"', '"v2"', "*"]),
        "Accept-Encoding": st.just("gzip"),
    },
)
GIVEN = st.fixed_dictionaries(
    {},
    optional={
        "ETag": st.sampled_from(['"v1"', 'W/"v1"']),
        "Content-Encoding": st.sampled_from(["identity", "gzip"]),
        "Accept-Ranges": st.sampled_from(["none", "bytes"]),
        "Content-Range": st.just("bytes 0-9/30"),
        "Cache-Control": st.just("max-age=60"),
        "Content-Length": st.sampled_from(["30", "7", "x"]),
    },
)
CHUNKS = st.lists(st.integers(0, 30), max_size=4).map(
    lambda cuts: [
        bytes(range(a, b))
        for a, b in zip([0, *sorted(cuts)], [*sorted(cuts), 30], strict=True)
    ]
)  # fmt: skip


@given(
    st.sampled_from(["GET", "HEAD"]),
    st.sampled_from(["200 OK", "404 Not Found"]),
    FIELDS, GIVEN, CHUNKS,
)  # fmt: skip
def test_a_stream_is_answered_as_under_asgi(
    method: str, status: str, asked: dict[str, str], told: dict[str, str], chunks: list[bytes]
) -> None:
    headers = [("Content-Type", "text/plain"), *told.items()]

    def app(environ: Any, start_response: Any) -> Any:
        start_response(status, headers)
        return Body(*chunks)

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        fields = [(name.lower().encode(), value.encode()) for name, value in headers]
        start = {"type": "http.response.start", "status": int(status[:3]), "headers": fields}
        await send(start)
        for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body"})

    reply = ask(RangeMiddleware(app), method, asked.items())
    try:
        wrapped = rangeserve.RangeMiddleware(asgi)
        answer = anyio.run(lambda: ask_asgi(wrapped, method, headers=list(asked.items())))
    except rangeserve.ResponseError as error:
        refused: str | None = str(error)
    else:
        refused = None
    assert (refused is None) == (reply.raised is None)
    if refused is not None:
        assert str(reply.raised) == refused
        return
    assert reply.status == answer.status
    errors_type = {("content-type", "text/plain; charset=utf-8")}
    seen = {(name.lower(), plain(value)) for name, value in reply.headers}
    assert seen - errors_type == {(name, plain(value)) for name, value in answer.headers}
    assert plain(reply.body.decode("latin-1")) == plain(answer.body.decode("latin-1"))


def plain(text: str) -> str:
    """`text` with a word for each boundary."""
    return re.sub("[0-9a-f]{32}", "boundary", text)


def test_the_reply_of_the_driver_is_judged() -> None:
    assert not Reply("200 OK", [("Content-Length", "3")], [b"ab"]).looks_complete
