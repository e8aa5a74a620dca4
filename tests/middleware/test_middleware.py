"""`RangeMiddleware` on asyncio and trio."""

from __future__ import annotations

import contextlib
import contextvars
import gc
import logging
import sys
import tracemalloc
import weakref
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from asgiref.testing import ApplicationCommunicator
from quart import Quart
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from support.descriptors import nothing_left_open
from support.driver import Answer, ask, http_scope
from support.frozen import frozen

from rangeserve import (
    ClientDisconnected,
    Event,
    Outcome,
    RangeMiddleware,
    Reason,
    ResponseError,
    ResponseFinished,
    ResponseStarted,
    hand_over,
    requested_range,
)
from rangeserve.sources.memory import BytesSource

if sys.version_info < (3, 11):
    from exceptiongroup import ExceptionGroup

pytestmark = pytest.mark.anyio
only_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])

BODY = bytes(i % 251 for i in range(1000))
RANGE = [("Range", "bytes=150-349")]
PART = BODY[150:350]
PATHSEND = "http.response.pathsend"

App = Callable[[Any, Any, Any], Any]


def start(*fields: tuple[bytes, bytes], status: int = 200, **more: Any) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(fields), **more}


def body(data: bytes = b"", more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


LENGTH = (b"content-length", b"1000")
ETAG = (b"etag", b'"v1"')


async def plain(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send(start(LENGTH, ETAG))
    for at in range(0, 1000, 100):
        await send(body(BODY[at : at + 100], at < 900))


def says(*messages: dict[str, Any]) -> App:
    """An app that sends these messages."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    return app


async def test_one_range_is_a_206() -> None:
    answer = await ask(RangeMiddleware(plain), headers=[("Range", "bytes=150-349")])
    assert answer.status == 206
    assert answer["content-range"] == "bytes 150-349/1000"
    assert answer["content-length"] == "200"
    assert answer.body == BODY[150:350]
    assert answer.complete


# What takes no part is handed on

WEBSOCKET = {"type": "websocket", "path": "/", "headers": [(b"range", b"bytes=0-1")]}


@pytest.mark.parametrize(
    ("scope", "skip"),
    [
        *[
            pytest.param(http_scope(method, headers=RANGE), None, id=method)
            for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "get")
        ],
        pytest.param(WEBSOCKET, None, id="websocket"),
        pytest.param({"type": "lifespan"}, None, id="lifespan"),
        pytest.param(http_scope(headers=RANGE), lambda scope: scope["path"] == "/", id="skipped"),
    ],
)
async def test_the_very_same_objects_are_handed_on(scope: Any, skip: Any) -> None:
    seen: list[Any] = []

    async def app(*given: Any) -> None:
        seen.extend(given)

    async def receive() -> None: ...

    async def send(message: Any) -> None: ...

    await RangeMiddleware(app, skip=skip)(scope, receive, send)
    assert all(one is other for one, other in zip(seen, (scope, receive, send), strict=True))


@only_asyncio
async def test_a_post_through_asgirefs_communicator() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        await send(start(LENGTH, status=200))
        await send(body(message["body"]))

    scope = http_scope("POST", headers=RANGE)
    communicator = ApplicationCommunicator(RangeMiddleware(app), scope)
    await communicator.send_input({"type": "http.request", "body": BODY})
    assert await communicator.receive_output() == start(LENGTH)
    assert await communicator.receive_output() == body(BODY)
    await communicator.wait()


@only_asyncio
async def test_a_part_through_asgirefs_communicator_which_never_says_disconnect() -> None:
    """A pending `receive` is never answered there: the app's patience is bounded."""
    stopped: list[BaseException] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        import asyncio

        listening = asyncio.create_task(receive())
        await asyncio.sleep(0)
        try:
            await send(start((b"content-length", b"1000000")))
            for _ in range(1000):
                await send(body(BODY, True))
        except ClientDisconnected as error:
            stopped.append(error)
            raise
        finally:
            listening.cancel()

    communicator = ApplicationCommunicator(RangeMiddleware(app), http_scope(headers=RANGE))
    assert (await communicator.receive_output())["status"] == 206
    assert await communicator.receive_output() == body(PART)
    await communicator.wait()
    assert communicator.output_queue.empty()
    assert len(stopped) == 1


async def test_messages_of_a_response_without_a_part_in_this_are_the_same_objects() -> None:
    messages = [start(status=404), body(b"no", True), body(b"t here")]
    answer = await ask(RangeMiddleware(says(*messages)), headers=RANGE)
    assert all(one is other for one, other in zip(answer.messages, messages, strict=True))


@pytest.mark.parametrize("headers", [[], RANGE, [("Range", "bytes=0-1,5-9"), ("If-Range", '"x"')]])
async def test_nothing_of_the_servers_or_the_apps_is_changed(headers: Any) -> None:
    extensions = {PATHSEND: {}, "http.response.zerocopysend": {}}
    scope = frozen(http_scope(headers=headers, extensions=extensions, spec_version="2.5"))
    messages = frozen(
        [start(LENGTH, ETAG, trailers=True), body(BODY[:400], True), body(BODY[400:])]
    )
    request = frozen([{"type": "http.request", "body": b"", "more_body": False}])
    answer = await ask(RangeMiddleware(says(*messages)), scope=scope, request_body=request)
    assert answer.complete


async def test_the_app_sees_a_scope_without_ranges() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)
        await plain(scope, receive, send)

    given = http_scope(headers=[*RANGE, ("If-Match", "*")], spec_version="2.4")
    given["state"] = {"db": 1}
    await ask(RangeMiddleware(app), scope=given)
    (scope,) = seen
    assert scope["headers"] == [(b"if-match", b"*")]
    assert scope["asgi"]["spec_version"] == "2.3"
    assert scope["state"] is given["state"]
    asked = requested_range(scope)
    assert asked is not None
    assert asked.ranges == [(150, 350)]


@pytest.mark.parametrize(
    "field",
    [
        pytest.param("bytes=" + "0-1," * 65, id="specs"),
        pytest.param("bytes=0-" + "1" * 8192, id="octets"),
    ],
)
async def test_a_view_sees_no_range_that_is_over_the_limits(field: str) -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(requested_range(scope))
        await plain(scope, receive, send)

    answer = await ask(RangeMiddleware(app), headers=[("Range", field)])
    assert answer.status == 200
    assert seen == [None]


async def test_request_headers_that_can_be_read_only_once() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(scope["headers"])
        await plain(scope, receive, send)

    scope = http_scope(headers=[*RANGE, ("X", "1")])
    scope["headers"] = iter(scope["headers"])
    answer = await ask(RangeMiddleware(app), scope=scope)
    assert answer.status == 206
    assert seen == [(b"x", b"1")]


async def test_the_app_runs_in_the_servers_task_and_context() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        variable.set("by the app")
        await plain(scope, receive, send)

    await ask(RangeMiddleware(app), headers=RANGE)
    assert variable.get() == "by the app"


# Delay nothing


async def test_an_event_stream_opens_before_its_first_event() -> None:
    first_event = anyio.Event()

    async def events(scope: Any, receive: Any, send: Any) -> None:
        await send(start((b"content-type", b"text/event-stream")))
        await first_event.wait()
        await send(body(b"data: 1\n\n"))

    async def sent(message: Any) -> None:
        if message["type"] == "http.response.start":
            first_event.set()

    answer = await ask(RangeMiddleware(events), on_send=sent)
    assert answer.get("accept-ranges") is None
    assert answer.body == b"data: 1\n\n"


async def test_a_body_is_passed_on_as_it_comes() -> None:
    """Back-pressure: the app's next message waits until the server has taken the last."""
    in_flight = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal in_flight
        await send(start(LENGTH))
        for at in range(0, 1000, 100):
            in_flight += 1
            await send(body(BODY[at : at + 100], at < 900))
            in_flight -= 1

    async def slow(message: Any) -> None:
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
            assert in_flight <= 1

    for headers in ([], RANGE):
        answer = await ask(RangeMiddleware(app), headers=headers, on_send=slow)
        assert answer.complete


# Stopping the producer


class Producer:
    """Sends for ever, and keeps count; `listens` and stops when it is told."""

    def __init__(self, *, listens: bool = False, stubborn: bool = False) -> None:
        self.listens = listens
        self.stubborn = stubborn
        self.sent = 0
        self.told = False
        self.raised: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async with anyio.create_task_group() as group:

            async def listen() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                self.told = True
                if not self.stubborn:
                    group.cancel_scope.cancel()

            if self.listens:
                group.start_soon(listen)
                await anyio.lowlevel.checkpoint()
            await send(start((b"content-length", b"1000000000")))
            try:
                for _ in range(10_000):
                    await send(body(BODY, True))
                    self.sent += 1
            except OSError as error:
                self.raised.append(type(error).__name__)
                raise
            finally:
                group.cancel_scope.cancel()


async def test_an_app_that_listens_is_told_and_stops() -> None:
    app = Producer(listens=True)
    answer = await ask(RangeMiddleware(app), headers=RANGE)
    assert (answer.status, answer.body, answer.complete) == (206, PART, True)
    assert app.told
    assert app.sent <= 3
    assert app.raised == []


async def test_an_app_that_does_not_listen_is_stopped_by_an_exception() -> None:
    app = Producer()
    answer = await ask(RangeMiddleware(app), headers=RANGE)
    assert (answer.status, answer.body, answer.complete) == (206, PART, True)
    assert app.sent == 2
    assert app.raised == ["ClientDisconnected"]


async def test_an_app_that_is_told_and_goes_on_has_sixteen_messages() -> None:
    app = Producer(listens=True, stubborn=True)
    await ask(RangeMiddleware(app), headers=RANGE)
    assert app.sent == 17
    assert app.raised == ["ClientDisconnected"]


async def test_an_app_that_ignores_errors_does_not_freeze_the_loop() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start((b"content-length", b"1000000000")))
        while not over:
            with contextlib.suppress(Exception):
                await send(body(BODY, True))

    over = False
    async with anyio.create_task_group() as group:

        async def other() -> None:
            nonlocal over
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
            over = True

        group.start_soon(other)
        answer = await ask(RangeMiddleware(app), headers=RANGE)
    assert answer.complete


async def test_a_receive_after_the_end_is_a_disconnect_at_once() -> None:
    heard: list[Any] = []
    asked = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(LENGTH))
        heard.append(await receive())

    async def receive() -> Any:
        nonlocal asked
        asked += 1
        await anyio.sleep_forever()

    async def send(message: Any) -> None: ...

    with anyio.fail_after(5):
        await RangeMiddleware(app)(http_scope("HEAD"), receive, send)
    assert heard == [{"type": "http.disconnect"}]
    assert asked == 0


@pytest.mark.parametrize("fields", [[], RANGE], ids=["whole", "a range"])
async def test_an_app_may_cut_its_body_short_once_the_client_has_left(fields: Any) -> None:
    """baize ends its stream with a final message then; nobody is there to be misled."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start((b"content-length", b"1000000")))
        await send(body(b"x", True))
        while (await receive())["type"] != "http.disconnect":
            pass
        await send(body(b"", False))
        await send(body(b"", False))

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def ignore(message: Any) -> None: ...

    await RangeMiddleware(app)(http_scope(headers=fields), receive, ignore)


async def test_the_app_hears_of_the_end_only_after_the_last_send() -> None:
    """Servers say so inside that send; the app's listener would cancel it there.

    Hypercorn takes a cancellation inside the send that closes a connection for its own: then
    Django's response is never closed.
    """
    came_through: list[bool] = []

    async def hold(message: Any) -> None:
        if not message.get("more_body", True):
            gone.set()
            for _ in range(50):
                await anyio.lowlevel.checkpoint()
            came_through.append(True)

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    gone = anyio.Event()
    producer = Producer(listens=True)
    await RangeMiddleware(producer)(http_scope(headers=RANGE), receive, hold)
    assert came_through == [True]
    assert (producer.told, producer.raised, producer.sent <= 3) == (True, [], True)


@pytest.mark.parametrize("where", ["stream", "source"])
async def test_done_is_set_before_the_last_send(where: str) -> None:
    """Another task of the app may send while the last send is awaited."""
    at_the_same_time: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal app_send
        app_send = send
        if where == "source":
            hand_over(scope, BytesSource(BODY))
            await send(start())
        else:
            await send(start(LENGTH))
            await send(body(BODY, True))

    async def hold(message: Any) -> None:
        if not message.get("more_body", True):
            await app_send(body(b"late", True))
            at_the_same_time.append(message)

    app_send: Any = None
    answer = await ask(RangeMiddleware(app), headers=RANGE, on_send=hold)
    assert answer.body == PART
    assert len(at_the_same_time) == 1


def caused_by(error: Exception) -> Exception:
    other = RuntimeError("wrapped")
    other.__cause__ = error
    return other


def raised_from_ours(make: Callable[[Exception], Exception]) -> App:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start((b"content-length", b"1000000")))
        try:
            for _ in range(100):
                await send(body(BODY, True))
        except OSError as error:
            raise make(error)  # noqa: B904

    return app


@pytest.mark.parametrize(
    ("make", "level"),
    [
        pytest.param(lambda error: error, None, id="ours itself"),
        pytest.param(lambda error: ExceptionGroup("g", [error]), None, id="a group of ours"),
        pytest.param(lambda _: RuntimeError("wrapped"), logging.WARNING, id="ours as context"),
        pytest.param(
            lambda error: ExceptionGroup("g", [error, caused_by(error)]),
            logging.WARNING,
            id="ours as a cause, in a group",
        ),
    ],
)
async def test_our_exception_is_taken_back(
    make: Any, level: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await ask(RangeMiddleware(raised_from_ours(make)), headers=RANGE)
    assert answer.complete
    assert [record.levelno for record in caplog.records] == ([] if level is None else [level])


async def test_from_a_group_only_ours_is_taken() -> None:
    other = ValueError("another task's")
    app = raised_from_ours(lambda error: ExceptionGroup("g", [error, other]))
    with pytest.raises(ExceptionGroup) as caught:
        await ask(RangeMiddleware(app), headers=RANGE)
    assert caught.value.exceptions == (other,)


async def test_an_unrelated_error_after_the_end_is_raised() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await plain_part(send)
        raise LookupError("something else")

    with pytest.raises(LookupError, match="something else"):
        await ask(RangeMiddleware(app), headers=RANGE)


async def plain_part(send: Any) -> None:
    await send(start(LENGTH))
    await send(body(BODY[:500], True))


class Fatal(BaseException):
    """Not an `Exception`."""


async def test_a_base_exception_always_propagates() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await plain_part(send)
        raise Fatal

    with pytest.raises(Fatal):
        await ask(RangeMiddleware(app), headers=RANGE)


async def test_a_producer_that_was_stopped_is_not_kept_alive() -> None:
    """Its `finally` runs by reference counting: nobody holds the traceback."""
    finished: list[bool] = []

    async def produce(send: Any) -> AsyncIterator[None]:
        try:
            while True:
                await send(body(BODY, True))
                yield
        finally:
            finished.append(True)

    class Marker:
        pass

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal alive
        marker = Marker()
        alive = weakref.ref(marker)
        await send(start((b"content-length", b"1000000")))
        async for _ in produce(send):
            pass

    alive: Any = None
    await ask(RangeMiddleware(app), headers=RANGE)
    assert finished == [True]
    assert alive() is None


# Frameworks


# Starlette abandons its generator, to be closed by the event loop; trio says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "headers", [[], RANGE, [("Range", "bytes=5000-")]], ids=["whole", "part", "unsatisfiable"]
)
@pytest.mark.parametrize("kind", ["async", "sync", "bytes"])
async def test_starlette_runs_its_background_task(
    kind: str, headers: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    done: list[str] = []

    async def generate() -> AsyncIterator[bytes]:
        try:
            for at in range(0, 1000, 10):
                yield BODY[at : at + 10]
        finally:
            done.append("finally")

    def endpoint(request: Request) -> Response:
        after = BackgroundTask(done.append, "background")
        fields = {"content-length": "1000"}
        if kind == "bytes":
            done.append("finally")
            return Response(BODY, background=after)
        pieces: Any = generate() if kind == "async" else (done.append("finally"), BODY)[1:]
        return StreamingResponse(pieces, headers=fields, background=after)

    app = Starlette(routes=[Route("/", endpoint)])
    app.add_middleware(RangeMiddleware)
    answer = await ask(app, headers=headers)
    assert answer.complete
    for _ in range(5):  # an event loop closes an abandoned generator in its own time
        gc.collect()
        await anyio.lowlevel.checkpoint()
    assert sorted(done) == ["background", "finally"]
    assert caplog.records == []


@only_asyncio
async def test_quarts_generator_is_finished_and_nothing_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    finished = anyio.Event()
    produced = 0
    app = Quart(__name__)

    @app.get("/")
    async def view() -> Any:
        async def generate() -> AsyncIterator[bytes]:
            nonlocal produced
            try:
                for _ in range(10_000):
                    produced += 1
                    yield BODY
            finally:
                finished.set()

        return generate(), 200, {"Content-Length": "10000000"}

    app.asgi_app = RangeMiddleware(app.asgi_app)  # type: ignore[method-assign]
    answer = await ask(app, headers=RANGE)
    assert (answer.status, answer.body) == (206, PART)
    with anyio.fail_after(5):
        await finished.wait()
    assert produced < 10
    assert caplog.records == []


JAVASCRIPT = b"export const answer = 42;\n" * 400


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    (tmp_path / "app.js").write_bytes(JAVASCRIPT)
    return tmp_path


@pytest.mark.parametrize("order", ["gzip inside", "gzip outside"])
async def test_javascript_stays_compressed(scripts: Path, order: str) -> None:
    middleware = [Middleware(RangeMiddleware), Middleware(GZipMiddleware)]
    if order == "gzip outside":
        middleware.reverse()
    app = Starlette(routes=[Mount("/", StaticFiles(directory=scripts))], middleware=middleware)
    answer = await ask(app, path="/app.js", headers=[("Accept-Encoding", "gzip, br")])
    assert answer["content-encoding"] == "gzip"
    assert len(answer.body) < len(JAVASCRIPT) / 5


async def test_a_compressed_body_is_not_sliced(scripts: Path) -> None:
    events: list[Event] = []

    async def page(request: Request) -> Response:
        return Response(JAVASCRIPT, headers={"etag": '"strong"'})

    gzip = GZipMiddleware(Starlette(routes=[Route("/", page)]))
    app = RangeMiddleware(gzip, observer=events.append)
    answer = await ask(app, headers=[*RANGE, ("Accept-Encoding", "gzip")])
    assert (answer.status, answer["content-encoding"]) == (200, "gzip")
    assert answer.get("accept-ranges") is None
    assert events[0].reason is Reason.CONTENT_CODED


async def test_a_path_is_handed_over_by_starlette_and_sought_in(scripts: Path) -> None:
    app = Starlette(routes=[Mount("/", StaticFiles(directory=scripts))])
    app.add_middleware(RangeMiddleware)
    with nothing_left_open(scripts):
        answer = await ask(app, path="/app.js", headers=RANGE)
    assert (answer.status, answer.body) == (206, JAVASCRIPT[150:350])
    assert answer["content-range"] == f"bytes 150-349/{len(JAVASCRIPT)}"


async def test_starlettes_file_and_its_background_task(scripts: Path) -> None:
    done: list[bool] = []

    async def endpoint(request: Request) -> Response:
        return FileResponse(scripts / "app.js", background=BackgroundTask(done.append, True))

    app = Starlette(routes=[Route("/", endpoint)])
    app.add_middleware(RangeMiddleware)
    assert (await ask(app, headers=RANGE)).body == JAVASCRIPT[150:350]
    assert done == [True]


# Trailers, zerocopysend, wrapping twice

TRAILERS = {"type": "http.response.trailers", "headers": [(b"x", b"1")]}


async def test_trailers_of_a_whole_are_handed_on_and_of_a_part_swallowed() -> None:
    app = RangeMiddleware(says(start(LENGTH, trailers=True), body(BODY), TRAILERS))
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    await app(http_scope(), receive, send)
    assert [m.get("trailers") for m in sent[:1]] == [True]
    assert sent[-1] is TRAILERS
    sent.clear()
    await app(http_scope(headers=RANGE), receive, send)
    assert sent[0]["trailers"] is False
    assert [m["type"] for m in sent] == ["http.response.start", "http.response.body"]


async def test_zerocopysend_is_not_offered_and_yet_passes() -> None:
    seen: list[Any] = []
    zerocopysend = {"type": "http.response.zerocopysend", "file": 3}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(set(scope["extensions"]))
        await send(start(LENGTH))
        await send(zerocopysend)

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = http_scope(headers=RANGE, extensions={"http.response.zerocopysend": {}})
    await RangeMiddleware(app)(scope, anyio.sleep_forever, send)
    assert seen == [{"rangeserve", PATHSEND}]
    assert sent[1] is zerocopysend


@pytest.mark.parametrize(
    "app", [plain, Producer(), Producer(listens=True)], ids=["plain", "endless", "listening"]
)
async def test_wrapped_twice(app: Any) -> None:
    answer = await ask(RangeMiddleware(RangeMiddleware(app)), headers=RANGE)
    assert (answer.status, answer.body, answer.complete) == (206, PART, True)
    assert len(answer.all("accept-ranges")) == 1


async def test_a_source_handed_over_under_two_wrappings() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        hand_over(scope, BytesSource(BODY, etag='"s"'))
        await send(start())
        await send(body())

    answer = await ask(RangeMiddleware(RangeMiddleware(app)), headers=RANGE)
    assert (answer.status, answer.body, answer["etag"]) == (206, PART, '"s"')


# Observing and the callables


@pytest.mark.parametrize(
    ("app", "headers", "reason", "sent"),
    [
        pytest.param(plain, RANGE, None, 200, id="part"),
        pytest.param(plain, [], None, 1000, id="whole"),
        pytest.param(plain, [("Range", "x")], Reason.MALFORMED, 1000, id="ignored"),
        pytest.param(
            says(start(), body(b"1", True), body(b"2")), RANGE, Reason.NO_LENGTH, 2, id="n"
        ),
    ],
)
async def test_an_observer_is_told_twice(app: Any, headers: Any, reason: Any, sent: int) -> None:
    events: list[Any] = []
    await ask(RangeMiddleware(app, observer=events.append), path="/x", headers=headers)
    started, finished = events
    assert isinstance(started, ResponseStarted)
    assert isinstance(finished, ResponseFinished)
    assert (started.method, started.path, started.reason) == ("GET", "/x", reason)
    assert (finished.number, finished.bytes_sent) == (started.number, sent)
    assert finished.outcome is Outcome.COMPLETE
    assert finished.seconds >= 0


async def test_what_takes_no_part_is_not_observed() -> None:
    events: list[Any] = []
    app = RangeMiddleware(says(start(), body()), observer=events.append, skip=lambda _: True)
    await ask(app)
    await ask(RangeMiddleware(plain, observer=events.append), "POST")
    assert events == []


async def test_a_debug_line_says_the_same(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "rangeserve")
    await ask(RangeMiddleware(plain), headers=RANGE)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("rangeserve", logging.DEBUG)
    assert "status=206" in record.getMessage()
    assert "bytes_sent=200" in record.getMessage()


async def test_an_observer_that_raises_harms_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def fail(event: Event) -> None:
        raise LookupError("the observer's own")

    answer = await ask(RangeMiddleware(plain, observer=fail), headers=RANGE)
    assert (answer.status, answer.body, answer.complete) == (206, PART, True)
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2


async def test_a_skip_that_raises_is_raised_before_the_app_is_called() -> None:
    called: list[bool] = []

    async def app(*_: Any) -> None:
        called.append(True)

    def fail(scope: Any) -> bool:
        raise LookupError("the predicate's own")

    with pytest.raises(LookupError, match="the predicate's own"):
        await ask(RangeMiddleware(app, skip=fail))
    assert called == []


def hands_over(path: Path, *fields: tuple[bytes, bytes]) -> App:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        hand_over(scope, path)
        await send(start(*fields))
        await send(body())

    return app


async def told_etag(scripts: Path, etag: Any) -> Answer:
    app = RangeMiddleware(hands_over(scripts / "app.js"), etag=etag)
    answer = await ask(app, headers=RANGE)
    assert (answer.status, answer.body) == (206, JAVASCRIPT[150:350])
    return answer


async def test_a_file_has_a_strong_etag_and_a_date(scripts: Path) -> None:
    answer = await ask(RangeMiddleware(hands_over(scripts / "app.js")))
    assert answer["etag"].startswith('"')
    assert answer["last-modified"].endswith(" GMT")
    again = await ask(
        RangeMiddleware(hands_over(scripts / "app.js")),
        headers=[("If-None-Match", answer["etag"])],
    )
    assert again.status == 304


async def test_the_etag_callable_is_given_the_descriptors_stat(scripts: Path) -> None:
    seen: list[Any] = []

    def own(file: Any) -> str:
        seen.append(file.status)
        return '"own"'

    assert (await told_etag(scripts, own))["etag"] == '"own"'
    assert seen[0].st_ino == (scripts / "app.js").stat().st_ino
    assert (await told_etag(scripts, None)).get("etag") is None


@pytest.mark.parametrize("given", [None, "no quotes", '"a\r\nb"', 42, b'"bytes"'])
async def test_what_an_etag_callable_makes_that_is_no_etag_is_left_out(
    scripts: Path, given: Any
) -> None:
    assert (await told_etag(scripts, lambda _: given)).get("etag") is None


async def test_an_etag_callable_that_raises_costs_the_etag_only(
    scripts: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(status: Any) -> str:
        raise LookupError("the callable's own")

    assert (await told_etag(scripts, fail)).get("etag") is None
    (record,) = caplog.records
    assert record.levelno == logging.ERROR


async def test_an_etag_callable_is_not_asked_when_the_app_gave_one(scripts: Path) -> None:
    def fail(status: Any) -> str:
        raise AssertionError("it was asked")

    answer = await ask(RangeMiddleware(hands_over(scripts / "app.js", ETAG), etag=fail))
    assert answer["etag"] == '"v1"'


async def test_a_body_replaced_after_the_handover_wins_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        hand_over(scope, BytesSource(b"x" * 77))
        await plain(scope, receive, send)

    answer = await ask(RangeMiddleware(app), headers=RANGE)
    assert (answer.status, answer.body) == (206, PART)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("rangeserve", logging.WARNING)
    assert "77" in record.getMessage()


# Memory


async def test_the_tail_of_a_gibibyte_needs_less_than_a_mebibyte() -> None:
    size, chunk = 1 << 30, bytes(65_536)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start((b"content-length", b"%d" % size)))
        for at in range(0, size, len(chunk)):
            await send(body(chunk, at + len(chunk) < size))

    await ask(RangeMiddleware(plain), headers=RANGE)
    tracemalloc.start()
    try:
        answer = await ask(RangeMiddleware(app), headers=[("Range", "bytes=-1000")], settle=60)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (answer.status, answer["content-length"]) == (206, "1000")
    assert answer.body == bytes(1000)
    assert peak < 1 << 20


async def test_an_app_that_returns_too_early_is_an_error() -> None:
    with pytest.raises(ResponseError, match="returned"):
        await ask(RangeMiddleware(says(start(LENGTH), body(BODY[:200], True))), headers=RANGE)


@pytest.mark.parametrize("headers", [[], RANGE], ids=["whole", "part"])
async def test_a_call_that_the_server_cancels_is_reported_as_a_client_gone(headers: Any) -> None:
    """Servers do so when a connection is lost; nobody but the observer is there to be told."""
    events: list[Event] = []

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            scope.cancel()
            await anyio.lowlevel.checkpoint()

    with anyio.CancelScope() as scope:
        app = RangeMiddleware(plain, observer=events.append)
        await app(http_scope(headers=headers), anyio.sleep_forever, send)
    finished = events[-1]
    assert isinstance(finished, ResponseFinished)
    assert (finished.outcome, finished.bytes_sent) == (Outcome.CLIENT_GONE, 0)
