"""Apps that answer ranges by themselves, and apps whose ranges are not ours."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from support.driver import ask
from support.messages import body, start

from rangeserve import RangeMiddleware, ResponseError

pytestmark = pytest.mark.anyio

BODY = b"0123456789"
RANGE = [("Range", "bytes=2-5")]


async def ranges_itself(scope: Any, receive: Any, send: Any) -> None:
    """A hand-written view for one closed range: a 206 if it sees a Range, a 200 if not."""
    fields = {name.lower(): value for name, value in scope["headers"]}
    asked = fields.get(b"range", b"").removeprefix(b"bytes=")
    if not asked:
        await send(start((b"content-length", b"10"), (b"accept-ranges", b"bytes")))
        await send(body(BODY))
        return
    first, last = map(int, asked.split(b"-"))
    if first >= len(BODY):
        await send(start((b"content-range", b"bytes */10"), status=416))
        await send(body())
        return
    position = (b"content-range", b"bytes %d-%d/10" % (first, last))
    await send(start(position, (b"content-length", b"%d" % (last + 1 - first)), status=206))
    await send(body(BODY[first : last + 1]))


def always(status: int, *fields: tuple[bytes, bytes]) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(*fields, status=status))
        await send(body(BODY))

    return app


@pytest.mark.parametrize("mode", [True, lambda scope: scope["path"] == "/"], ids=["app", "scope"])
async def test_an_app_that_sees_the_range_answers_it(mode: Any, caplog: Any) -> None:
    app = RangeMiddleware(ranges_itself, app_ranges=mode)
    answer = await ask(app, headers=RANGE)
    assert (answer.status, answer.body) == (206, b"2345")
    assert answer.all("content-range") == ["bytes 2-5/10"]
    assert (await ask(app, headers=[("Range", "bytes=10-11")])).status == 416
    assert (await ask(app)).body == BODY
    assert caplog.records == []


async def test_its_whole_is_sliced_as_ever() -> None:
    app = RangeMiddleware(always(200, (b"content-length", b"10")), app_ranges=True)
    answer = await ask(app, headers=RANGE)
    assert (answer.status, answer.body) == (206, b"2345")


@pytest.mark.parametrize(
    "field",
    [
        pytest.param("bytes=2-5" + ",0-0" * 64, id="too many"),
        pytest.param("bytes=" + "0" * 8192 + "2-5", id="too long"),
    ],
)
async def test_a_range_over_the_limits_is_seen_by_no_app(field: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert not {b"range", b"if-range"} & {name.lower() for name, _ in scope["headers"]}
        await ranges_itself(scope, receive, send)

    wrapped = RangeMiddleware(app, app_ranges=True)
    answer = await ask(wrapped, headers=[("Range", field), ("If-Range", '"a"')])
    assert (answer.status, answer.body) == (200, BODY)


FIRST_TEN = always(206, (b"content-range", b"bytes 0-9/100"), (b"content-length", b"10"))


@pytest.mark.parametrize(
    ("mode", "headers"),
    [
        pytest.param(True, [], id="app, no Range"),
        *(
            pytest.param(mode, [("Range", field)], id=f"{name}, {field}")
            for mode, name in ((True, "app"), (False, "default"))
            for field in ("bytes=5-6", "users=0-1", "bytes=x")
        ),
    ],
)
async def test_a_206_that_was_not_asked_for_never_goes_out(mode: bool, headers: Any) -> None:
    with pytest.raises(ResponseError, match="must not go out"):
        await ask(RangeMiddleware(FIRST_TEN, app_ranges=mode), headers=headers)


@pytest.mark.parametrize("headers", [[], [("Range", "bytes=0-9")]])
async def test_an_app_that_always_answers_206_is_a_hint(headers: Any, caplog: Any) -> None:
    """Without a Range it is what the app answers alone."""
    answer = await ask(RangeMiddleware(FIRST_TEN), headers=headers)
    assert (answer.status, answer.body) == (206, BODY)
    assert answer["content-range"] == "bytes 0-9/100"
    (record,) = caplog.records
    assert "app_ranges=True" in record.getMessage()


async def test_a_hint_names_the_mode_once_a_route(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    app = RangeMiddleware(always(416, (b"content-range", b"bytes */10")))
    for path in ("/a", "/a", "/b"):
        await ask(app, path=path, headers=RANGE)
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["'/a'", "'/b'"]
    assert "app_ranges=True" in caplog.text


async def test_a_416_to_a_range_that_the_app_has_seen_is_no_hint(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = RangeMiddleware(always(416))
    assert (await ask(app, headers=[("Range", "items=0-9")])).status == 416
    assert caplog.records == []


async def test_ranges_that_are_said_to_be_accepted_and_lost_are_a_hint(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = RangeMiddleware(always(200, (b"accept-ranges", b"bytes")))
    assert (await ask(app)).status == 200
    assert "app_ranges=True" in caplog.text


async def test_a_content_range_that_spells_the_whole_is_ignored() -> None:
    app = always(200, (b"content-length", b"10"), (b"content-range", b"bytes 0-9/10"))
    whole = await ask(RangeMiddleware(app))
    assert (whole.status, whole.body, whole.all("content-range")) == (200, BODY, [])
    part = await ask(RangeMiddleware(app), headers=RANGE)
    assert (part.status, part.body, part["content-range"]) == (206, b"2345", "bytes 2-5/10")


@pytest.mark.parametrize(
    ("field", "content_range"),
    [
        ("users=0-9", "users 0-9/100"),
        ("items=0-24", "items 0-9/100"),
        pytest.param("0-9", "0-9/100", id="Range-Unit"),
        pytest.param("0-9", "items 0-9/*", id="Range-Unit, named in the answer"),
    ],
)
@pytest.mark.parametrize("mode", [False, True])
async def test_a_range_in_another_unit_is_the_apps(
    field: str, content_range: str, mode: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (b"range", field.encode()) in scope["headers"]
        await send(start((b"content-range", content_range.encode()), status=206))
        await send(body(BODY))

    asked = [("Range", field), ("Range-Unit", "items")]
    answer = await ask(RangeMiddleware(app, app_ranges=mode), headers=asked)
    assert (answer.status, answer.body, answer["content-range"]) == (206, BODY, content_range)
    assert caplog.records == []


CODED = always(
    200,
    (b"content-length", b"10"),
    (b"content-encoding", b"gzip"),
    (b"etag", b'"a"'),
    (b"accept-ranges", b"bytes"),
)


@pytest.mark.parametrize("accepted", ["gzip", "br;q=0.5, gzip", "*"])
async def test_a_negotiated_coding_has_no_strong_tag_and_accepts_no_ranges(accepted: str) -> None:
    """Its tag may be that of the identity: a resume would join two codings."""
    app, accepts = RangeMiddleware(CODED), [("Accept-Encoding", accepted)]
    answer = await ask(app, headers=accepts)
    assert (answer["etag"], answer.get("accept-ranges")) == ('W/"a"', None)
    resumed = await ask(app, headers=[("Range", "bytes=5-"), ("If-Range", '"a"'), *accepts])
    assert (resumed.status, resumed.body, resumed["etag"]) == (200, BODY, 'W/"a"')
    again = await ask(app, headers=[("If-None-Match", 'W/"a"'), *accepts])
    assert (again.status, again["etag"]) == (304, 'W/"a"')


@pytest.mark.parametrize("headers", [[], [("Accept-Encoding", "identity, ")]])
async def test_a_coding_that_nobody_negotiated_keeps_its_tag(headers: Any) -> None:
    """There is no other coding under this tag: the file is stored in this one."""
    answer = await ask(RangeMiddleware(CODED), headers=headers)
    assert (answer["etag"], answer.get("accept-ranges")) == ('"a"', None)


@pytest.mark.parametrize("etag", ['W/"a"', "unquoted"])
async def test_an_etag_that_never_fits_if_range_is_a_warning(
    etag: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = RangeMiddleware(always(200, (b"content-length", b"10"), (b"etag", etag.encode())))
    for _ in range(2):
        answer = await ask(app, headers=[*RANGE, ("If-Range", etag)])
        assert (answer.status, answer.body) == (200, BODY)
    (record,) = caplog.records
    assert "weak or not quoted" in record.getMessage()


@pytest.mark.parametrize("kind", [iter, list])
async def test_headers_may_be_iterables_of_iterables(kind: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        pairs = kind([iter((b"content-length", b"10")), iter((b"x", b"1"))])
        await send({"type": "http.response.start", "status": 200, "headers": pairs})
        await send(body(BODY))

    for headers, status in (([], 200), (RANGE, 206)):
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "headers": kind([iter((n.lower().encode(), v.encode())) for n, v in headers]),
        }
        answer = await ask(RangeMiddleware(app), scope=scope)
        assert (answer.status, answer["x"], answer["content-length"]) == (
            status,
            "1",
            str(len(answer.body)),
        )
