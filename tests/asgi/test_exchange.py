"""`exchange.py` without an event loop: messages in, actions out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.messages import body, pathsend, start

from rangeserve import Limits, Reason, ResponseError
from rangeserve._asgi.actions import Open, Serve
from rangeserve._asgi.exchange import Exchange
from rangeserve._asgi.late import Late
from rangeserve._asgi.response import State
from rangeserve.core.ranges import ByteRange
from rangeserve.core.request import read_request
from rangeserve.handover import Handover

NOW = 1_700_000_000.0
TEN = b"0123456789"
RANGE = {"Range": "bytes=2-5"}
LENGTH = (b"content-length", b"10")
ETAG = (b"etag", b'"v"')


@dataclass
class Fixed:
    """A source that is never read here."""

    size: int = 10
    etag: str | None = '"s"'
    last_modified: datetime | None = datetime(2020, 1, 1, tzinfo=timezone.utc)
    content_type: str | None = "video/mp4"
    sendable_path: str | None = None

    def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        raise AssertionError("the exchange reads nothing")


def begin(
    headers: dict[str, str] | None = None,
    method: str = "GET",
    *,
    source: Any = None,
    native_pathsend: bool = False,
    limits: Limits | None = None,
) -> Exchange:
    fields = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    request = read_request(method, fields)
    handover = Handover(request.range if request is not None else None)
    handover.source = source
    limits = limits or Limits()
    return Exchange(method, request, handover, limits, lambda: NOW, native_pathsend=native_pathsend)


def kind(name: str, **more: Any) -> dict[str, Any]:
    return {"type": f"http.response.{name}", **more}


def feed(exchange: Exchange, *messages: dict[str, Any]) -> list[Any]:
    return [action for message in messages for action in exchange.feed(message)]


def show(actions: Iterable[Any]) -> list[Any]:
    """Short forms: a status, (bytes, more), an extension's name, or the action itself."""
    shown: list[Any] = []
    for action in actions:
        if not isinstance(action, dict):
            shown.append(action)
        elif action["type"] == "http.response.start":
            shown.append(action["status"])
        elif action["type"] == "http.response.body":
            shown.append((action.get("body", b""), action.get("more_body", False)))
        else:
            shown.append(action["type"].removeprefix("http.response."))
    return shown


def fields_of(message: dict[str, Any]) -> dict[bytes, bytes]:
    fields = dict(message["headers"])
    assert len(fields) == len(message["headers"]), "a field came twice"
    return fields


# START, HELD, PASS, SLICING, DONE

TRANSITIONS = [
    # request, messages, actions of each, state at the end
    pytest.param(RANGE, [kind("early_hint")], [["early_hint"]], State.START, id="early hint"),
    pytest.param(RANGE, [kind("debug")], [["debug"]], State.START, id="debug"),
    pytest.param(RANGE, [kind("of_2030")], [["of_2030"]], State.START, id="unknown first"),
    pytest.param({}, [start()], [[200]], State.PASSING, id="an event stream opens at once"),
    pytest.param({}, [start(status=404)], [[404]], State.PASSING, id="404 is forwarded at once"),
    pytest.param(RANGE, [start(status=404)], [[404]], State.PASSING, id="404, asked by range"),
    pytest.param(
        RANGE,
        [start((b"content-range", b"bytes 2-5/10"), status=206)],
        [[206]],
        State.PASSING,
        id="the app's own 206",
    ),
    pytest.param({}, [start(LENGTH)], [[]], State.HELD, id="a length is held"),
    pytest.param(RANGE, [start()], [[]], State.HELD, id="no length, but a Range: held"),
    pytest.param(
        {"If-None-Match": '"x"'}, [start()], [[]], State.HELD, id="no length, a precondition: held"
    ),
    pytest.param(
        {}, [start(LENGTH), body(TEN)], [[], [200, (TEN, False)]], State.PASSING, id="whole"
    ),
    pytest.param(
        RANGE,
        [start(LENGTH), body(b"0123", True), body(b"456789")],
        [[], [206, (b"23", True)], [(b"45", False)]],
        State.DONE,
        id="sliced across messages",
    ),
    pytest.param(
        RANGE, [start(LENGTH), body(b"01", True)], [[], [206]], State.SLICING, id="dropped before"
    ),
    pytest.param(
        RANGE, [start(), body(TEN)], [[], [206, (b"2345", False)]], State.DONE, id="one message"
    ),
    pytest.param(
        RANGE,
        [start(), body(b"0", True), body(b"1")],
        [[], [200, (b"0", True)], [(b"1", False)]],
        State.PASSING,
        id="no length: whole",
    ),
    pytest.param(
        {"Range": "bytes=20-"},
        [start(LENGTH), body(b"0", True)],
        [[], [416, (b"", False)]],
        State.DONE,
        id="unsatisfiable",
    ),
    pytest.param(
        {"If-None-Match": '"v"'},
        [start(ETAG), body(b"0", True)],
        [[], [304, (b"", False)]],
        State.DONE,
        id="not modified, of unknown length",
    ),
    pytest.param(
        {"If-Match": '"w"'},
        [start(ETAG, LENGTH), body(TEN)],
        [[], [412, (b"", False)]],
        State.DONE,
        id="precondition failed",
    ),
    pytest.param(
        RANGE,
        [start(LENGTH), kind("of_2030"), body(TEN)],
        [[], [200, "of_2030"], [(TEN, False)]],
        State.PASSING,
        id="unknown message while held",
    ),
    pytest.param(
        RANGE,
        [start(LENGTH), kind("zerocopysend", file=3)],
        [[], [200, "zerocopysend"]],
        State.PASSING,
        id="zerocopysend while held",
    ),
    pytest.param(
        RANGE,
        [start(LENGTH), body(b"012", True), kind("of_2030"), body(b"345", True)],
        [[], [206, (b"2", True)], ["of_2030"], [(b"345", False)]],
        State.DONE,
        id="unknown message while sliced",
    ),
    pytest.param(
        {},
        [start(LENGTH, trailers=True), body(TEN), kind("trailers", headers=[])],
        [[], [200, (TEN, False)], ["trailers"]],
        State.PASSING,
        id="trailers after the whole",
    ),
    pytest.param(
        RANGE,
        [start(LENGTH, trailers=True), body(b"0", True), kind("trailers"), body(b"12345", True)],
        [[], [206], [], [(b"2345", False)]],
        State.DONE,
        id="trailers while sliced are swallowed",
    ),
    pytest.param(
        {},
        [start(LENGTH), kind("zerocopysend", file=3, more_body=True), body(b"789")],
        [[], [200, "zerocopysend"], [(b"789", False)]],
        State.PASSING,
        id="zerocopysend and a body",
    ),
    pytest.param(
        {},
        [start(status=304), body()],
        [[304], [(b"", False)]],
        State.PASSING,
        id="the app's own 304",
    ),
    pytest.param(
        {},
        [start(LENGTH), pathsend()],
        [[], [Open("/film", True, 10)]],
        State.OPENING,
        id="pathsend",
    ),
    pytest.param(
        {},
        [start(), pathsend()],
        [[200], [Open("/film", True)]],
        State.OPENING,
        id="pathsend, passing",
    ),
]


@pytest.mark.parametrize(("headers", "messages", "expected", "state"), TRANSITIONS)
def test_transitions(
    headers: dict[str, str], messages: list[Any], expected: list[Any], state: State
) -> None:
    exchange = begin(headers)
    before = deepcopy(messages)
    assert [show(exchange.feed(message)) for message in messages] == expected
    assert exchange.response.state is state
    assert messages == before, "a message of the app was changed"


REFUSED = [
    pytest.param(RANGE, [body(TEN)], id="a body before the start"),
    pytest.param(RANGE, [pathsend()], id="a path before the start"),
    pytest.param(RANGE, [kind("zerocopysend")], id="zerocopysend before the start"),
    pytest.param(RANGE, [start(LENGTH), start(LENGTH)], id="a second start, held"),
    pytest.param({}, [start(), start()], id="a second start, passing"),
    pytest.param({}, [start(), body(b"1", True), start()], id="a second start, mid-body"),
    pytest.param(RANGE, [start(LENGTH), body(b"0", True), start()], id="a second start, sliced"),
    pytest.param(RANGE, [start(LENGTH), body(b"0123")], id="one message, short"),
    pytest.param(RANGE, [start(LENGTH), body(TEN + b"x")], id="one message, long"),
    pytest.param(RANGE, [start(LENGTH), body(b"012", True), body(b"3")], id="short while sliced"),
    pytest.param({}, [start(LENGTH), body(b"0", True), body(b"1")], id="short while passing"),
    pytest.param({}, [start(LENGTH), body(b"0", True), body(TEN, True)], id="long while passing"),
    pytest.param({}, [start(), body(b"0"), body(b"1")], id="a body after the end"),
    pytest.param({}, [start(), body(b"0"), pathsend()], id="a path after the end"),
    pytest.param({}, [start(), body(b"0", True), pathsend()], id="a path after body bytes"),
    pytest.param(RANGE, [start(LENGTH), body(b"0", True), pathsend()], id="a path while sliced"),
    pytest.param(
        RANGE, [start(LENGTH), body(b"0", True), kind("zerocopysend")], id="zerocopy while sliced"
    ),
    pytest.param({}, [start(LENGTH), pathsend(), body(TEN)], id="a body while a file is opened"),
]


@pytest.mark.parametrize(("headers", "messages"), REFUSED)
def test_what_the_app_does_wrong_is_raised_once_and_for_all(
    headers: dict[str, str], messages: list[Any]
) -> None:
    exchange = begin(headers)
    given = feed(exchange, *messages[:-1])
    with pytest.raises(ResponseError):
        exchange.feed(messages[-1])
    assert exchange.response.state is State.FAILED
    with pytest.raises(ResponseError):
        exchange.feed(body())
    if (b"", False) not in show(given) and not exchange.response.complete:
        with pytest.raises(ResponseError):
            exchange.returned(client_gone=False)


RETURNS = [
    pytest.param(RANGE, [], None, id="nothing at all: the server's business"),
    pytest.param(RANGE, [start(LENGTH)], "held", id="held"),
    pytest.param(RANGE, [start(LENGTH), body(b"0123", True)], "sliced", id="sliced"),
    pytest.param({}, [start(LENGTH), body(b"0123", True)], "passed on", id="passing"),
    pytest.param({}, [start(), body(b"0123", True)], "passed on", id="passing, no length"),
    pytest.param({}, [start(LENGTH), pathsend()], "opened", id="a file was to be opened"),
    pytest.param({}, [start(LENGTH), body(TEN)], None, id="passed"),
    pytest.param(RANGE, [start(LENGTH), body(TEN)], None, id="done"),
]


@pytest.mark.parametrize(("headers", "messages", "complaint"), RETURNS)
def test_an_app_that_returns_too_early(
    headers: dict[str, str], messages: list[Any], complaint: str | None
) -> None:
    exchange = begin(headers)
    feed(exchange, *messages)
    exchange.returned(client_gone=True)
    if complaint is None:
        exchange.returned(client_gone=False)
    else:
        with pytest.raises(ResponseError, match=complaint):
            exchange.returned(client_gone=False)


# What is passed on is the app's own

HANDED_ON = [
    pytest.param({}, start(), id="no length"),
    pytest.param({}, start(status=404), id="404"),
    pytest.param(RANGE, start((b"content-encoding", b"gzip"), LENGTH), id="coded"),
    pytest.param({}, start((b"accept-ranges", b"none"), LENGTH), id="Accept-Ranges: none"),
    pytest.param({}, start((b"content-range", b"bytes 0-1/2"), LENGTH), id="Content-Range"),
    pytest.param(RANGE, start((b"content-length", b"1_0")), id="an absurd length"),
    pytest.param(RANGE, start(LENGTH, (b"content-length", b"11")), id="two lengths"),
]


@pytest.mark.parametrize(("headers", "first"), HANDED_ON)
def test_a_start_without_a_part_in_this_is_the_same_object(
    headers: dict[str, str], first: dict[str, Any]
) -> None:
    second = body(TEN, True)
    given = feed(begin(headers), first, second)
    assert given[0] is first
    assert given[1] is second


def test_the_start_of_a_whole_says_that_it_can_be_sliced_in_a_copy() -> None:
    first = start(LENGTH, ETAG)
    fields = list(first["headers"])
    (given, _) = feed(begin(), first, body(TEN))
    assert first["headers"] == fields
    assert given["headers"] == [*fields, (b"accept-ranges", b"bytes")]


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(list, id="list"),
        pytest.param(tuple, id="tuple"),
        pytest.param(iter, id="an iterator, readable once"),
        pytest.param(lambda fields: [list(pair) for pair in fields], id="lists of two"),
        pytest.param(lambda fields: (pair for pair in fields), id="generator"),
    ],
)
@pytest.mark.parametrize("headers", [{}, RANGE], ids=["whole", "part"])
def test_header_lists_of_any_shape_and_case(shape: Any, headers: dict[str, str]) -> None:
    pairs = [(b"Content-Length", b"10"), (b"ETAG", b'"v"'), (b"X-Own", b"1")]
    first = {"type": "http.response.start", "status": 200, "headers": shape(pairs)}
    given = feed(begin(headers), first, body(TEN))
    kept = {bytes(name).lower(): bytes(value) for name, value in given[0]["headers"]}
    assert kept[b"etag"] == b'"v"'
    assert kept[b"x-own"] == b"1"
    assert kept[b"content-length"] == (b"4" if headers else b"10")
    assert kept[b"accept-ranges"] == b"bytes"


@pytest.mark.parametrize("status", [200, 404])
def test_headers_that_could_be_read_once_are_handed_on_whole(status: int) -> None:
    first = {"type": "http.response.start", "status": status, "headers": iter([(b"x", b"1")])}
    (given,) = feed(begin(), first)
    assert list(given["headers"]) == [(b"x", b"1")]


def test_headers_body_and_more_body_may_be_missing() -> None:
    exchange = begin(RANGE)
    first = {"type": "http.response.start", "status": 200}
    assert show(feed(exchange, first, {"type": "http.response.body"})) == [200, (b"", False)]
    assert exchange.response.reason is Reason.EMPTY


# Rewritten starts

REWRITTEN = [
    (b"Content-Length", b"10"),
    (b"Transfer-Encoding", b"chunked"),
    (b"Content-Type", b"text/plain"),
    (b"ETag", b'"v"'),
    (b"Set-Cookie", b"a=1"),
    (b"Vary", b"Origin"),
    (b"Content-Language", b"eo"),
    (b"Content-Disposition", b"attachment"),
    (b"Content-Digest", b"sha-256=:x:"),
    (b"Repr-Digest", b"sha-256=:y:"),
    (b"Content-MD5", b"z"),
    (b"Accept-Ranges", b"bytes"),
]
ALWAYS = {b"etag", b"set-cookie", b"vary"}


@pytest.mark.parametrize(
    ("headers", "status", "fields"),
    [
        pytest.param(
            RANGE,
            206,
            {b"content-type", b"content-language", b"content-disposition", b"repr-digest"}
            | {b"content-length", b"content-range", b"accept-ranges"},
            id="206",
        ),
        pytest.param(
            {"Range": "bytes=99-"},
            416,
            {b"content-length", b"content-range", b"accept-ranges", b"repr-digest"},
            id="416",
        ),
        pytest.param(
            {"If-None-Match": '"v"'},
            304,
            {b"content-disposition", b"content-digest", b"content-md5", b"repr-digest"}
            | {b"accept-ranges"},
            id="304",
        ),
        pytest.param({"If-Match": '"w"'}, 412, {b"content-length", b"repr-digest"}, id="412"),
    ],
)
def test_the_fields_of_a_rewritten_start(
    headers: dict[str, str], status: int, fields: set[bytes]
) -> None:
    first = start(*REWRITTEN, trailers=True)
    given = feed(begin(headers), first, body(TEN, True))[0]
    assert given["status"] == status
    assert given["trailers"] is False
    assert {name.lower() for name in fields_of(given)} == ALWAYS | fields
    assert first["headers"] == REWRITTEN
    assert first["trailers"] is True


# HEAD

HEADS = [
    pytest.param({}, [start(LENGTH)], 200, b"10", id="plain"),
    pytest.param(RANGE, [start(LENGTH)], 200, b"10", id="Range is ignored"),
    pytest.param({}, [start()], 200, None, id="no length"),
    pytest.param({"If-None-Match": '"v"'}, [start(LENGTH, ETAG)], 304, None, id="not modified"),
    pytest.param({"If-Match": '"w"'}, [start(LENGTH, ETAG)], 412, b"0", id="failed"),
]


@pytest.mark.parametrize(("headers", "messages", "status", "length"), HEADS)
def test_a_head_is_answered_from_the_start_alone(
    headers: dict[str, str], messages: list[Any], status: int, length: bytes | None
) -> None:
    exchange = begin(headers, "HEAD")
    given = feed(exchange, *messages)
    assert show(given) == [status, (b"", False)]
    assert fields_of(given[0]).get(b"content-length") == length
    assert given[0]["trailers"] is False
    assert exchange.response.state is State.DONE
    assert exchange.response.ranges == ()


def test_a_head_that_is_no_200_is_handed_on() -> None:
    exchange = begin({}, "HEAD")
    assert show(feed(exchange, start(LENGTH, status=404), body())) == [404, (b"", False)]
    exchange.returned(client_gone=False)


def test_a_head_of_a_source_tells_its_size() -> None:
    exchange = begin(RANGE, "HEAD", source=Fixed(size=77))
    given = feed(exchange, start())
    assert show(given) == [200, (b"", False)]
    assert fields_of(given[0])[b"content-length"] == b"77"
    assert exchange.response.reason is Reason.HEAD


# Sources


def serve_of(actions: Sequence[Any]) -> Serve:
    (serve,) = (action for action in actions if isinstance(action, Serve))
    return serve


def test_a_source_that_was_handed_over_is_the_representation() -> None:
    source = Fixed()
    exchange = begin(RANGE, source=source)
    given = feed(exchange, start((b"content-length", b"0")))
    fields = fields_of(given[0])
    assert given[0]["status"] == 206
    assert fields[b"content-range"] == b"bytes 2-5/10"
    assert fields[b"content-length"] == b"4"
    assert fields[b"etag"] == b'"s"'
    assert fields[b"last-modified"] == b"Wed, 01 Jan 2020 00:00:00 GMT"
    assert fields[b"content-type"] == b"video/mp4"
    assert serve_of(given).source is source
    assert serve_of(given).plan.segments == (ByteRange(2, 6),)
    assert exchange.response.state is State.SERVING
    exchange.response.last_send()
    assert (exchange.response.state, exchange.response.complete) == (State.DONE, True)


def test_the_apps_own_fields_win_over_the_sources() -> None:
    own = [ETAG, (b"Last-Modified", b"Thu, 01 Jan 1970 00:00:00 GMT"), (b"Content-Type", b"x/y")]
    given = feed(begin(source=Fixed()), start(*own))
    fields = fields_of(given[0])
    assert [fields[name] for name, _ in own] == [value for _, value in own]
    assert not {b"last-modified", b"content-type"} & set(fields)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(Fixed(content_type="text/x\r\nSet-Cookie: a=1"), id="CRLF"),
        pytest.param(Fixed(content_type="text/\x00x"), id="NUL"),
        pytest.param(Fixed(content_type="text/\u2603"), id="not Latin-1"),
    ],
)
def test_a_sources_content_type_cannot_split_the_response(source: Fixed) -> None:
    given = feed(begin(source=source), start())
    assert b"content-type" not in fields_of(given[0])


@pytest.mark.parametrize("etag", ["plain", '"', "W/x", '"a\r\nb"', '"\u2603"', ""])
def test_a_sources_etag_that_is_none_is_left_out(etag: str) -> None:
    given = feed(begin(source=Fixed(etag=etag)), start())
    assert b"etag" not in fields_of(given[0])


def test_a_source_whose_body_was_replaced_later_gives_way(
    caplog: pytest.LogCaptureFixture,
) -> None:
    exchange = begin(RANGE, source=Fixed())
    given = feed(exchange, start((b"content-length", b"12")), body(b"abcdefghijkl"))
    assert show(given) == [206, (b"cdef", False)]
    (record,) = caplog.records
    assert "10" in record.getMessage()
    assert "12" in record.getMessage()


@pytest.mark.parametrize("length", [b"ten", b"-1", b"10, 12"])
def test_a_source_gives_way_where_the_length_is_in_doubt(length: bytes) -> None:
    """Nobody can tell whether the app's body is still the one that the source stands for."""
    exchange = begin(source=Fixed())
    given = feed(exchange, start((b"content-length", length)), body(b"abcdefghijkl"))
    assert show(given) == [200, (b"abcdefghijkl", False)]


def test_a_source_of_negative_size_is_refused() -> None:
    with pytest.raises(ResponseError, match="-1"):
        feed(begin(source=Fixed(size=-1)), start())


def test_an_empty_source_is_an_empty_whole() -> None:
    exchange = begin(RANGE, source=Fixed(size=0))
    assert show(feed(exchange, start())) == [200, (b"", False)]
    assert exchange.response.reason is Reason.EMPTY


def test_a_source_is_not_for_a_404() -> None:
    assert show(feed(begin(source=Fixed()), start(status=404))) == [404]


def test_a_path_is_opened_first() -> None:
    exchange = begin(RANGE, source="/film")
    assert feed(exchange, start()) == [Open("/film", True)]
    given = list(exchange.opened(Fixed()))
    assert given[0]["status"] == 206
    assert exchange.response.state is State.SERVING


def test_the_open_file_counts_and_not_what_the_app_saw_before() -> None:
    exchange = begin(RANGE)
    assert feed(exchange, start(LENGTH, ETAG), pathsend()) == [Open("/film", False, 10)]
    given = list(exchange.opened(Fixed(size=11)))
    assert fields_of(given[0])[b"content-range"] == b"bytes 2-5/11"
    assert fields_of(given[0])[b"etag"] == b'"s"'


@pytest.mark.parametrize("native", [False, True])
def test_a_server_that_can_send_paths_gets_whole_files(native: bool) -> None:
    exchange = begin(native_pathsend=native)
    feed(exchange, start(LENGTH), pathsend())
    given = list(exchange.opened(Fixed(sendable_path="/film")))
    assert given[0]["status"] == 200
    if native:
        assert given[1] == pathsend()
        assert exchange.response.state is State.DONE
    else:
        assert isinstance(given[1], Serve)


def test_a_server_that_can_send_paths_gets_no_part_and_no_foreign_source() -> None:
    exchange = begin(RANGE, native_pathsend=True)
    feed(exchange, start(LENGTH), pathsend())
    assert isinstance(exchange.opened(Fixed(sendable_path="/film"))[1], Serve)

    foreign = Fixed()
    foreign.path = "/etc/passwd"  # type: ignore[attr-defined]
    given = feed(begin(source=foreign, native_pathsend=True), start())
    assert isinstance(given[1], Serve)


def test_pathsend_of_a_404_is_served_whole() -> None:
    exchange = begin(RANGE)
    assert show(feed(exchange, start(LENGTH, status=404), pathsend())) == [
        404,
        Open("/film", True, 10),
    ]
    (serve,) = exchange.opened(Fixed())
    assert serve.plan.segments == (ByteRange(0, 10),)  # type: ignore[union-attr]


def test_pathsend_of_a_404_keeps_the_length_that_was_promised() -> None:
    exchange = begin(RANGE)
    feed(exchange, start(LENGTH, status=404), pathsend())
    with pytest.raises(ResponseError, match="Content-Length"):
        exchange.opened(Fixed(size=11))


@pytest.mark.parametrize(
    ("fields", "wanted"), [([], True), ([(b"ETag", b'"v"')], False)], ids=["none", "the app's"]
)
def test_an_etag_is_wanted_unless_the_app_gave_one(fields: list[Any], wanted: bool) -> None:
    assert feed(begin(source="/film"), start(*fields)) == [Open("/film", wanted)]


def test_when_the_client_leaves_a_source_the_response_is_over_but_not_ended() -> None:
    exchange = begin(source=Fixed())
    feed(exchange, start())
    exchange.response.client_left()
    assert (exchange.response.state, exchange.response.complete) == (State.DONE, False)
    exchange.returned(client_gone=False)


# After DONE


def done(length: int = 1 << 40, **kinds: Any) -> Exchange:
    """The client has its part of `length` bytes, of which the app has sent seven."""
    exchange = begin(RANGE, **kinds)
    feed(exchange, start((b"Content-Length", b"%d" % length)), body(b"0123456", True))
    assert exchange.response.state is State.DONE
    return exchange


def late(
    exchange: Exchange,
    messages: Iterable[dict[str, Any]],
    limit: int | None = 65536,
    *,
    app_listens: bool = False,
) -> list[bool]:
    """Whether the app is stopped at each of these late messages."""
    subject = Late(limit)
    return [subject.stops(each, exchange.response, app_listens=app_listens) for each in messages]


def test_an_app_that_does_not_listen_is_stopped_at_its_second_message() -> None:
    exchange = done()
    more = body(b"7", True)
    assert late(exchange, [more] * 3) == [False, True, True]


def test_an_app_that_listens_has_sixteen_messages() -> None:
    exchange = done()
    more = body(b"7", True)
    assert late(exchange, [more] * 17, app_listens=True) == [*[False] * 16, True]


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(body(b"x"), id="body"),
        pytest.param({"type": "http.response.body"}, id="nothing but a type"),
        pytest.param(kind("trailers"), id="trailers"),
        pytest.param(pathsend(), id="pathsend"),
        pytest.param(start(status=500), id="the start of an error page"),
    ],
)
def test_a_message_after_which_no_body_goes_on_is_always_swallowed(message: dict[str, Any]) -> None:
    exchange = done()
    assert not any(late(exchange, [message] * 40))


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(body(b"x", True), id="body"),
        pytest.param(kind("trailers", more_trailers=True), id="trailers"),
        pytest.param(kind("of_2030"), id="unknown"),
    ],
)
def test_any_other_message_is_not(message: dict[str, Any]) -> None:
    exchange = done()
    assert late(exchange, [message] * 2) == [False, True]


@pytest.mark.parametrize(
    ("length", "limit", "chunk", "swallowed"),
    [
        pytest.param(7 + 65536, 65536, 32768, True, id="as much as the limit"),
        pytest.param(7 + 98305, 65536, 32768, False, id="a byte more after the first"),
        pytest.param(7 + 65536, 65536, 4096, True, id="in 16 messages"),
        pytest.param(7 + 65536, 65536, 3855, False, id="in 17 messages"),
        pytest.param(7 + 1700, 65536, 100, False, id="in many tiny messages"),
        pytest.param(7 + 64 * 1024 * 1024, None, 65536, True, id="no limit"),
        pytest.param(7 + 65536, 0, 4096, False, id="a limit of nothing"),
    ],
)
@pytest.mark.parametrize("app_listens", [False, True])
def test_what_little_is_left_is_swallowed(
    length: int, limit: int | None, chunk: int, swallowed: bool, app_listens: bool
) -> None:
    exchange = done(length, limits=Limits(max_late_bytes=limit))
    patience = 16 if app_listens else 1
    sizes = [
        *[chunk] * ((length - 7) // chunk),
        *([(length - 7) % chunk] if (length - 7) % chunk else []),
    ]
    messages = [body(b"x" * size, True) for size in sizes]
    answers = late(exchange, messages, limit, app_listens=app_listens)
    assert not any(answers[:patience])
    assert any(answers[1:]) is not swallowed or (app_listens and len(sizes) <= patience)


@pytest.mark.parametrize("limit", [65536, None])
def test_what_exceeds_the_content_length_is_not(limit: int | None) -> None:
    exchange = done(17, limits=Limits(max_late_bytes=limit))
    more = body(b"x" * 5, True)
    assert late(exchange, [more] * 3, limit) == [False, False, True]


@pytest.mark.parametrize(("limit", "stopped"), [(65536, True), (None, False)])
def test_an_app_whose_messages_are_empty_is_stopped(limit: int | None, stopped: bool) -> None:
    exchange = done(10, limits=Limits(max_late_bytes=limit))
    answers = late(exchange, [body(b"", True)] * 3, limit)
    assert answers == [False, stopped, stopped]


@pytest.mark.parametrize(
    ("length", "swallowed"), [(b"4096", True), (b"4194304", False), (None, False)]
)
@pytest.mark.parametrize("what", ["head", "not modified", "handed over"])
def test_what_is_left_of_a_body_that_was_not_wanted(
    what: str, length: bytes | None, swallowed: bool
) -> None:
    fields = [(b"Content-Length", length)] if length else []
    if what == "head":
        exchange = begin(method="HEAD")
        feed(exchange, start(*fields))
    elif what == "not modified":
        exchange = begin({"If-None-Match": '"v"'})
        feed(exchange, start(*fields, (b"ETag", b'"v"')), body(b"", True))
    else:
        size = int(length or 4194304)
        exchange = begin(source=Fixed(size=size))
        feed(exchange, start(*fields))
        exchange.response.last_send()
    assert exchange.response.state is State.DONE
    answers = late(exchange, [body(b"x" * 1024, True)] * 3)
    assert any(answers) is not swallowed


# What is told of it

TOLD = [
    pytest.param({}, [start(LENGTH), body(TEN)], 200, 10, [(0, 10)], None, id="whole"),
    pytest.param(RANGE, [start(LENGTH), body(TEN)], 206, 10, [(2, 6)], None, id="part"),
    pytest.param(RANGE, [start(), body(b"", True)], 200, None, [], Reason.NO_LENGTH, id="length"),
    pytest.param(RANGE, [start(status=201)], 201, None, [], Reason.NOT_A_200, id="201"),
    pytest.param({}, [start(status=201)], 201, None, [], None, id="201, no range"),
    pytest.param(
        RANGE, [start(LENGTH), kind("x")], 200, None, [], Reason.UNKNOWN_MESSAGE, id="unknown"
    ),
    pytest.param(
        {"Range": "bytes=2-5", "If-Match": '"w"'},
        [start(LENGTH), body(TEN)],
        412,
        10,
        [],
        Reason.PRECONDITION,
        id="a precondition came first",
    ),
    pytest.param(
        {"If-Match": '"w"'},
        [start(LENGTH), body(TEN)],
        412,
        10,
        [],
        None,
        id="a precondition without a range",
    ),
    pytest.param(
        {"Range": "bytes=77-"},
        [start(LENGTH), body(TEN)],
        416,
        10,
        [],
        Reason.UNSATISFIABLE,
        id="unsatisfiable",
    ),
]


@pytest.mark.parametrize(("headers", "messages", "status", "length", "ranges", "reason"), TOLD)
def test_what_was_decided(
    headers: dict[str, str],
    messages: list[Any],
    status: int,
    length: int | None,
    ranges: list[tuple[int, int]],
    reason: Reason | None,
) -> None:
    exchange = begin(headers)
    assert not exchange.response.decided
    feed(exchange, *messages)
    assert exchange.response.decided
    assert exchange.response.status == status
    assert exchange.response.complete_length == length
    assert exchange.response.ranges == tuple(ranges)
    assert exchange.response.reason is reason


# Laws


@given(
    data=st.binary(max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=6),
    field=st.sampled_from(
        ["bytes=0-0", "bytes=5-", "bytes=-7", "bytes=3-9,20-30", "bytes=9-12,1-2", "bytes=50-"]
    ),
    promised=st.booleans(),
)
def test_however_a_body_is_chopped(
    data: bytes, cuts: list[int], field: str, promised: bool
) -> None:
    """The bytes sent are the Content-Length, and the same as for the body in one piece."""
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[a:b] for a, b in pairwise(edges)] or [b""]
    first = start(
        *([(b"content-length", b"%d" % len(data))] if promised or len(pieces) > 1 else [])
    )
    exchange = begin({"Range": field})
    given: list[Any] = []
    for message in [first, *(body(p, n < len(pieces) - 1) for n, p in enumerate(pieces))]:
        if exchange.response.state is not State.DONE:
            given += exchange.feed(message)
    exchange.returned(client_gone=False)
    sent = b"".join(m["body"] for m in given[1:])
    finals = [not m["more_body"] for m in given[1:]]
    assert finals.index(True) == len(finals) - 1
    length = fields_of(given[0]).get(b"content-length")
    assert length in (None, b"%d" % len(sent))
    assert length is not None or given[0]["status"] == 200
    whole = begin({"Range": field})
    at_once = feed(whole, start(), body(data))
    assert given[0]["status"] == at_once[0]["status"]
    assert exchange.response.ranges == whole.response.ranges
    for first_byte, stop in exchange.response.ranges:
        assert data[first_byte:stop] in sent
