"""`Limits.max_body_size` and `too_large`: nothing larger goes out, and no whole is cut."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.apps import BODY, hands_over, plain
from support.driver import ask
from support.messages import body, content_length, start
from support.parts import read_parts

from rangeserve import Limits, RangeMiddleware, ResponseStarted
from rangeserve.sources import BytesSource

pytestmark = pytest.mark.anyio

CAP = Limits(max_body_size=300)


async def at_once(scope: Any, receive: Any, send: Any) -> None:
    await send(start(content_length(len(BODY))))
    await send(body(BODY))


@pytest.fixture(params=["stream", "one message", "source", "file"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    path = tmp_path / "film"
    path.write_bytes(BODY)
    return {
        "stream": plain,
        "one message": at_once,
        "source": hands_over(BytesSource(BODY)),
        "file": hands_over(path),
    }[request.param]


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
async def test_a_part_is_cut_and_says_so(app: Any, field: str, first: int, last: int) -> None:
    answer = await ask(RangeMiddleware(app, limits=CAP), headers=[("Range", field)])
    assert (answer.status, answer.body) == (206, BODY[first : last + 1])
    assert answer["content-range"] == f"bytes {first}-{last}/1000"
    assert answer["content-length"] == str(last + 1 - first)


async def test_parts_are_left_out(app: Any) -> None:
    limits = Limits(max_body_size=700)
    asked = [("Range", "bytes=0-99,200-299,400-499,600-899")]
    answer = await ask(RangeMiddleware(app, limits=limits), headers=asked)
    assert answer.status == 206
    assert len(answer.body) <= 700
    parts = read_parts(answer["content-type"], answer.body)
    assert len(parts) > 1
    for part in parts:
        first, last = (
            part.headers["content-range"].removeprefix("bytes ").partition("/")[0].split("-")
        )
        assert part.body == BODY[int(first) : int(last) + 1]


async def test_a_whole_is_an_error_and_never_cut(app: Any) -> None:
    told: list[Any] = []
    wrapped = RangeMiddleware(app, limits=CAP, observer=told.append)
    answer = await ask(wrapped)
    assert (answer.status, answer.complete) == (501, True)
    assert answer.body == (
        b"The whole has 1000 bytes, and an answer has at most 300: ask for ranges.\n"
    )
    assert answer["cache-control"] == "no-store"
    assert answer["accept-ranges"] == "bytes"
    (started,) = (each for each in told if isinstance(each, ResponseStarted))
    assert (started.status, started.complete_length, started.ranges) == (501, 1000, ())


async def test_without_an_observer_too(app: Any) -> None:
    assert (await ask(RangeMiddleware(app, limits=CAP))).status == 501
    assert (await ask(RangeMiddleware(app, limits=Limits(max_body_size=1000)))).body == BODY


async def test_a_head_tells_the_size(app: Any) -> None:
    answer = await ask(RangeMiddleware(app, limits=CAP), "HEAD")
    assert (answer.status, answer["content-length"], answer.body) == (200, "1000", b"")
    assert answer["accept-ranges"] == "bytes"


async def test_a_client_that_resumes_has_it_all(app: Any) -> None:
    wrapped = RangeMiddleware(app, limits=CAP)
    got = b""
    while len(got) < 1000:
        answer = await ask(wrapped, headers=[("Range", f"bytes={len(got)}-")])
        assert answer["content-range"].startswith(f"bytes {len(got)}-")
        got += answer.body
    assert got == BODY


async def test_a_redirect(app: Any) -> None:
    def elsewhere(scope: Any) -> str:
        return f"https://cdn.example{scope['path']}?signed"

    wrapped = RangeMiddleware(app, limits=CAP, too_large=elsewhere)
    answer = await ask(wrapped, path="/film.mp4")
    assert (answer.status, answer.body) == (307, b"")
    assert answer["location"] == "https://cdn.example/film.mp4?signed"
    assert (await ask(wrapped, headers=[("Range", "bytes=0-9")])).status == 206


def _raises(scope: Any) -> str:
    raise LookupError("no such film")


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        pytest.param(lambda scope: None, "", id="nothing"),
        pytest.param(lambda scope: "a\r\nb: c", "gave", id="two fields"),
        pytest.param(lambda scope: "/\xe9", "gave", id="not ASCII"),
        pytest.param(lambda scope: 7, "gave", id="no text"),
        pytest.param(_raises, "failed", id="an error"),
    ],
)
async def test_no_redirect(hook: Any, said: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "rangeserve")
    answer = await ask(RangeMiddleware(at_once, limits=CAP, too_large=hook))
    assert answer.status == 501
    assert said in caplog.text
    assert bool(caplog.records) is bool(said)


async def test_what_has_no_length_is_passed_on() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        await send(body(BODY[:500], True))
        await send(body(BODY[500:]))

    answer = await ask(RangeMiddleware(app, limits=CAP))
    assert (answer.status, answer.body) == (200, BODY)


async def test_another_status_is_passed_on() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(content_length(len(BODY)), status=404))
        await send(body(BODY))

    assert (await ask(RangeMiddleware(app, limits=CAP))).body == BODY


SPECS = st.one_of(
    st.tuples(st.integers(0, 1100), st.integers(0, 1100)).map(
        lambda pair: f"{min(pair)}-{max(pair)}"
    ),
    st.integers(0, 1100).map("{}-".format),
    st.integers(0, 1100).map("-{}".format),
)


@given(
    st.lists(SPECS, min_size=1, max_size=8).map(lambda specs: "bytes=" + ",".join(specs)),
    st.integers(1, 1500),
    st.booleans(),
)
async def test_no_answer_is_larger(field: str, most: int, is_stream: bool) -> None:
    app = plain if is_stream else hands_over(BytesSource(BODY, content_type="video/mp4"))
    limits = Limits(max_body_size=most)
    answer = await ask(RangeMiddleware(app, limits=limits), headers=[("Range", field)])
    assert answer.status in (200, 206, 416)
    assert len(answer.body) <= most
    assert len(answer.body) == int(answer["content-length"])
