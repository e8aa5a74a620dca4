"""Mistakes are said where they are made: one sentence, with what to do instead."""

from __future__ import annotations

import functools
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from support.apps import BODY, PART, RANGE, hands_over, plain
from support.driver import ask
from support.messages import body, says, start
from werkzeug.local import LocalProxy

from rangeserve import Limits, RangeMiddleware, hand_over, serve
from rangeserve.accel import AccelRedirect
from rangeserve.directory import DirectoryApp
from rangeserve.sources import BytesSource, CallableSource, OpenFileSource, open_path

LOGGER = "rangeserve"


async def asked(*given: Any) -> bool:
    return True


class AsyncCall:
    async def __call__(self, *given: Any) -> bool:
        return True


def wsgi(environ: Any, start_response: Any) -> list[bytes]:
    return []


class WsgiApp:
    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        return []


class Asgi2:
    def __init__(self, scope: Any) -> None: ...


def ranged(**options: Any) -> Callable[[], object]:
    return lambda: RangeMiddleware(plain, **options)


async def read(start: int, stop: int) -> Any:
    yield BODY[start:stop]


MISTAKES = [
    pytest.param(lambda: RangeMiddleware(None), "an ASGI app, not None", id="no app"),
    pytest.param(lambda: RangeMiddleware("app:app"), "not 'app:app'", id="a name for an app"),
    pytest.param(
        lambda: RangeMiddleware(wsgi),
        "rangeserve.wsgi.RangeMiddleware wraps it",
        id="a WSGI function",
    ),
    pytest.param(lambda: RangeMiddleware(WsgiApp()), "a WsgiApp is a WSGI app", id="a WSGI object"),
    pytest.param(lambda: RangeMiddleware(Asgi2), "guarantee_single_callable", id="ASGI 2"),
    pytest.param(lambda: RangeMiddleware(lambda: None), "a scope, a receive", id="no parameters"),
    pytest.param(ranged(limits={}), r"Limits\(max_ranges=8\), not {}", id="limits as a dict"),
    pytest.param(ranged(limits=5), "not 5", id="limits as a number"),
    pytest.param(lambda: serve("x", limits={"a": 1}), "limits is", id="limits of serve"),
    pytest.param(lambda: DirectoryApp(".", limits={}), "limits is", id="limits of a folder"),
    pytest.param(lambda: Limits(max_ranges="5"), "max_ranges is a whole", id="a limit as text"),
    pytest.param(lambda: Limits(slack=None), "slack is a whole", id="a limit that is not optional"),
    pytest.param(ranged(skip=asked), "every request would be skipped", id="an async skip"),
    pytest.param(ranged(skip=AsyncCall()), "skip is called and not", id="an async object as skip"),
    pytest.param(
        ranged(skip=functools.partial(asked, 1)), "skip is called and", id="a partial of an async"
    ),
    pytest.param(ranged(skip="/proxy"), "skip is a function, not '/proxy'", id="skip as a path"),
    pytest.param(ranged(observer=asked), "into a queue", id="an async observer"),
    pytest.param(ranged(observer=[]), r"observer is a function, not \[\]", id="a list observes"),
    pytest.param(ranged(app_ranges=asked), "show its Range", id="an async app_ranges"),
    pytest.param(ranged(etag=True), "open file, or None, not True", id="etag as a flag"),
    pytest.param(ranged(etag='"1"'), "open file, or None", id="etag as a tag"),
    pytest.param(lambda: serve("x", etag='"1"'), "open file, or None", id="etag of serve"),
    pytest.param(ranged(body_etag=True), "of bytes, or None, not True", id="a flag as body_etag"),
    pytest.param(ranged(body_etag="9"), "of bytes, or None, not '9'", id="body_etag as text"),
    pytest.param(ranged(validator=asked), "what it needs ready", id="an async validator"),
    pytest.param(ranged(too_large=asked), "make the URL from what", id="an async too_large"),
    pytest.param(ranged(too_large="/all"), "a function, not '/all'", id="too_large as a URL"),
    pytest.param(
        lambda: BytesSource(b"", etag=b'"1"'), "an entity-tag is text", id="etag as bytes"
    ),
    pytest.param(lambda: AccelRedirect(wsgi, {}), "WSGI", id="a WSGI app behind nginx"),
    pytest.param(lambda: AccelRedirect(plain, "/srv"), "maps folders", id="roots as a path"),
    pytest.param(lambda: AccelRedirect(plain, {}, skip=asked), "skipped", id="skip behind nginx"),
    pytest.param(lambda: serve(None), "what is handed over is a path, bytes", id="serve None"),
    pytest.param(lambda: serve(5), "or a source, not 5", id="serve a number"),
    pytest.param(lambda: hand_over(object(), "x"), r"request\.scope", id="the scope is none"),
    pytest.param(lambda: CallableSource(BODY, 9), "function of start and stop", id="no function"),
    pytest.param(lambda: CallableSource(read, "9"), "a number of bytes", id="size as text"),
    pytest.param(lambda: BytesSource("abc"), "text is to be encoded", id="text as bytes"),
    pytest.param(lambda: OpenFileSource("x"), "a binary file that is open", id="a name as a file"),
    pytest.param(
        lambda: OpenFileSource(io.StringIO("x")), "open as text", id="text as an open file"
    ),
]


@pytest.mark.parametrize(("make", "said"), MISTAKES)
def test_a_mistake_is_a_type_error_at_the_call(make: Callable[[], object], said: str) -> None:
    with pytest.raises(TypeError, match=said) as raised:
        make()
    assert "\n" not in str(raised.value)


def test_a_size_is_not_negative() -> None:
    with pytest.raises(ValueError, match="size must not be negative"):
        CallableSource(read, -1)


@pytest.mark.parametrize(
    ("etag", "said"),
    [
        pytest.param("abc", """'"abc"', not 'abc'""", id="without quotes"),
        pytest.param("W/abc", """'"abc"', not 'W/abc'""", id="weak, without quotes"),
        pytest.param('"abc', """'"abc"', not '"abc'""", id="one quote"),
        pytest.param("a\nb", r"in double quotes, not 'a\nb'", id="no character of a tag"),
    ],
)
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda etag: BytesSource(b"", etag=etag), id="BytesSource"),
        pytest.param(lambda etag: CallableSource(read, 9, etag=etag), id="CallableSource"),
        pytest.param(lambda etag: OpenFileSource(io.BytesIO(), etag=etag), id="OpenFileSource"),
    ],
)
def test_an_entity_tag_stands_in_quotes(
    make: Callable[[str], object], etag: str, said: str
) -> None:
    with pytest.raises(ValueError, match="double quotes") as raised:
        make(etag)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    "app",
    [
        pytest.param(AsyncCall(), id="an object"),
        pytest.param(functools.partial(asked, 1), id="a partial"),
        pytest.param(lambda *given: plain(*given), id="any parameters"),
        pytest.param(RangeMiddleware(plain), id="a RangeMiddleware"),
        pytest.param(dict, id="a class whose signature is unknown"),
    ],
)
def test_an_app_of_any_kind_is_taken(app: Any) -> None:
    assert RangeMiddleware(app).app is app


@pytest.mark.anyio
class TestHandingOver:
    """What is handed over simply works, or a sentence says why not."""

    @pytest.mark.parametrize(
        "given",
        [
            pytest.param(lambda path: path.read_bytes(), id="bytes"),
            pytest.param(lambda path: bytearray(path.read_bytes()), id="a bytearray"),
            pytest.param(lambda path: memoryview(path.read_bytes()), id="a memoryview"),
            pytest.param(lambda path: io.BytesIO(path.read_bytes()), id="a BytesIO"),
            pytest.param(lambda path: path.open("rb"), id="an open file"),
            pytest.param(
                lambda path: io.BufferedRandom(io.BytesIO(path.read_bytes())), id="no plain file"
            ),
            pytest.param(lambda path: path.open("rb", buffering=0), id="an unbuffered file"),
            pytest.param(lambda path: os.fsencode(path).decode(), id="a path"),
        ],
    )
    async def test_it_works(self, tmp_path: Path, given: Callable[[Path], Any]) -> None:
        path = tmp_path / "film.mp4"
        path.write_bytes(BODY)
        source = given(path)
        answer = await ask(RangeMiddleware(hands_over(source)), headers=RANGE)
        assert (answer.status, answer.body) == (206, PART)
        if isinstance(source, (io.BufferedReader, io.FileIO)):
            assert source.closed
            assert (answer["content-type"], answer["last-modified"][-3:]) == ("video/mp4", "GMT")
            resumed = await ask(
                RangeMiddleware(hands_over(path)), headers=[*RANGE, ("If-Range", answer["etag"])]
            )
            assert resumed.status == 206

    async def test_a_file_without_a_name(self, tmp_path: Path) -> None:
        path = tmp_path / "film"
        path.write_bytes(BODY)
        file = os.fdopen(os.open(path, os.O_RDONLY), "rb")
        answer = await ask(RangeMiddleware(hands_over(file)), headers=RANGE)
        assert (answer.status, answer.body, answer.get("content-type")) == (206, PART, None)

    async def test_serve_shares_what_it_is_given(self, tmp_path: Path) -> None:
        path = tmp_path / "film.mp4"
        path.write_bytes(BODY)
        with path.open("rb") as file:
            for app in (serve(file), serve(BODY), serve(lambda scope: BODY)):
                for _ in range(2):
                    answer = await ask(app, headers=RANGE)
                    assert (answer.status, answer.body) == (206, PART)

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            pytest.param(lambda: None, "not None", id="None"),
            pytest.param(lambda: 5, "not 5", id="a number"),
            pytest.param(lambda: io.StringIO("x"), "open as text", id="text"),
            pytest.param(lambda: Sized(), "etag, last_modified, content_type", id="half a source"),
            pytest.param(lambda: Upload(), "read of an Upload is async", id="an async file"),
            pytest.param(lambda: io.BufferedReader(Pipe()), "cannot seek", id="a pipe"),
        ],
    )
    async def test_it_does_not(self, given: Callable[[], Any], said: str) -> None:
        refused = given()
        with pytest.raises(TypeError, match=said):
            await ask(RangeMiddleware(hands_over(refused)), headers=RANGE)
        if isinstance(refused, io.IOBase):
            refused.close()


class Pipe(io.RawIOBase):
    def readable(self) -> bool:
        return True


class Sized:
    size = 3

    def read(self, start: int, stop: int) -> Any: ...


class Upload:
    def seek(self, offset: int, whence: int = 0) -> Any: ...

    async def read(self, size: int = -1) -> bytes:
        return b""


@pytest.mark.anyio
class TestTags:
    """A tag without quotes that nobody could refuse at its call is logged."""

    async def test_of_a_source_of_ones_own(self, caplog: pytest.LogCaptureFixture) -> None:
        source = BytesSource(BODY)
        source.etag = "v1"
        app = RangeMiddleware(hands_over(source))
        for _ in range(2):
            assert (await ask(app, headers=RANGE)).get("etag") is None
        (line,) = caplog.messages
        assert line == "'/': the source's etag is left out, for it is not in double quotes: 'v1'"

    async def test_of_a_maker(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        path = tmp_path / "film"
        path.write_bytes(BODY)
        app = RangeMiddleware(hands_over(path), etag=lambda file: "v1")
        assert (await ask(app, headers=RANGE)).get("etag") is None
        assert "'v1'" in caplog.text
        with pytest.raises(ValueError, match="double quotes"):
            await open_path(path, etag=lambda file: "v1")
        with pytest.raises(TypeError, match="open file, or None"):
            await open_path(path, etag='"v1"')


@pytest.mark.anyio
class TestWhatIsLogged:
    """What only a response shows is logged once."""

    async def test_a_stream_without_a_length(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO", LOGGER)
        app = RangeMiddleware(says(start(), body(BODY)), skip=lambda scope: scope["path"] == "/no")
        stream = RangeMiddleware(says(start(), body(BODY[:9], True), body(BODY[9:])))
        assert (await ask(app, headers=RANGE)).status == 206  # its length is known
        for path in ("/a", "/a", "/b"):
            assert (await ask(stream, path=path, headers=RANGE)).status == 200
            assert (await ask(stream, "HEAD", path, headers=RANGE)).status == 200
            assert (await ask(stream, path=path)).status == 200
        assert [record.levelname for record in caplog.records] == ["INFO", "INFO"]
        assert "'/a': a Range was asked for, but the response has no Content-Length" in caplog.text

    async def test_not_below_the_level(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("WARNING", LOGGER)
        stream = RangeMiddleware(says(start(), body(BODY[:9], True), body(BODY[9:])))
        await ask(stream, headers=RANGE)
        assert caplog.records == []

    async def test_a_body_after_a_handover(self, caplog: pytest.LogCaptureFixture) -> None:
        async def view(scope: Any, receive: Any, send: Any) -> None:
            hand_over(scope, BODY)
            await send(start((b"content-length", b"4")))
            await send(body(b"null"))

        answer = await ask(RangeMiddleware(view))
        assert answer.body == b"null"
        assert "returns an empty response (in FastAPI" in caplog.messages[0]

    async def test_a_source_that_only_wsgi_can_read(self) -> None:
        class Blocking:
            size, etag, last_modified, content_type = 4, None, None, None

            def read_blocking(self, first: int, stop: int) -> Any:
                raise AssertionError("it is refused before it is read")

        async def view(scope: Any, receive: Any, send: Any) -> None:
            with pytest.raises(
                TypeError, match="a Blocking has a read_blocking, which is for WSGI"
            ):
                hand_over(scope, cast("Any", Blocking()))
            await send(start((b"content-length", b"4")))
            await send(body(b"null"))

        assert (await ask(RangeMiddleware(view))).body == b"null"

    async def test_wrapped_twice(self, caplog: pytest.LogCaptureFixture) -> None:
        app = RangeMiddleware(RangeMiddleware(plain))
        for _ in range(2):
            assert (await ask(app, headers=RANGE)).status == 206
        (line,) = caplog.messages
        assert line.startswith("one RangeMiddleware is wrapped around another")

    async def test_an_app_of_ours_in_a_wrapped_one_is_right(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert (await ask(RangeMiddleware(serve(BODY)), headers=RANGE)).status == 206
        assert caplog.messages == []


GZIP = [*RANGE, ("Accept-Encoding", "gzip")]


class GzipResponder:
    """The shape of Starlette's: an object whose method is the `send` of the app inside."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.send = send
        await self.app(scope, receive, self.send_on)

    async def send_on(self, message: Any) -> None:
        await self.send(message)


def compressing(app: Any) -> Any:
    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        async def send_on(message: Any) -> None:
            await send(message)

        await app(scope, receive, send_on)

    return wrapped


def timing(app: Any) -> Any:
    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        unset: Any

        async def send_on(message: Any) -> None:
            await send(message)
            if message["type"] == "never":
                print(unset)

        await app(scope, receive, send_on)
        unset = None

    return wrapped


class Partial:
    """The shape of Starlette's CORSMiddleware."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, functools.partial(self.forward, send=send))

    async def forward(self, message: Any, send: Any) -> None:
        await send(message)


class Decompressing(Partial):
    """It reads compressed requests, and is not meant."""


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("layers", "found"),
    [
        pytest.param([GzipResponder], "GzipResponder", id="an object"),
        pytest.param([compressing], "compressing", id="a closure"),
        pytest.param([timing, GzipResponder], "GzipResponder", id="behind a closure"),
        pytest.param([Partial, GzipResponder], "GzipResponder", id="behind a partial"),
        pytest.param([GzipResponder, Partial, timing], "GzipResponder", id="in front of others"),
        pytest.param([timing, Partial, Decompressing], None, id="none that compresses"),
        pytest.param([timing] * 40 + [GzipResponder], None, id="too far away to be looked for"),
        pytest.param([], None, id="no layer"),
    ],
)
async def test_a_layer_outside_that_compresses(
    layers: list[Any], found: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    app: Any = RangeMiddleware(plain)
    for layer in layers:
        app = layer(app)
    assert (await ask(app, headers=RANGE)).status == 206
    assert caplog.messages == []  # this client would not get anything compressed
    for _ in range(2):
        assert (await ask(app, headers=GZIP)).status == 206
    if found is None:
        assert caplog.messages == []
    else:
        (line,) = caplog.messages
        assert f".{found} is outside of RangeMiddleware and seems to compress" in line


@pytest.mark.anyio
async def test_a_layer_outside_is_looked_at_for_a_short_range_of_a_source(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        hand_over(scope, BODY)
        await send(start())
        await send(body(b""))

    assert (await ask(GzipResponder(RangeMiddleware(app)), headers=GZIP)).status == 206
    (line,) = caplog.messages
    assert "seems to compress" in line


@pytest.mark.anyio
async def test_a_layer_that_cannot_be_looked_at_harms_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Layer:
        def __init__(self, send: Any) -> None:
            self._server_send = send

        @property
        def send(self) -> Any:
            raise RuntimeError("there is nothing to be seen here")

        async def pass_on(self, message: Any) -> None:
            await self._server_send(message)

    ranged = RangeMiddleware(plain)

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        await ranged(scope, receive, Layer(send).pass_on)

    assert (await ask(outer, headers=GZIP)).status == 206
    assert caplog.messages == []


def test_an_app_that_is_not_there_yet_can_be_wrapped() -> None:
    def unbound() -> Any:
        raise RuntimeError("working outside of a context")

    app: Any = LocalProxy(unbound)
    assert RangeMiddleware(app).app is app


@pytest.mark.anyio
async def test_starlettes_own_gzip(caplog: pytest.LogCaptureFixture) -> None:
    from starlette.applications import Starlette
    from starlette.middleware.gzip import GZipMiddleware
    from starlette.responses import Response
    from starlette.routing import Route

    def site(*classes: Any) -> Starlette:
        app = Starlette(routes=[Route("/", lambda request: Response(BODY))])
        for each in classes:
            app.add_middleware(each)
        return app

    await ask(site(GZipMiddleware, RangeMiddleware), headers=GZIP)
    assert caplog.messages == []
    await ask(site(RangeMiddleware, GZipMiddleware), headers=GZIP)
    assert "starlette.middleware.gzip.GZipResponder is outside" in caplog.text
