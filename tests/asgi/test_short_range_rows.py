"""Rows of the second fast path: what it takes without an exchange, and what it leaves alone."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.both_ways import CONTENT, KIB, Case, Place, Start, answer, check, the_clock_stands
from support.descriptors import nothing_left_open
from support.driver import ask
from support.messages import body, content_length, pathsend, start

from rangeserve import Limits, RangeMiddleware, hand_over
from rangeserve._asgi import call
from rangeserve._asgi.exchange import Exchange
from rangeserve._asgi.fast_path import ShortRange
from rangeserve.core.request import Request
from rangeserve.handover import handover_of
from rangeserve.sources import FileSource, opening
from rangeserve.sources.opening import open_file

pytestmark = pytest.mark.anyio

SIZE = 100 * KIB
LENGTH = content_length(SIZE)
SENT, GIVEN = "sent by its path", "handed over"


@pytest.fixture
def all_is_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every folder is quick, and what is read is in the page cache: whatever the machine does."""
    monkeypatch.setattr(opening, "_QUICK_SECONDS", float("inf"))
    if hasattr(os, "preadv"):
        preadv = os.preadv
        monkeypatch.setattr(os, "preadv", lambda fd, into, at, _=0: preadv(fd, into, at))


@pytest.fixture
async def place(tmp_path: Path, all_is_at_hand: None) -> Place:
    """A file of 100 KiB in a folder that is known to be quick."""
    place = Place(str(tmp_path / "file"), SIZE)
    place.make()
    file = await open_file(place.path)
    is_at_hand = file.read_at_once(0, 1) is not None
    file.close()
    if not is_at_hand:
        pytest.skip("this file system cannot tell what it has at hand (RWF_NOWAIT)")
    return place


def case(
    place: Place,
    *fields: tuple[bytes, bytes],
    way: str = SENT,
    requested: bytes = b"bytes=5-9",
    request: tuple[tuple[bytes, bytes], ...] = (),
    method: str = "GET",
    shape: str = "list",
    status: int = 200,
    path: str | None = None,
    **more: Any,
) -> Case:
    """A request for a range of a file, which its app sends or hands over by its path."""
    used = place.path if path is None else path
    first = Start(fields, status, shape)
    steps = (first, pathsend(used)) if way == SENT else (("hand over", used), first, body())
    return Case(method, ((b"range", requested), *request), steps, **more)


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The exchanges that have begun."""
    exchanges: list[Any] = []

    def begin(*args: Any, **options: Any) -> Exchange:
        exchanges.append(args)
        return Exchange(*args, **options)

    monkeypatch.setattr(call, "Exchange", begin)
    return exchanges


MADE = Place("", SIZE).etag.encode()
TAG = (b"etag", b'"v"')
DATE = (b"last-modified", b"Tue, 14 Nov 2023 22:13:20 GMT")


@pytest.mark.parametrize("way", [SENT, GIVEN])
@pytest.mark.parametrize(
    ("fields", "more"),
    [
        pytest.param([], {}, id="no field at all"),
        pytest.param([LENGTH], {}, id="its Content-Length"),
        pytest.param([(b"CONTENT-LENGTH", b"000%d" % SIZE)], {}, id="with leading zeros"),
        pytest.param([LENGTH, LENGTH], {}, id="its Content-Length twice"),
        pytest.param([LENGTH, TAG, DATE], {}, id="validators of the app's own"),
        pytest.param([TAG, (b"ETag", b'"w"')], {}, id="two different ETags"),
        pytest.param([(b"content-encoding", b"identity")], {}, id="Content-Encoding: identity"),
        pytest.param([(b"accept-ranges", b"bytes")], {}, id="Accept-Ranges: bytes"),
        pytest.param([(b"content-type", b"image/tiff")], {}, id="Content-Type"),
        pytest.param([(b"content-digest", b"sha-256=:AA==:")], {}, id="Content-Digest"),
        pytest.param([LENGTH], {"shape": "tuple"}, id="fields in a tuple"),
        pytest.param([LENGTH], {"shape": "lists"}, id="fields as lists"),
        pytest.param([], {"shape": "absent"}, id="no headers key"),
        pytest.param([], {"requested": b"bytes=0-0"}, id="the first byte"),
        pytest.param([], {"requested": b"bytes=102399-102399"}, id="the last byte"),
        pytest.param([], {"requested": b"bytes=102390-102409"}, id="beyond the end"),
        pytest.param([], {"requested": b"bytes=0-65535"}, id="64 KiB"),
        pytest.param([], {"requested": b" bytes=5-9\t"}, id="white space around it"),
        pytest.param([], {"request": ((b"IF-RANGE", MADE),)}, id="If-Range: the tag made for it"),
        pytest.param([TAG], {"request": ((b"If-Range", b'"v"'),)}, id="If-Range: the tag"),
        pytest.param([DATE], {"request": ((b"if-range", DATE[1]),)}, id="If-Range: the date"),
        pytest.param([], {"request": ((b"accept-encoding", b"gzip"),)}, id="Accept-Encoding"),
        pytest.param([], {"options": (("last_modified", False),)}, id="no Last-Modified"),
        pytest.param([], {"options": (("app_ranges", True),)}, id="app_ranges"),
        pytest.param([], {"offers_pathsend": True}, id="the server offers pathsend"),
    ],
)
async def test_it_takes(
    way: str, fields: list[Any], more: dict[str, Any], place: Place, begun: list[Any]
) -> None:
    subject = case(place, *fields, way=way, **more)
    without_late_body = replace(subject, steps=subject.steps[:2])
    for is_observed in (False, True):
        seen = await answer(without_late_body, place, is_fast=True, is_observed=is_observed)
        assert begun == []
        assert (seen.sent[0]["status"], seen.raised) == (206, None)
    with the_clock_stands():
        await check(subject, place)


LEFT_ALONE = [
    pytest.param([content_length(SIZE - 1)], {}, id="another Content-Length"),
    pytest.param([(b"content-length", b"x")], {}, id="no number"),
    pytest.param([LENGTH, content_length(5)], {}, id="two Content-Lengths"),
    pytest.param([(b"content-encoding", b"gzip")], {}, id="coded"),
    pytest.param([(b"Accept-Ranges", b"none")], {}, id="Accept-Ranges: none"),
    pytest.param([(b"content-range", b"bytes 0-4/5")], {}, id="Content-Range"),
    pytest.param([], {"status": 404}, id="another status"),
    pytest.param([], {"method": "HEAD"}, id="HEAD"),
    pytest.param([], {"requested": b"bytes=5-"}, id="open"),
    pytest.param([], {"requested": b"bytes=-5"}, id="suffix"),
    pytest.param([], {"requested": b"bytes=0-65536"}, id="64 KiB and a byte"),
    pytest.param([], {"requested": b"bytes=0-1,5-9"}, id="two ranges"),
    pytest.param([], {"requested": b"bytes=9-5"}, id="malformed"),
    pytest.param([], {"requested": b"bytes = 5-9"}, id="space inside"),
    pytest.param([], {"requested": b"BYTES=5-9"}, id="another case"),
    pytest.param([], {"requested": b"lines=5-9"}, id="another unit"),
    pytest.param([], {"requested": b"bytes=5-%d" % 10**18}, id="19 digits"),
    pytest.param([], {"requested": b"bytes=102400-102409"}, id="not satisfiable"),
    pytest.param([], {"request": ((b"range", b"bytes=1-2"),)}, id="two Ranges"),
    pytest.param([TAG], {"request": ((b"if-range", b'"w"'),)}, id="If-Range: another tag"),
    pytest.param([TAG], {"request": ((b"if-range", b'W/"v"'),)}, id="If-Range: weak"),
    pytest.param([], {"request": ((b"if-range", b"?"),)}, id="If-Range: garbage"),
    pytest.param([], {"request": ((b"if-match", b"*"),)}, id="If-Match"),
    pytest.param([], {"request": ((b"if-none-match", b'"w"'),)}, id="If-None-Match"),
    pytest.param([], {"request": ((b"if-modified-since", DATE[1]),)}, id="If-Modified-Since"),
    pytest.param([], {"request": ((b"if-unmodified-since", DATE[1]),)}, id="If-Unmodified-Since"),
    pytest.param([], {"options": (("etag", None),)}, id="no ETag is to be made"),
    pytest.param([], {"options": (("etag", lambda file: None),)}, id="a maker of ETags"),
    pytest.param([], {"options": (("limits", Limits(max_body_size=100)),)}, id="max_body_size"),
    pytest.param([], {"path": "/none/at/all"}, id="no folder"),
    pytest.param([], {"path": "/proc/self/status"}, id="generated"),
]


@pytest.mark.parametrize("way", [SENT, GIVEN])
@pytest.mark.parametrize(("fields", "more"), LEFT_ALONE)
async def test_it_leaves_alone(
    way: str, fields: list[Any], more: dict[str, Any], place: Place, begun: list[Any]
) -> None:
    subject = case(place, *fields, way=way, **more)
    await answer(subject, place, is_fast=True, is_observed=False)
    assert len(begun) == 1
    with the_clock_stands():
        await check(subject, place)


async def test_a_content_length_of_0_says_nothing_of_what_is_handed_over_only(
    place: Place, begun: list[Any]
) -> None:
    """Sent by its path, the file has changed since its app made the validators."""
    for way, count in ((GIVEN, 0), (SENT, 1)):
        subject = case(place, content_length(0), TAG, way=way)
        seen = await answer(
            replace(subject, steps=subject.steps[:2]), place, is_fast=True, is_observed=False
        )
        assert len(begun) == count
        assert (TAG in seen.sent[0]["headers"]) == (way == GIVEN)
        with the_clock_stands():
            await check(subject, place)
        begun.clear()


@pytest.mark.parametrize("way", [SENT, GIVEN])
@pytest.mark.parametrize("what", ["missing", "folder", "fifo", "link", "empty", "byte too long"])
async def test_files_that_it_leaves_alone(
    what: str, way: str, place: Place, begun: list[Any], tmp_path: Path
) -> None:
    path = tmp_path / what
    if what == "folder":
        path.mkdir()
    elif what == "fifo":
        os.mkfifo(path)
    elif what == "link":
        path.symlink_to(place.path)
    elif what == "empty":
        path.touch()
    elif what == "byte too long":
        path.write_bytes(CONTENT[: SIZE + 1])
    with nothing_left_open(tmp_path), the_clock_stands():
        subject = case(place, LENGTH, way=way, path=str(path))
        await answer(subject, place, is_fast=True, is_observed=False)
        assert len(begun) == 1
        await check(subject, place)


async def test_a_folder_that_is_not_known_to_be_quick_is_left_alone(
    place: Place, begun: list[Any], no_folder_is_known: None
) -> None:
    seen = await answer(case(place), place, is_fast=True, is_observed=False)
    assert len(begun) == 1
    assert seen.sent[0]["status"] == 206
    seen = await answer(case(place), place, is_fast=True, is_observed=False)
    assert len(begun) == 1, "it is known now"


@pytest.mark.parametrize("given", [None, b"", CONTENT[5:9]], ids=["nothing", "the end", "a part"])
async def test_what_is_not_at_hand_as_a_whole_is_left_alone(
    given: bytes | None, place: Place, begun: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is read anew: not even the bytes that were at hand are taken over."""
    read_at_once = FileSource.read_at_once
    calls: list[tuple[int, int]] = []

    def only_so_much(source: FileSource, start: int, stop: int) -> bytes | None:
        calls.append((start, stop))
        return given if len(calls) == 1 else read_at_once(source, start, stop)

    monkeypatch.setattr(FileSource, "read_at_once", only_so_much)
    with nothing_left_open(os.path.dirname(place.path)):
        seen = await answer(case(place), place, is_fast=True, is_observed=True)
    assert len(begun) == 1
    assert seen.sent[1:] == [body(CONTENT[5:10])]
    assert seen.events[1].bytes_sent == 5


@pytest.mark.parametrize("way", [SENT, GIVEN])
@pytest.mark.parametrize("error", [OSError, ValueError, KeyError, KeyboardInterrupt])
async def test_nothing_is_left_open_if_it_fails(
    error: type[BaseException], way: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise error("in the middle")

    monkeypatch.setattr(FileSource, "read_at_once", fail)
    with nothing_left_open(os.path.dirname(place.path)):
        middleware = RangeMiddleware(app_of(case(place, way=way)))
        with pytest.raises(error):
            await ask(middleware, headers=[("Range", "bytes=5-9")])


def app_of(subject: Case) -> Any:
    """The app of a case, for a driver of another kind."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for step in subject.steps:
            if isinstance(step, tuple):
                hand_over(scope, step[1])
            else:
                await send(step.message() if isinstance(step, Start) else step)

    return app


async def test_the_files_are_not_changed_and_the_apps_message_is_its_own(place: Place) -> None:
    given = start(LENGTH, TAG)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(given)
        await send(pathsend(place.path))

    answered = await ask(RangeMiddleware(app), headers=[("Range", "bytes=5-9")])
    assert (answered.status, answered.body) == (206, CONTENT[5:10])
    assert given == start(LENGTH, TAG), "the app's own message has been changed"


async def test_what_is_handed_over_and_taken_is_accepted_and_withdrawn(place: Place) -> None:
    accepted: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        hand_over(scope, place.path)
        await send(start())
        handover = handover_of(scope)
        assert handover is not None
        accepted.append((handover.accepted, handover.source))
        await send(body(b"no byte of this"))

    answered = await ask(RangeMiddleware(app), headers=[("Range", "bytes=5-9")])
    assert answered.body == CONTENT[5:10]
    assert accepted == [(True, None)]


async def test_what_is_handed_over_and_refused_is_not_accepted(place: Place) -> None:
    """An integration asks that to know whether its body is still wanted."""
    accepted: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        hand_over(scope, place.path)
        await send(start(content_length(10)))
        handover = handover_of(scope)
        assert handover is not None
        accepted.append(handover.accepted)
        await send(body(b"0123456789"))

    answered = await ask(RangeMiddleware(app), headers=[("Range", "bytes=5-9")])
    assert answered.body == b"56789"
    assert accepted == [False]


@pytest.mark.parametrize("way", [SENT, GIVEN])
async def test_an_app_that_goes_on_is_stopped_as_by_the_exchange(way: str, place: Place) -> None:
    """What its body lacks by its Content-Length is known: little more of it is let be."""
    more = [body(b"x" * KIB, True)] * 40
    for length in ([], [LENGTH], [content_length(0)] if way == GIVEN else [LENGTH]):
        subject = case(place, *length, way=way)
        subject = replace(subject, steps=(*subject.steps[:2], *more))
        with the_clock_stands():
            await check(subject, place)


async def test_a_little_of_a_body_that_is_late_is_let_be(begun: list[Any]) -> None:
    """Its Content-Length tells how much is left: 600 bytes, in six messages."""
    ended: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        hand_over(scope, CONTENT[:600])
        await send(start(content_length(600)))
        for at in range(0, 600, 100):
            await send(body(CONTENT[at : at + 100], at < 500))
        ended.append(True)

    answered = await ask(RangeMiddleware(app), headers=[("Range", "bytes=5-9")])
    assert answered.body == CONTENT[5:10]
    assert ended
    assert not begun


async def test_one_that_is_the_body_as_well_is_taken(place: Place, begun: list[Any]) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        handover = handover_of(scope)
        assert handover is not None
        handover.same_as_body(place.path, SIZE)
        await send(start(LENGTH))
        await send(body(CONTENT[:SIZE]))

    answered = await ask(RangeMiddleware(app), headers=[("Range", "bytes=5-9")])
    assert answered.body == CONTENT[5:10]
    assert not begun


async def test_one_that_counts_with_its_first_body_only_is_left_alone(
    place: Place, begun: list[Any]
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        handover = handover_of(scope)
        assert handover is not None
        handover.instead_of_body(place.path)
        handover.first_body = b"another"
        await send(start())
        await send(body(b"0123456789"))

    answered = await ask(RangeMiddleware(app), headers=[("Range", "bytes=5-9")])
    assert len(begun) == 1
    assert answered.body == b"56789"


@pytest.mark.parametrize(
    ("request_field", "suits"),
    [
        ("bytes=0-65535", True),
        ("bytes=0-65536", False),
        ("bytes=9-0", False),
        ("bytes=00005-0009", False),
        ("bytes=5-", False),
        (f"bytes={10**18 - 1}-{10**18 - 1}", True),
        (f"bytes={10**18}-{10**18}", False),
        ("bytes=0-\u0669", False),
        ("bytes=0-1\n", False),
        ("bytes=1", False),
        ("", False),
        (None, False),
    ],
)
def test_what_suits(request_field: str | None, suits: bool) -> None:
    assert ShortRange.suits(Request(range=request_field)) is suits


# What was wrong once


@pytest.mark.parametrize("way", [SENT, GIVEN])
@pytest.mark.parametrize("shape", ["iterator", "pairs that are iterators"])
@pytest.mark.parametrize(("fields", "more"), LEFT_ALONE[3:6])
async def test_fields_that_can_be_read_only_once(
    way: str, shape: str, fields: list[Any], more: dict[str, Any], place: Place
) -> None:
    with the_clock_stands():
        await check(case(place, *fields, way=way, shape=shape, **more), place)


@pytest.mark.parametrize("way", [SENT, GIVEN])
async def test_a_client_that_has_left_gets_no_body(way: str, place: Place) -> None:
    subject = case(place, way=way, has_left=True)
    subject = replace(subject, steps=("listen", *subject.steps))
    with the_clock_stands():
        await check(subject, place)


@pytest.mark.parametrize("way", [SENT, GIVEN])
@pytest.mark.parametrize(
    "is_fast",
    [False, True],
)
async def test_one_cancelled_before_its_body_is_not_told_to_be_complete(
    is_fast: bool, way: str, place: Place
) -> None:
    events: list[Any] = []

    async def hang(message: Any) -> None:
        scope.cancel()
        await anyio.sleep_forever()

    with nothing_left_open(os.path.dirname(place.path)), anyio.CancelScope() as scope:
        middleware = RangeMiddleware(app_of(case(place, way=way)), observer=events.append)
        middleware._settings.has_short_ranges = is_fast
        await ask(middleware, headers=[("Range", "bytes=5-9")], on_send=hang)
    assert events[1].bytes_sent == 0
    assert events[1].outcome.name == "CLIENT_GONE"
