"""`max_body_size`, `too_large`, `body_etag` and `validator` under WSGI: the same as under ASGI."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timezone
from io import BytesIO
from pathlib import Path
from typing import Any
from wsgiref.validate import validator as validated

import pytest
from support.wsgi import Body, ask, gives

from rangeserve import Limits, ResponseStarted
from rangeserve.sources import BytesSource, content_etag
from rangeserve.wsgi import RangeMiddleware, hand_over

BODY = bytes(place % 251 for place in range(1000))
PIECES = [BODY[place : place + 100] for place in range(0, 1000, 100)]
LENGTH = ("Content-Length", "1000")
TYPE = ("Content-Type", "video/mp4")
CAP = Limits(max_body_size=300)
RANGE = ("Range", "bytes=150-349")
TAG = content_etag(BODY)
DATE = datetime(2015, 10, 21, 7, 28, tzinfo=timezone.utc)


@pytest.fixture(params=["list", "stream", "write", "file", "file object", "source"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """The same 1,000 bytes in each way in which their length is known."""
    path = tmp_path / "film"
    path.write_bytes(BODY)

    def app(environ: Any, start_response: Any) -> Any:
        way = request.param
        write = start_response("200 OK", [TYPE, LENGTH] if way in ("stream", "write") else [TYPE])
        if way == "write":
            for piece in PIECES:
                write(piece)
        elif way == "stream":
            return Body(*PIECES)
        elif way == "list":
            return list(PIECES)
        elif way == "source":
            hand_over(environ, BytesSource(BODY))
        else:
            file = path.open("rb") if way == "file" else BytesIO(BODY)
            return environ["wsgi.file_wrapper"](file)
        return []

    return app


class TestACap:
    @pytest.mark.parametrize(
        ("field", "first", "last"),
        [
            pytest.param("bytes=0-", 0, 299, id="open"),
            pytest.param("bytes=100-899", 100, 399, id="closed"),
            pytest.param("bytes=-600", 400, 699, id="suffix"),
            pytest.param("bytes=0-499,500-999", 0, 299, id="halves"),
            pytest.param("bytes=990-", 990, 999, id="less than the bound"),
        ],
    )
    def test_a_part_is_cut_and_says_so(self, app: Any, field: str, first: int, last: int) -> None:
        reply = ask(RangeMiddleware(app, limits=CAP), headers=[("Range", field)])
        assert (reply.status, reply.body) == (206, BODY[first : last + 1])
        assert reply["content-range"] == f"bytes {first}-{last}/1000"
        assert reply["content-length"] == str(last + 1 - first)

    def test_a_whole_is_an_error_and_never_cut(self, app: Any) -> None:
        told: list[Any] = []
        for options in ({}, {"observer": told.append}):
            reply = ask(RangeMiddleware(app, limits=CAP, **options))
            assert (reply.line, reply.raised) == ("501 Not Implemented", None)
            text = b"The whole has 1000 bytes, and an answer has at most 300: ask for ranges.\n"
            assert reply.body == text
            assert reply["content-type"] == "text/plain; charset=utf-8"
            assert reply["cache-control"] == "no-store"
        (started,) = (each for each in told if isinstance(each, ResponseStarted))
        assert (started.status, started.complete_length, started.ranges) == (501, 1000, ())

    def test_a_head_tells_the_size(self, app: Any) -> None:
        reply = ask(RangeMiddleware(app, limits=CAP), "HEAD")
        assert (reply.status, reply["content-length"], reply.body) == (200, "1000", b"")

    def test_a_redirect(self, app: Any) -> None:
        def elsewhere(environ: Any) -> str:
            return f"https://cdn.example{environ['PATH_INFO']}?signed"

        wrapped = RangeMiddleware(app, limits=CAP, too_large=elsewhere)
        reply = ask(wrapped, path="/film.mp4")
        assert (reply.line, reply.body) == ("307 Temporary Redirect", b"")
        assert reply["location"] == "https://cdn.example/film.mp4?signed"
        assert ask(wrapped, headers=[RANGE]).body == BODY[150:350]

    @pytest.mark.parametrize("too_large", [None, lambda environ: "https://cdn.example/"])
    def test_wsgiref_finds_no_fault(self, app: Any, too_large: Any) -> None:
        wrapped = validated(RangeMiddleware(app, limits=CAP, too_large=too_large))
        reply = ask(wrapped)
        assert reply.raised is None
        assert reply.status == (501 if too_large is None else 307)


def test_a_hook_that_raises_harms_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def hook(environ: Any) -> str:
        raise LookupError("no such film")

    caplog.set_level(logging.ERROR, "rangeserve")
    reply = ask(RangeMiddleware(gives([BODY]), limits=CAP, too_large=hook))
    assert reply.status == 501
    assert "the too_large callable failed" in caplog.text


def test_a_stream_without_a_length_is_passed_on() -> None:
    reply = ask(RangeMiddleware(gives(Body(*PIECES)), limits=CAP))
    assert (reply.status, reply.body) == (200, BODY)


# Validators for what has none


class One(Body):
    """One chunk whose container says so."""

    def __len__(self) -> int:
        return 1


ONES = [
    pytest.param(lambda: ([BODY], ()), id="a list"),
    pytest.param(lambda: (One(BODY), ()), id="a container"),
    pytest.param(lambda: (Body(BODY), (LENGTH,)), id="an iterator with a length"),
]


@pytest.mark.parametrize("make", ONES)
class TestABodyOfOneChunk:
    def app(self, make: Any) -> Any:
        def app(environ: Any, start_response: Any) -> Any:
            body, fields = make()
            start_response("200 OK", [TYPE, *fields])
            return body

        return app

    def test_it_has_a_tag(self, make: Any) -> None:
        reply = ask(RangeMiddleware(self.app(make), body_etag=1000))
        assert (reply.status, reply.body, reply["etag"]) == (200, BODY, TAG)
        assert ask(RangeMiddleware(self.app(make), body_etag=999)).get("etag") is None
        assert ask(RangeMiddleware(self.app(make))).get("etag") is None

    def test_it_answers_conditions(self, make: Any) -> None:
        app = RangeMiddleware(self.app(make), body_etag=1000)
        reply = ask(app, headers=[RANGE, ("If-Range", TAG)])
        assert (reply.status, reply.body, reply["etag"]) == (206, BODY[150:350], TAG)
        assert ask(app, headers=[RANGE, ("If-Range", '"old"')]).body == BODY
        assert ask(app, headers=[("If-None-Match", TAG)]).status == 304
        assert ask(app, headers=[("If-Match", '"old"')]).status == 412

    def test_the_hook_is_asked_first(self, make: Any) -> None:
        seen: list[Any] = []

        def hook(environ: Any, fields: Any) -> str:
            seen.append((environ["PATH_INFO"], fields[0]))
            return '"v7"'

        app = RangeMiddleware(self.app(make), body_etag=1000, validator=hook)
        assert ask(app, path="/film")["etag"] == '"v7"'
        assert seen == [("/film", (b"Content-Type", b"video/mp4"))]


def test_what_is_written_piece_by_piece_has_no_tag() -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        write = start_response("200 OK", [TYPE, LENGTH])
        write(BODY[:500])
        yield BODY[500:]

    assert ask(RangeMiddleware(app, body_etag=10_000)).get("etag") is None


def test_the_hook_s_date_and_tag_of_a_stream() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TYPE, LENGTH])
        return Body(*PIECES)

    dated = RangeMiddleware(app, validator=lambda environ, fields: DATE)
    assert ask(dated)["last-modified"] == "Wed, 21 Oct 2015 07:28:00 GMT"
    tagged = RangeMiddleware(app, validator=lambda environ, fields: '"v7"')
    assert ask(tagged, headers=[RANGE, ("If-Range", '"v7"')]).body == BODY[150:350]


def test_an_error_page_that_replaces_a_start_is_asked_about_anew() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TYPE, ("X-Try", "1")])
        start_response("200 OK", [TYPE, ("X-Try", "2")], (ValueError, ValueError(), None))
        return [BODY]

    reply = ask(RangeMiddleware(app, validator=lambda environ, fields: f'"{len(fields)}"'))
    assert (reply["x-try"], reply["etag"]) == ("2", '"3"')


@pytest.mark.parametrize("value", [0, -1])
def test_a_bound_that_cannot_be_meant(value: int) -> None:
    with pytest.raises(ValueError, match="body_etag"):
        RangeMiddleware(gives([BODY]), body_etag=value)
