"""Validators for what has none: `body_etag`, and the `validator` hook."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import Any

import pytest
from support.apps import BODY, ETAG, LENGTH, PART, RANGE, hands_over
from support.driver import Answer, ask
from support.messages import App, body, pathsend, says, start

from rangeserve import RangeMiddleware
from rangeserve.sources import BytesSource, content_etag

pytestmark = pytest.mark.anyio

TAG = content_etag(BODY)
DATE = datetime(2015, 10, 21, 7, 28, tzinfo=timezone.utc)
HTTP_DATE = "Wed, 21 Oct 2015 07:28:00 GMT"

ONE = says(start(LENGTH), body(BODY))
ONE_THEN_NOTHING = says(start(LENGTH), body(BODY, True), body())  # as a2wsgi sends
NO_LENGTH = says(start(), body(BODY))  # as Datasette sends
SEVERAL = says(start(LENGTH), body(BODY[:500], True), body(BODY[500:]))


def wrapped(app: App, **options: Any) -> RangeMiddleware:
    return RangeMiddleware(app, **{"body_etag": 100_000, **options})


@pytest.mark.parametrize(
    "app",
    [
        pytest.param(ONE, id="one message"),
        pytest.param(ONE_THEN_NOTHING, id="one, and an empty one at the end"),
        pytest.param(NO_LENGTH, id="without a length"),
    ],
)
class TestABodyOfOneMessage:
    async def test_it_has_a_tag(self, app: App) -> None:
        answer = await ask(wrapped(app))
        assert (answer.status, answer.body, answer["etag"]) == (200, BODY, TAG)
        assert answer["accept-ranges"] == "bytes"

    async def test_without_the_option_it_has_none(self, app: App) -> None:
        assert (await ask(RangeMiddleware(app))).get("etag") is None

    async def test_if_range_holds(self, app: App) -> None:
        answer = await ask(wrapped(app), headers=[*RANGE, ("If-Range", TAG)])
        assert (answer.status, answer.body, answer["etag"]) == (206, PART, TAG)

    async def test_if_range_with_another_tag_does_not(self, app: App) -> None:
        answer = await ask(wrapped(app), headers=[*RANGE, ("If-Range", content_etag(b"old"))])
        assert (answer.status, answer.body) == (200, BODY)

    async def test_a_copy_that_is_current(self, app: App) -> None:
        answer = await ask(wrapped(app), headers=[("If-None-Match", TAG)])
        assert (answer.status, answer.body, answer["etag"]) == (304, b"", TAG)

    async def test_if_match(self, app: App) -> None:
        assert (await ask(wrapped(app), headers=[("If-Match", TAG)])).status == 200
        assert (await ask(wrapped(app), headers=[("If-Match", '"old"')])).status == 412

    async def test_a_head_knows_no_body(self, app: App) -> None:
        answer = await ask(wrapped(app), "HEAD")
        assert (answer.status, answer.get("etag")) == (200, None)

    async def test_a_body_over_the_bound_has_none(self, app: App) -> None:
        assert (await ask(wrapped(app, body_etag=999))).get("etag") is None
        assert (await ask(wrapped(app, body_etag=1000)))["etag"] == TAG


UNTAGGED = [
    pytest.param(SEVERAL, id="several messages"),
    pytest.param(says(start((b"content-encoding", b"gzip")), body(BODY)), id="coded"),
    pytest.param(says(start((b"cache-control", b"no-store")), body(BODY)), id="no-store"),
    pytest.param(says(start((b"content-type", b"text/event-stream")), body(BODY)), id="events"),
    pytest.param(says(start(status=404), body(BODY)), id="404"),
    pytest.param(says(start(status=203), body(BODY)), id="203"),
]


@pytest.mark.parametrize("app", UNTAGGED)
async def test_what_gets_no_tag(app: App) -> None:
    assert await ask(wrapped(app)) == await ask(wrapped(app, body_etag=None))


@pytest.mark.parametrize("tag", [b'"own"', b'W/"own"', b"own"])
async def test_the_apps_own_tag_stays(tag: bytes) -> None:
    answer = await ask(wrapped(says(start(LENGTH, (b"ETag", tag)), body(BODY))))
    assert answer["etag"] == tag.decode()


async def test_events_are_not_held() -> None:
    """The start of an event stream is sent before the first event, whatever the options say."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start((b"content-type", b"text/event-stream")))
        assert seen == ["http.response.start"]
        await send(body(b"data: 1\n\n"))

    async def note(message: dict[str, Any]) -> None:
        seen.append(message["type"])

    hook = wrapped(app, validator=lambda scope, fields: '"v"')
    assert (await ask(hook, on_send=note)).body == b"data: 1\n\n"


async def test_a_stream_without_a_length_is_passed_on_from_its_first_message() -> None:
    app = says(start(), body(b"a", True), body(b"b"))
    answer = await ask(wrapped(app))
    assert (answer.body, answer.headers) == (b"ab", [])
    assert [message.get("body") for message in answer.messages[1:]] == [b"a", b"b"]


@pytest.mark.parametrize("value", [0, -1])
def test_a_bound_that_cannot_be_meant(value: int) -> None:
    with pytest.raises(ValueError, match="body_etag"):
        RangeMiddleware(ONE, body_etag=value)


class TestTheHook:
    async def answer(self, given: Any, app: App = SEVERAL, method: str = "GET") -> Answer:
        return await ask(RangeMiddleware(app, validator=lambda scope, fields: given), method)

    @pytest.mark.parametrize("app", [SEVERAL, ONE, NO_LENGTH])
    async def test_it_gives_a_tag(self, app: App) -> None:
        assert (await self.answer('"v7"', app, "HEAD"))["etag"] == '"v7"'
        assert (await self.answer('W/"v7"', app, "HEAD"))["etag"] == 'W/"v7"'

    @pytest.mark.parametrize("app", [SEVERAL, ONE, NO_LENGTH])
    async def test_of_a_get(self, app: App) -> None:
        answer = await self.answer('"v7"', app)
        assert (answer["etag"], answer.body) == ('"v7"', BODY)

    async def test_it_gives_a_date(self) -> None:
        answer = await self.answer(DATE)
        assert (answer["last-modified"], answer.get("etag")) == (HTTP_DATE, None)

    async def test_it_sees_the_scope_and_the_fields(self) -> None:
        seen: list[Any] = []

        def hook(scope: Any, fields: Any) -> None:
            seen.append((scope["path"], list(fields)))
            fields.clear()  # a list of its own

        answer = await ask(RangeMiddleware(SEVERAL, validator=hook), path="/film")
        assert seen == [("/film", [LENGTH])]
        assert answer["content-length"] == "1000"

    async def test_if_range_then_holds(self) -> None:
        app = RangeMiddleware(SEVERAL, validator=lambda scope, fields: '"v7"')
        answer = await ask(app, headers=[*RANGE, ("If-Range", '"v7"')])
        assert (answer.status, answer.body, answer["etag"]) == (206, PART, '"v7"')
        answer = await ask(app, headers=[*RANGE, ("If-Range", '"v6"')])
        assert (answer.status, answer.body) == (200, BODY)
        answer = await ask(app, headers=[("If-None-Match", '"v7"')])
        assert (answer.status, answer.body) == (304, b"")

    async def test_its_tag_comes_before_that_of_the_body(self) -> None:
        answer = await ask(wrapped(ONE, validator=lambda scope, fields: '"v7"'))
        assert answer["etag"] == '"v7"'

    async def test_its_date_stands_beside_the_tag_of_the_body(self) -> None:
        answer = await ask(wrapped(ONE, validator=lambda scope, fields: DATE))
        assert (answer["etag"], answer["last-modified"]) == (TAG, HTTP_DATE)

    @pytest.mark.parametrize(
        "app",
        [
            pytest.param(says(start(LENGTH, ETAG), body(BODY)), id="an ETag"),
            pytest.param(
                says(start((b"last-modified", HTTP_DATE.encode())), body(BODY)), id="a date"
            ),
            pytest.param(hands_over(BytesSource(BODY, etag='"s"')), id="a source"),
            *UNTAGGED[1:],
        ],
    )
    async def test_it_is_not_asked(self, app: App) -> None:
        def hook(scope: Any, fields: Any) -> str:
            raise AssertionError("was asked")

        assert await ask(RangeMiddleware(app, validator=hook)) == await ask(RangeMiddleware(app))

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            pytest.param(None, "", id="nothing"),
            pytest.param("v7", "gave 'v7'", id="no quotes"),
            pytest.param('"a\r\nb: c"', "gave", id="two lines"),
            pytest.param(b'"v7"', "gave", id="bytes"),
            pytest.param(7, "gave 7", id="a number"),
        ],
    )
    async def test_what_is_no_validator(
        self, given: Any, said: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        answer = await self.answer(given)
        assert (answer.body, answer.get("etag"), answer.get("last-modified")) == (BODY, None, None)
        assert said in caplog.text
        assert bool(caplog.records) is bool(said)

    async def test_a_hook_that_raises_harms_nothing(self, caplog: pytest.LogCaptureFixture) -> None:
        def hook(scope: Any, fields: Any) -> str:
            raise LookupError("no such film")

        caplog.set_level(logging.ERROR, "rangeserve")
        answer = await ask(RangeMiddleware(SEVERAL, validator=hook))
        assert (answer.body, answer.get("etag")) == (BODY, None)
        assert "the validator callable failed" in caplog.text


async def test_a_path_is_not_tagged(tmp_path: Any) -> None:
    path = tmp_path / "film"
    path.write_bytes(BODY)
    answer = await ask(wrapped(says(start(LENGTH), pathsend(path)), etag=None))
    assert (answer.body, answer.get("etag")) == (BODY, None)
