"""What a WSGI app may do wrong, when it is stopped, and what is passed on untouched."""

from __future__ import annotations

import gc
import logging
import sys
import warnings
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from support.descriptors import nothing_left_open
from support.wsgi import Body, ask, environ_of, gives

import rangeserve
from rangeserve import ClientDisconnected, Event, Limits, Outcome, Reason, ResponseError
from rangeserve.sources import BytesSource, CallableSource, FileSource, file_content_etag
from rangeserve.wsgi import RangeMiddleware, hand_over, requested_range

BODY = bytes(range(200))
PIECES = [BODY[place : place + 20] for place in range(0, 200, 20)]
LENGTH = ("Content-Length", "200")
PART = [("Range", "bytes=30-69")]


class Broken(Exception):
    """The app's own."""


# When the app is stopped


def test_a_stream_is_stopped_and_closed_when_the_range_is_complete() -> None:
    body = Body(*PIECES)
    reply = ask(RangeMiddleware(gives(body, "200 OK", LENGTH)), headers=PART)
    assert (reply.body, body.given, body.closed) == (BODY[30:70], 4, 1)


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        pytest.param("HEAD", [], id="HEAD"),
        pytest.param("GET", [("If-None-Match", '"v1"')], id="304"),
        pytest.param("GET", [("If-Match", '"v2"')], id="412"),
        pytest.param("GET", [("Range", "bytes=200-")], id="416"),
    ],
)
def test_at_most_one_chunk_is_made_of_what_is_not_sent(method: str, headers: Any) -> None:
    body = Body(*PIECES)
    app = gives(body, "200 OK", LENGTH, ("ETag", '"v1"'))
    reply = ask(RangeMiddleware(app), method, headers)
    assert reply.body == b""
    assert body.given <= 1
    assert body.closed == 1


def test_an_empty_chunk_is_given_for_each_that_is_dropped() -> None:
    given = list(RangeMiddleware(gives(Body(*PIECES), "200 OK", LENGTH))(
        environ_of(headers=[("Range", "bytes=65-66")]), lambda *_: None
    ))  # fmt: skip
    assert given == [b"", b"", b"", BODY[65:67]]


def test_a_body_that_is_never_iterated_over_is_closed() -> None:
    body = Body(*PIECES)
    given = RangeMiddleware(gives(body, "200 OK", LENGTH))(environ_of(), lambda *_: None)
    given.close()
    given.close()
    assert (body.given, body.closed) == (0, 1)


def test_write_is_stopped_when_much_is_left() -> None:
    written: list[int] = []

    def app(environ: Any, start_response: Any) -> Any:
        write = start_response("200 OK", [LENGTH])
        for piece in PIECES:
            written.append(len(piece))
            write(piece)
        return []

    reply = ask(RangeMiddleware(app, limits=Limits(max_late_bytes=0)), headers=PART)
    assert (reply.body, reply.raised) == (BODY[30:70], None)
    assert len(written) == 6
    reply = ask(RangeMiddleware(app), headers=PART)
    assert (reply.body, len(written)) == (BODY[30:70], 16)


def test_an_app_that_raises_as_it_is_stopped_is_heard() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        write = start_response("200 OK", [LENGTH])
        write(PIECES[0])
        raise ClientDisconnected("somebody else's")

    assert isinstance(ask(RangeMiddleware(app)).raised, ClientDisconnected)


# What it does wrong


def fails_midway() -> Body:
    return Body(*PIECES[:2], Broken())


WRONG = [
    pytest.param(lambda: gives(Body(*PIECES[:3]), "200 OK", LENGTH), id="fewer bytes"),
    pytest.param(lambda: gives(PIECES[:3], "200 OK", LENGTH), id="fewer bytes, a list"),
    pytest.param(lambda: gives([BODY[:9]], "200 OK", LENGTH), id="fewer bytes, one chunk"),
    pytest.param(lambda: gives([], "200 OK", LENGTH), id="no body"),
    pytest.param(lambda: gives(fails_midway(), "200 OK", LENGTH), id="it raises midway"),
    pytest.param(lambda: gives(Body(Broken()), "200 OK", LENGTH), id="it raises at once"),
    pytest.param(lambda: lambda environ, start: [BODY], id="no start"),
    pytest.param(lambda: lambda environ, start: Body(), id="nothing"),
    pytest.param(lambda: starts_twice, id="two starts"),
    pytest.param(lambda: gives([BODY], "2xx"), id="a status that is no number"),
    pytest.param(lambda: gives(["text" * 50], "200 OK", LENGTH), id="a str"),
    pytest.param(lambda: gives(iter(["text" * 50]), "200 OK", LENGTH), id="a stream of str"),
    pytest.param(lambda: gives(None, "200 OK", LENGTH), id="None"),
]
ASKED = [
    pytest.param([], id="the whole"),
    pytest.param([("Range", "bytes=50-150")], id="a part"),
    pytest.param([("Range", "bytes=0-1,90-91")], id="two parts"),
]


def starts_twice(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [LENGTH])
    start_response("200 OK", [LENGTH])
    return [BODY]


@pytest.mark.parametrize("headers", ASKED)
@pytest.mark.parametrize("make", WRONG)
def test_a_broken_promise_is_raised_and_never_looks_complete(make: Any, headers: Any) -> None:
    events: list[Event] = []
    reply = ask(RangeMiddleware(make(), observer=events.append), headers=headers)
    assert isinstance(reply.raised, (ResponseError, Broken))
    assert not reply.looks_complete
    assert [event.outcome for event in events[1:]] in ([], [Outcome.FAILED])  # type: ignore[union-attr]


def test_more_bytes_than_promised_are_raised() -> None:
    body = Body(BODY, b"more")
    reply = ask(RangeMiddleware(gives(body, "200 OK", LENGTH)))
    assert isinstance(reply.raised, ResponseError)
    assert (reply.body, body.closed) == (BODY, 1)


def test_what_the_app_raises_closes_what_it_has_handed_over(tmp_path: Path) -> None:
    file = (tmp_path / "file").open("wb+")

    def app(environ: Any, start_response: Any) -> Any:
        hand_over(environ, FileObject(file))
        raise Broken

    assert isinstance(ask(RangeMiddleware(app)).raised, Broken)
    assert file.closed


class FileObject:
    """A file object of a class that nobody knows."""

    def __init__(self, file: Any, *, seekable: bool = True) -> None:
        self._file = file
        self.seekable = lambda: seekable

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_a_file_that_became_shorter_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(BODY)

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [LENGTH])
        return environ["wsgi.file_wrapper"](path.open("rb"))

    given: Any = RangeMiddleware(app)(environ_of(headers=PART), lambda *_: None)
    path.write_bytes(BODY[:50])
    with pytest.raises(ResponseError):
        b"".join(given)
    given.close()


@pytest.mark.parametrize("headers", ASKED)
def test_a_file_object_that_ends_early_is_cut(headers: Any) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [LENGTH])
        return environ["wsgi.file_wrapper"](BytesIO(BODY[:60]))

    reply = ask(RangeMiddleware(app), headers=headers)
    assert isinstance(reply.raised, ResponseError)


def test_a_source_that_fails_as_it_is_closed_harms_no_response(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Stuck(BytesSource):
        def close(self) -> None:
            raise OSError("cannot close")

    def app(environ: Any, start_response: Any) -> Any:
        hand_over(environ, Stuck(BODY))
        start_response("200 OK", [])
        return []

    reply = ask(RangeMiddleware(app), headers=PART)
    assert (reply.body, reply.raised) == (BODY[30:70], None)
    assert "failed when it was closed" in caplog.text


# exc_info


def recovers(environ: Any, start_response: Any) -> Iterator[bytes]:
    """Says 500 when its body fails."""
    start_response("200 OK", [LENGTH])
    try:
        yield PIECES[0]
        raise Broken
    except Broken:
        start_response("500 Oops", [("Content-Length", "4")], sys.exc_info())
        yield b"oops"


def test_an_error_page_replaces_what_has_not_been_sent() -> None:
    events: list[Event] = []
    wrapped = RangeMiddleware(recovers, observer=events.append)
    reply = ask(wrapped, headers=PART)
    assert (reply.line, reply.body) == ("500 Oops", b"oops")
    assert [event.status for event in events] == [500, 500]


def test_an_error_after_bytes_were_sent_is_raised() -> None:
    reply = ask(RangeMiddleware(recovers))
    assert isinstance(reply.raised, Broken)
    assert reply.body == PIECES[0]


def test_an_error_page_before_the_body_replaces_the_start() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [LENGTH])
        try:
            raise Broken
        except Broken:
            start_response("503 Busy", [("Content-Length", "4")], exc_info=sys.exc_info())
        return [b"busy"]

    reply = ask(RangeMiddleware(app), headers=PART)
    assert (reply.line, reply.body, reply["content-length"]) == ("503 Busy", b"busy", "4")


# What is passed on


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        pytest.param("404 Gone Fishing", [], id="404"),
        pytest.param("200 OK", [("Content-Encoding", "gzip")], id="coded"),
        pytest.param("200 OK", [("Accept-Ranges", "none")], id="Accept-Ranges: none"),
        pytest.param("206 Partial Content", [("Content-Range", "bytes 30-69/240")], id="206"),
    ],
)
def test_what_cannot_be_sliced_is_passed_on(status: str, fields: Any) -> None:
    body = BODY[30:70] if status.startswith("206") else BODY
    app = gives(Body(body), status, ("Content-Length", str(len(body))), *fields)
    reply = ask(RangeMiddleware(app, app_ranges=True), headers=PART)
    assert (reply.line, reply.body) == (status, body)


def test_a_206_that_was_not_asked_for_is_refused() -> None:
    app = gives([BODY[:40]], "206 Partial Content", ("Content-Range", "bytes 0-39/200"))
    reply = ask(RangeMiddleware(app), headers=PART)
    assert isinstance(reply.raised, ResponseError)
    assert "app_ranges=True" in str(reply.raised)


def test_an_app_with_ranges_of_its_own_sees_the_range() -> None:
    seen: list[Any] = []

    def app(environ: Any, start_response: Any) -> Any:
        seen.append((environ.get("HTTP_RANGE"), environ.get("HTTP_IF_RANGE")))
        start_response("200 OK", [LENGTH])
        return [BODY]

    asked = [*PART, ("If-Range", '"v1"')]
    ask(RangeMiddleware(app), headers=asked)
    ask(RangeMiddleware(app, app_ranges=lambda environ: environ["PATH_INFO"] == "/"), headers=asked)
    ask(RangeMiddleware(app), headers=[("Range", "lines=1-2")])
    ask(RangeMiddleware(app, app_ranges=True), headers=[("Range", "bytes=" + "0-1," * 99)])
    assert seen == [(None, None), ("bytes=30-69", '"v1"'), ("lines=1-2", None), (None, None)]


def test_a_request_that_is_skipped_or_wrapped_outside_is_untouched() -> None:
    app = gives([BODY], "200 OK", LENGTH)
    skipping = RangeMiddleware(app, skip=lambda environ: environ["PATH_INFO"] == "/skipped")
    assert ask(skipping, headers=PART, path="/skipped").body == BODY
    assert ask(skipping, headers=PART).body == BODY[30:70]
    events: list[Event] = []
    twice = RangeMiddleware(RangeMiddleware(app, observer=events.append))
    assert ask(twice, headers=PART).body == BODY[30:70]
    assert events == []


def test_what_the_app_adds_to_its_environ_is_seen_outside() -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        environ["app.late"] = True
        start_response("200 OK", [LENGTH])
        yield BODY

    def outer(environ: Any, start_response: Any) -> Any:
        environ["app.user"] = "kim"
        return app(environ, start_response)

    environ = environ_of(headers=PART)
    before = dict(environ)
    ask(RangeMiddleware(outer), environ=environ)
    assert environ == before | {"app.user": "kim", "app.late": True}


# The server's own file_wrapper


class ServersWrapper:
    """What the server would recognise."""

    def __init__(self, file: Any, block_size: int) -> None:
        self.file, self.block_size = file, block_size
        self.close = file.close

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.file.read(self.block_size), b"")


def ask_for_file(
    path: Path, headers: Any = (), method: str = "GET", seek: int = 0, **options: Any
) -> Any:
    status = options.pop("status", "200 OK")
    fields = options.pop("fields", [])
    make = options.pop("make", lambda file: file)

    def app(environ: Any, start_response: Any) -> Any:
        file = path.open("rb")
        file.seek(seek)
        start_response(status, list(fields))
        return environ["wsgi.file_wrapper"](make(file), 50)

    more = {"wsgi.file_wrapper": ServersWrapper}
    return ask(RangeMiddleware(app, **options), method, headers, **more)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "file"
    made.write_bytes(BODY)
    return made


@pytest.mark.parametrize(
    ("options", "body"),
    [
        pytest.param({}, BODY, id="the whole"),
        pytest.param({"seek": 100}, BODY[100:], id="what follows"),
        pytest.param({"status": "404 Not Found"}, BODY, id="another status"),
        pytest.param({"make": lambda f: FileObject(f, seekable=False)}, BODY, id="no seeks"),
        pytest.param({"headers": [("Range", "bytes=x")]}, BODY, id="a malformed Range"),
    ],
)
def test_the_server_is_given_a_whole_file(path: Path, options: Any, body: bytes) -> None:
    reply = ask_for_file(path, **options)
    assert (reply.body, type(reply.given), reply.given.block_size) == (body, ServersWrapper, 50)
    assert reply.given.file.closed


@pytest.mark.parametrize(
    ("options", "body"),
    [
        pytest.param({"headers": PART}, BODY[30:70], id="a range"),
        pytest.param({"method": "HEAD"}, b"", id="HEAD"),
        pytest.param({"observer": lambda event: None}, BODY, id="an observer"),
        pytest.param({"fields": [("Content-Length", "50")]}, BODY[:50], id="the first bytes"),
    ],
)
def test_the_server_is_given_no_file(path: Path, options: Any, body: bytes) -> None:
    reply = ask_for_file(path, **options)
    assert (reply.body, reply.raised) == (body, None)
    assert type(reply.given) is not ServersWrapper


@pytest.mark.parametrize("length", ["-1", "x"])
def test_a_length_that_is_none_is_passed_on(path: Path, length: str) -> None:
    reply = ask_for_file(path, PART, fields=[("Content-Length", length)])
    assert (reply.status, reply.body, reply["content-length"]) == (200, BODY, length)


@pytest.mark.parametrize("headers", [[], PART], ids=["the whole", "a part"])
def test_a_file_that_has_become_shorter_counts_as_it_is(path: Path, headers: Any) -> None:
    fields = [("Content-Length", "300"), ("ETag", '"old"')]
    reply = ask_for_file(path, headers, fields=fields)
    assert reply["content-length"] == ("40" if headers else "200")
    assert reply["etag"] != '"old"'
    assert reply.body == (BODY[30:70] if headers else BODY)


def test_what_follows_in_a_file_that_is_too_short_is_cut(path: Path) -> None:
    reply = ask_for_file(path, [("Range", "bytes=0-180")], seek=50, fields=[LENGTH])
    assert isinstance(reply.raised, ResponseError)


def test_an_own_206_of_a_file_is_passed_on(path: Path) -> None:
    fields = [("Content-Range", "bytes 30-199/200"), ("Content-Length", "170")]
    reply = ask_for_file(
        path, [("Range", "bytes=30-")], seek=30, status="206 Partial Content", fields=fields,
        app_ranges=True,
    )  # fmt: skip
    assert (reply.status, reply.body, type(reply.given)) == (206, BODY[30:], ServersWrapper)


# Validators, and the observer


@pytest.mark.parametrize(
    ("options", "has"),
    [
        pytest.param({}, (True, True), id="by default"),
        pytest.param({"etag": None, "last_modified": False}, (False, False), id="none"),
        pytest.param({"etag": lambda file: '"mine"'}, (True, True), id="a function"),
        pytest.param({"etag": file_content_etag}, (True, True), id="an async function"),
    ],
)
def test_a_file_gets_validators(path: Path, options: Any, has: tuple[bool, bool]) -> None:
    reply = ask_for_file(path, **options)
    assert (reply.get("etag") is not None, reply.get("last-modified") is not None) == has


def test_the_app_s_own_validators_stay(path: Path) -> None:
    def never(file: FileSource) -> str:
        raise AssertionError(file)

    reply = ask_for_file(path, etag=never, fields=[("ETag", '"own"')])
    assert reply["etag"] == '"own"'


def test_a_maker_that_would_wait_gives_no_etag(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reply = ask_for_file(path, etag=lambda file: file_content_etag(file))
    assert reply.get("etag") is None
    assert "failed" in caplog.text


@pytest.mark.parametrize(
    ("headers", "take", "expected"),
    [
        pytest.param([], None, (200, 200, Outcome.COMPLETE, None), id="the whole"),
        pytest.param(PART, None, (206, 40, Outcome.COMPLETE, None), id="a part"),
        pytest.param(PART, 1, (206, 0, Outcome.CLIENT_GONE, None), id="the client leaves"),
        pytest.param(
            [("Range", "bytes=300-")], None, (416, 0, Outcome.COMPLETE, Reason.UNSATISFIABLE),
            id="416",
        ),
        pytest.param(
            [("Range", "x")], None, (200, 200, Outcome.COMPLETE, Reason.MALFORMED), id="malformed"
        ),
    ],
)  # fmt: skip
def test_the_observer(headers: Any, take: int | None, expected: Any) -> None:
    events: list[Any] = []
    app = gives(Body(*PIECES), "200 OK", LENGTH)
    wrapped = RangeMiddleware(app, observer=events.append)
    ask(wrapped, headers=headers, take=take, SCRIPT_NAME="/m", PATH_INFO="/\xc3\xa9")
    started, finished = events
    assert (started.path, started.complete_length) == ("/m/\xe9", 200)
    told = (finished.status, finished.bytes_sent, finished.outcome, finished.reason)
    assert told == expected


def test_the_observer_of_what_is_written() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [LENGTH])(BODY)
        return []

    events: list[Any] = []
    ask(RangeMiddleware(app, observer=events.append))
    assert (events[1].bytes_sent, events[1].outcome) == (200, Outcome.COMPLETE)


def test_a_server_that_asks_for_nothing_of_a_head() -> None:
    events: list[Any] = []
    wrapped = RangeMiddleware(gives([BODY]), observer=events.append)
    wrapped(environ_of("HEAD"), lambda *_: None).close()
    assert events[1].outcome is Outcome.COMPLETE


def test_the_author_is_told_once_a_path(caplog: pytest.LogCaptureFixture) -> None:
    app = gives([BODY], "200 OK", ("ETag", 'W/"1"'))
    wrapped = RangeMiddleware(app)
    with caplog.at_level(logging.WARNING, "rangeserve"):
        for _ in range(2):
            ask(wrapped, headers=[*PART, ("If-Range", 'W/"1"')])
    assert [record.message.partition(":")[0] for record in caplog.records] == ["'/'"]


# Handing over


@pytest.mark.parametrize(
    ("hand", "given", "why"),
    [
        pytest.param(hand_over, object(), "request.environ), not an object", id="no environ"),
        pytest.param(hand_over, {"type": "http"}, "rangeserve.hand_over takes it", id="a scope"),
        pytest.param(
            rangeserve.hand_over,
            environ_of(),
            "rangeserve.wsgi.hand_over takes it",
            id="an environ",
        ),
    ],
)
def test_each_hand_over_knows_the_other(hand: Any, given: Any, why: str) -> None:
    with pytest.raises(TypeError) as raised:
        hand(given, b"")
    assert why in str(raised.value)


def test_there_is_nobody_to_hand_over_to() -> None:
    with pytest.raises(RuntimeError, match="the method is POST"):
        hand_over(environ_of("POST"), b"")
    assert requested_range(environ_of()) is None


class AsyncOnly:
    """A source for an event loop."""

    size, etag, last_modified, content_type = 5, None, None, None

    async def read(self, start: int, stop: int) -> Any:
        yield b""


async def generated(start: int, stop: int) -> Any:
    yield b""


def pipe() -> Any:
    import os

    read, write = os.pipe()
    os.close(write)
    return open(read, "rb")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        pytest.param(AsyncOnly, "an AsyncOnly cannot be served under WSGI", id="async only"),
        pytest.param(lambda: 5, "or a source with a read_blocking, not 5", id="no source"),
        pytest.param(lambda: StringIO("x"), "open as text", id="text"),
        pytest.param(pipe, "cannot be read at offsets", id="a pipe"),
    ],
)
def test_what_cannot_be_served_is_refused(make: Any, why: str) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        source = make()
        try:
            hand_over(environ, source)
        finally:
            getattr(source, "close", lambda: None)()

    reply = ask(RangeMiddleware(app))
    assert isinstance(reply.raised, TypeError)
    assert why in str(reply.raised)


def test_a_callable_that_is_async_is_refused() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        hand_over(environ, CallableSource(generated, 5))

    assert "CallableSource has an async part" in str(ask(RangeMiddleware(app)).raised)


def test_a_view_sees_what_was_asked_for() -> None:
    seen: list[Any] = []

    def app(environ: Any, start_response: Any) -> Any:
        seen.append(requested_range(environ))
        start_response("200 OK", [LENGTH])
        return [BODY]

    ask(RangeMiddleware(app), headers=PART)
    assert seen[0].ranges == [(30, 70)]


def test_a_path_that_is_no_file_is_raised(tmp_path: Path) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        hand_over(environ, tmp_path)
        start_response("200 OK", [])
        return []

    assert isinstance(ask(RangeMiddleware(app)).raised, ResponseError)


class OnlyReads:
    """A file object that can do nothing but read."""

    def __init__(self) -> None:
        self.read = BytesIO(BODY).read


@pytest.mark.parametrize("fields", [[], [LENGTH]], ids=["", "with a length"])
def test_a_file_object_that_only_reads_is_a_stream(fields: Any) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", list(fields))
        return environ["wsgi.file_wrapper"](OnlyReads())

    reply = ask(RangeMiddleware(app), headers=PART)
    assert reply.body == (BODY[30:70] if fields else BODY)


def test_a_callable_may_give_any_iterator() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        parts = CallableSource(lambda start, stop: iter([BODY[start:stop]]), 200)
        hand_over(environ, parts)
        start_response("200 OK", [])
        return []

    assert ask(RangeMiddleware(app), headers=PART).body == BODY[30:70]


def test_a_callable_that_gives_too_much_is_cut() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        hand_over(environ, CallableSource(lambda start, stop: iter([BODY]), 200))
        start_response("200 OK", [])
        return []

    assert isinstance(ask(RangeMiddleware(app), headers=PART).raised, ResponseError)


@pytest.mark.parametrize("hands_over", [False, True])
def test_a_server_that_never_closes_leaves_nothing_open(path: Path, hands_over: bool) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        if hands_over:
            hand_over(environ, path)
        start_response("200 OK", [])
        return [] if hands_over else environ["wsgi.file_wrapper"](path.open("rb"))

    with nothing_left_open(path.parent), warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # of the app's own file
        given: Any = RangeMiddleware(app)(environ_of(headers=PART), lambda *_: None)
        next(given)
        del given
        gc.collect()


def test_the_last_chunk_may_not_have_been_taken() -> None:
    events: list[Any] = []
    wrapped = RangeMiddleware(gives([BODY]), observer=events.append)
    ask(wrapped, headers=PART, take=1)
    assert (events[1].bytes_sent, events[1].outcome) == (0, Outcome.CLIENT_GONE)
