"""`serve`: a source as an ASGI app of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.content import numbered
from support.driver import ask, http_scope

from rangeserve import RangeMiddleware, serve, stat_etag
from rangeserve.sources import BytesSource, CallableSource, SourceUnavailable

pytestmark = pytest.mark.anyio

BODY = numbered(1000)
SOURCE = BytesSource(BODY, etag='"v1"', content_type="video/mp4")


async def async_factory(scope: Any) -> BytesSource:
    return SOURCE


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(SOURCE, id="a source"),
        pytest.param(lambda scope: SOURCE, id="a function"),
        pytest.param(async_factory, id="an async function"),
    ],
)
async def test_a_source_is_served_with_ranges_and_conditions(given: Any) -> None:
    app = serve(given)
    whole = await ask(app)
    assert (whole.status, whole.body) == (200, BODY)
    assert (whole["content-type"], whole["accept-ranges"]) == ("video/mp4", "bytes")
    part = await ask(app, headers=[("Range", "bytes=-10"), ("If-Range", '"v1"')])
    assert (part.status, part["content-range"]) == (206, "bytes 990-999/1000")
    assert part.body == BODY[990:]
    assert (await ask(app, headers=[("If-None-Match", '"v1"')])).status == 304
    head = await ask(app, "HEAD")
    assert (head.status, head["content-length"], head.body) == (200, "1000", b"")


@pytest.mark.parametrize("as_type", [str, Path], ids=["str", "Path"])
async def test_a_path_is_opened_for_each_request(tmp_path: Path, as_type: Any) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(BODY)
    app = serve(as_type(path))
    answer = await ask(app, headers=[("Range", "bytes=10-19")])
    assert (answer.status, answer.body) == (206, BODY[10:20])
    assert answer["content-type"] == "video/mp4"
    assert answer["etag"] == stat_etag(path.stat())
    path.write_bytes(b"new")
    assert (await ask(app)).body == b"new"


async def test_the_etag_callable_makes_the_tag_of_a_path(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(BODY)
    assert (await ask(serve(path, etag=lambda file: f'"{file.size}"')))["etag"] == '"1000"'
    assert (await ask(serve(path, etag=None))).get("etag") is None


async def test_the_factory_sees_the_scope_and_none_is_a_404() -> None:
    app = serve(lambda scope: SOURCE if scope["path"] == "/film" else None)
    assert (await ask(app, path="/film")).status == 200
    missing = await ask(app, path="/other", headers=[("Range", "bytes=0-1")])
    assert (missing.status, missing["content-length"], missing.complete) == (404, "0", True)


def unavailable(status: int) -> Any:
    def factory(scope: Any) -> None:
        raise SourceUnavailable(status) from OSError("bucket secret-1 in eu-north-1")

    return factory


@pytest.mark.parametrize("status", [403, 404, 502, 504])
async def test_a_source_that_cannot_be_had_is_a_status_without_details(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await ask(serve(unavailable(status)))
    assert (answer.status, answer.body) == (status, b"")
    assert "secret" not in str(answer.headers)
    assert ("secret-1" in caplog.text) == (status != 404)  # the log may know


async def test_what_a_factory_raises_otherwise_is_the_servers_to_answer() -> None:
    def broken(scope: Any) -> None:
        raise LookupError("a bug")

    with pytest.raises(LookupError):
        await ask(serve(broken))


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda folder: folder / "none", id="missing"),
        pytest.param(lambda folder: folder, id="a folder"),
        pytest.param(lambda folder: folder / "file" / "below", id="below a file"),
        pytest.param(lambda folder: f"{folder}/a\0b", id="a NUL"),
        pytest.param(lambda folder: folder / ("n" * 300), id="too long a name"),
    ],
)
async def test_a_path_that_is_no_file_is_a_404(tmp_path: Path, make: Any) -> None:
    (tmp_path / "file").write_bytes(BODY)
    assert (await ask(serve(make(tmp_path)))).status == 404


async def test_a_path_that_may_not_be_read_is_a_403(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(BODY)
    path.chmod(0)
    is_root = os.geteuid() == 0
    if is_root:  # who may read everything
        os.seteuid(65534)
    try:
        answer = await ask(serve(path))
    finally:
        if is_root:
            os.seteuid(0)
    assert answer.status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods_are_told_which_are_allowed(method: str) -> None:
    answer = await ask(serve(SOURCE), method)
    assert (answer.status, answer["allow"], answer.body) == (405, "GET, HEAD", b"")


@pytest.mark.parametrize(
    ("path", "root_path", "status"),
    [
        pytest.param("/a", "", 200, id="a path"),
        pytest.param("a", "", 400, id="no slash"),
        pytest.param("*", "", 400, id="an asterisk"),
        pytest.param("http://host/a", "", 400, id="a URL"),
        pytest.param("", "", 400, id="nothing"),
        pytest.param("", "/mount", 200, id="the mount itself"),
    ],
)
async def test_a_path_begins_with_a_slash(path: str, root_path: str, status: int) -> None:
    scope = http_scope() | {"path": path, "root_path": root_path}
    answer = await ask(serve(BytesSource(b"content")), scope=scope)
    assert (answer.status, answer.body) == (status, b"content" if status == 200 else b"")


async def test_what_is_served_is_not_to_be_guessed_at() -> None:
    for headers in ([], [("Range", "bytes=1-3")]):
        answer = await ask(serve(BytesSource(b"<html>")), headers=headers)
        assert answer["x-content-type-options"] == "nosniff"


async def test_an_outer_middleware_takes_the_source() -> None:
    asked: list[tuple[int, int]] = []

    async def read(start: int, stop: int) -> AsyncIterator[bytes]:
        asked.append((start, stop))
        yield BODY[start:stop]

    app = RangeMiddleware(serve(CallableSource(read, len(BODY))))
    answer = await ask(app, headers=[("Range", "bytes=900-909")])
    assert (answer.status, answer.body) == (206, BODY[900:910])
    assert asked == [(900, 910)]


async def test_the_lifespan_protocol_is_followed() -> None:
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message["type"])

    await serve(SOURCE)({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_a_websocket_is_closed() -> None:
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message["type"])

    await serve(SOURCE)({**http_scope(), "type": "websocket"}, receive, send)
    assert sent == ["websocket.close"]


async def test_an_unknown_kind_of_scope_is_refused() -> None:
    with pytest.raises(RuntimeError, match="nonsense"):
        await serve(SOURCE)({"type": "nonsense"}, None, None)
