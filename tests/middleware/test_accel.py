"""`AccelRedirect`: what nginx is told, and what stays with the app (with nginx: tests/edges)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import FileResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route
from support.content import numbered
from support.driver import Answer, ask

from rangeserve import RangeMiddleware, ResponseError, hand_over
from rangeserve.accel import AccelRedirect
from rangeserve.directory import DirectoryApp
from rangeserve.sources import BytesSource, open_path

pytestmark = pytest.mark.anyio

BODY = numbered(1000)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "media" / "a b.mp4"
    path.parent.mkdir()
    path.write_bytes(BODY)
    return path


def handing(given: Any, **fields: str) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        hand_over(scope, await given() if callable(given) else given)
        headers = [(name.encode(), value.encode()) for name, value in fields.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    return app


def sending(path: Path) -> Any:
    """What the file responses of Starlette and others do where a path can be sent."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert "http.response.pathsend" in scope["extensions"]
        headers = [(b"content-length", b"1000"), (b"etag", b'"app"'), (b"accept-ranges", b"bytes")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.pathsend", "path": str(path)})

    return app


def check_redirect(answer: Answer) -> None:
    assert answer.status == 200
    assert answer["x-accel-redirect"] == "/protected/a%20b.mp4"
    assert answer["content-length"] == "0"
    assert answer.body == b""
    for field in ("etag", "last-modified", "accept-ranges", "content-range"):
        assert answer.get(field) is None
    assert answer.complete


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="plain"),
        pytest.param([("Range", "bytes=0-9"), ("If-Range", '"x"')], id="a range"),
        pytest.param([("If-Match", '"x"')], id="If-Match"),
        pytest.param([("If-None-Match", "*")], id="If-None-Match"),
        pytest.param([("Accept-Encoding", "gzip")], id="a client that takes codings"),
    ],
)
@pytest.mark.parametrize("way", ["a path", "a source with a path", "pathsend", "in a RangeServe"])
async def test_a_file_below_a_root_is_left_to_nginx(
    film: Path, method: str, headers: list[tuple[str, str]], way: str
) -> None:
    app = {
        "a path": handing(film, etag='"app"'),
        "a source with a path": handing(lambda: open_path(film)),
        "pathsend": sending(film),
        "in a RangeServe": RangeMiddleware(sending(film)),
    }[way]
    events: list[Any] = []
    accel = AccelRedirect(
        app,
        {str(film.parent): "/protected/"},
        observer=events.append,
        pathsend=way in ("pathsend", "in a RangeServe"),
    )
    check_redirect(await ask(accel, method, headers=headers))
    assert events == []  # nginx's log tells of these


@pytest.mark.parametrize("size", [10, 1000, 200_000])
@pytest.mark.parametrize("relative", [False, True])
async def test_a_file_response_of_starlette_is_left_to_nginx(
    film: Path, monkeypatch: pytest.MonkeyPatch, size: int, relative: bool
) -> None:
    film.write_bytes(numbered(size))
    monkeypatch.chdir(film.parent)
    response = FileResponse(film.name if relative else film)
    answer = await ask(AccelRedirect(response, {str(film.parent): "/protected"}))
    check_redirect(answer)


async def test_an_empty_file_response_needs_no_nginx(film: Path) -> None:
    film.write_bytes(b"")
    for headers in ([], [("Range", "bytes=0-1")]):
        answer = await ask(
            AccelRedirect(FileResponse(film), {str(film.parent): "/protected"}), headers=headers
        )
        assert (answer.get("x-accel-redirect"), answer.status, answer.body) == (None, 200, b"")


async def test_a_relative_path_that_the_app_sends_is_no_path_for_nginx(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(film.parent)
    app = AccelRedirect(sending(Path(film.name)), {str(film.parent): "/protected"}, pathsend=True)
    answer = await ask(app)
    assert (answer.get("x-accel-redirect"), answer.body) == (None, BODY)


@pytest.mark.parametrize("size", [10, 200_000])
async def test_a_file_whose_bytes_a_layer_changes_is_not_left_to_nginx(
    film: Path, size: int
) -> None:
    async def changing(scope: Any, receive: Any, send: Any) -> None:
        async def send_upper(message: Any) -> None:
            if "body" in message:
                message = {**message, "body": message["body"].swapcase()}
            await send(message)

        await FileResponse(film)(scope, receive, send_upper)

    film.write_bytes(b"a" * size)
    answer = await ask(AccelRedirect(changing, {str(film.parent): "/protected"}))
    assert (answer.get("x-accel-redirect"), answer.body) == (None, b"A" * size)


async def test_the_fields_of_the_app_are_kept(film: Path) -> None:
    fields = {"content-type": "video/mp4", "set-cookie": "a=b", "content-disposition": "inline"}
    app = AccelRedirect(handing(film, **fields), {str(film.parent): "/protected"})
    answer = await ask(app)
    assert {name: answer[name] for name in fields} == fields


async def test_several_lines_of_a_field_are_one_but_for_cookies(film: Path) -> None:
    async def view(scope: Any, receive: Any, send: Any) -> None:
        hand_over(scope, film)
        fields = [
            (b"Vary", b"Cookie"),
            (b"set-cookie", b"a=1"),
            (b"vary", b"Origin"),
            (b"content-security-policy", b"default-src 'none'"),
            (b"Set-Cookie", b"b=2"),
            (b"content-security-policy", b"sandbox"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": b""})

    answer = await ask(AccelRedirect(view, {str(film.parent): "/protected"}))
    check_redirect(answer)
    assert answer["vary"] == "Cookie, Origin"
    assert answer["content-security-policy"] == "default-src 'none', sandbox"
    assert answer.all("set-cookie") == ["a=1", "b=2"]


async def test_a_folder_that_only_begins_like_a_root_is_not_below_it(film: Path) -> None:
    root = str(film.parent)[:-1]
    answer = await ask(
        AccelRedirect(handing(film), {root: "/protected"}), headers=[("Range", "bytes=0-9")]
    )
    assert (answer.status, answer.body) == (206, BODY[:10])


async def test_dots_do_not_lead_out_of_a_root(film: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    path = f"{film.parent}/../secret"
    answer = await ask(AccelRedirect(handing(path), {str(film.parent): "/protected"}))
    assert answer.get("x-accel-redirect") is None


async def test_a_coded_file_is_served_by_the_app(film: Path) -> None:
    app = AccelRedirect(
        handing(film, **{"content-encoding": "gzip"}), {str(film.parent): "/protected"}
    )
    answer = await ask(app, headers=[("Range", "bytes=0-9")])
    assert (answer.status, answer["content-encoding"], answer.body) == (200, "gzip", BODY)


class Pieces:
    """Not a generator: Starlette does not close those, as trio wants it."""

    def __init__(self) -> None:
        self._left = [BODY[start : start + 100] for start in range(0, 1000, 100)]

    def __aiter__(self) -> Pieces:
        return self

    async def __anext__(self) -> bytes:
        if not self._left:
            raise StopAsyncIteration
        return self._left.pop(0)


@pytest.mark.parametrize("length", [{}, {"content-length": "1000"}], ids=["unknown", "known"])
async def test_other_bodies_pass_through_the_middleware(length: dict[str, str]) -> None:
    def view(request: Any) -> StreamingResponse:
        return StreamingResponse(Pieces(), headers={"ETag": '"v1"', **length})

    app = AccelRedirect(Starlette(routes=[Route("/", view)]), {"/srv": "/protected"})
    whole = await ask(app)
    assert (whole.status, whole.body) == (200, BODY)
    part = await ask(app, headers=[("Range", "bytes=150-349"), ("If-Range", '"v1"')])
    assert (part.status, part.body) == ((206, BODY[150:350]) if length else (200, BODY))
    assert (await ask(app, headers=[("If-None-Match", '"v1"')])).status == 304
    assert (await ask(app, "HEAD")).body == b""


async def test_an_app_that_returns_too_early_is_cut(film: Path) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    with pytest.raises(ResponseError):
        await ask(AccelRedirect(app, {str(film.parent): "/protected"}))


async def test_other_methods_are_the_apps(film: Path) -> None:
    app = Starlette(
        routes=[Route("/", lambda request: PlainTextResponse("done"), methods=["POST"])]
    )
    answer = await ask(AccelRedirect(app, {str(film.parent): "/protected"}), "POST")
    assert answer.body == b"done"


def test_a_location_starts_with_a_slash() -> None:
    with pytest.raises(ValueError, match="slash"):
        AccelRedirect(handing("a"), {"/srv": "protected"})


class Decrypting(BytesSource):
    """A source that gives other bytes than are in the file at its `path`."""

    def __init__(self, path: str) -> None:
        super().__init__(b"decrypted")
        self.path = path


async def test_a_source_that_gives_other_bytes_than_its_file_is_not_replaced(film: Path) -> None:
    app = AccelRedirect(handing(Decrypting(str(film))), {str(film.parent): "/protected"})
    answer = await ask(app)
    assert (answer.get("x-accel-redirect"), answer.body) == (None, b"decrypted")


@pytest.mark.parametrize("there", ["media", "media/public", "."])
async def test_a_folder_is_served_as_it_is_wherever_the_server_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    """The names of a folder's files are relative: they are no paths for nginx."""
    public = tmp_path / "media" / "public"
    public.mkdir(parents=True)
    (public / "report.txt").write_bytes(b"public")
    (tmp_path / "media" / "report.txt").write_bytes(b"secret")
    monkeypatch.chdir(tmp_path / there)
    app = AccelRedirect(DirectoryApp(public), {str(tmp_path / "media"): "/protected"})
    answer = await ask(app, path="/report.txt")
    assert (answer.get("x-accel-redirect"), answer.body) == (None, b"public")
