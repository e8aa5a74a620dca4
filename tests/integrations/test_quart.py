"""`integrations/quart.py`: Quart and quart-trio, in process and under a real Hypercorn."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from quart import Quart, signals
from quart_trio import QuartTrio
from support.driver import ask, http_scope
from support.quart_app import make_app
from support.servers import Server, serving
from support.waiting import eventually
from support.wire import Connection

from rangeserve import ResponseFinished, ResponseStarted
from rangeserve.integrations.quart import RangeServe

BODY = bytes(97 + i % 26 for i in range(300_000))
LARGE = 32 * 1024 * 1024  # more than what lies in buffers between the two
TESTS = Path(__file__).parent.parent

_opened: list[str] = []


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and isinstance(arguments[0], (str, os.PathLike)):
        _opened.append(os.fspath(arguments[0]))


sys.addaudithook(_audit)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "letters.txt").write_bytes(BODY)
    return tmp_path


@pytest.fixture
def kind(anyio_backend: str) -> type[Quart]:
    return {"asyncio": Quart, "trio": QuartTrio}[anyio_backend]


@pytest.fixture
def app(kind: type[Quart], folder: Path) -> Quart:
    return make_app(kind, folder)


@pytest.fixture(params=[True, False], ids=["applied first", "applied last"])
def hooked_app(request: pytest.FixtureRequest, kind: type[Quart], folder: Path) -> Quart:
    return make_app(kind, folder, early=request.param)


ROUTES = [
    pytest.param("/file/letters.txt", id="send_file"),
    pytest.param("/conditional/letters.txt", id="send_file, conditional"),
    pytest.param("/directory/letters.txt", id="send_from_directory"),
    pytest.param("/static/letters.txt", id="static"),
    pytest.param("/given/letters.txt", id="hand_over"),
]
OTHERS = [
    pytest.param("/memory/letters.txt", id="BytesIO"),
]


@pytest.mark.anyio
class TestFiles:
    @pytest.mark.parametrize("path", [*ROUTES, *OTHERS])
    async def test_a_range_is_served(self, app: Quart, path: str) -> None:
        answer = await ask(app, path=path, headers=[("Range", "bytes=150000-150099")])
        assert answer.status == 206
        assert answer["content-range"] == "bytes 150000-150099/300000"
        assert answer.body == BODY[150000:150100]
        assert answer.complete

    @pytest.mark.parametrize("path", [*ROUTES, *OTHERS])
    async def test_a_suffix_and_two_parts(self, app: Quart, path: str) -> None:
        suffix = await ask(app, path=path, headers=[("Range", "bytes=-7")])
        assert (suffix.status, suffix.body) == (206, BODY[-7:])
        parts = await ask(app, path=path, headers=[("Range", "bytes=0-4,100-104")])
        assert parts.status == 206
        assert parts["content-type"].startswith("multipart/byteranges")
        assert BODY[100:105] in parts.body

    @pytest.mark.parametrize("path", [*ROUTES, *OTHERS])
    async def test_the_whole_is_served_and_says_that_it_can_be_sliced(
        self, app: Quart, path: str
    ) -> None:
        answer = await ask(app, path=path)
        assert (answer.status, answer["accept-ranges"]) == (200, "bytes")
        assert answer["content-length"] == str(len(BODY))
        assert answer.body == BODY

    @pytest.mark.parametrize("path", ROUTES)
    @pytest.mark.parametrize("asked", [None, "bytes=100000-"], ids=["whole", "range"])
    async def test_the_file_is_opened_once(
        self, app: Quart, folder: Path, path: str, asked: str | None
    ) -> None:
        await ask(app, path=path)  # whatever else is opened is opened now
        name = str(folder / "letters.txt")
        del _opened[:]
        answer = await ask(app, path=path, headers=[("Range", asked)] if asked else [])
        assert len(answer.body) in (len(BODY), len(BODY) - 100000)
        assert _opened.count(name) == 1

    @pytest.mark.parametrize("path", ROUTES[:4])
    async def test_a_head_reads_nothing(self, app: Quart, path: str) -> None:
        answer = await ask(app, "HEAD", path, headers=[("Range", "bytes=0-1")])
        assert (answer.status, answer.body) == (200, b"")
        assert answer["content-length"] == str(len(BODY))
        assert answer["accept-ranges"] == "bytes"

    @pytest.mark.parametrize("path", ROUTES[:4])
    async def test_if_range_with_the_etag_that_was_given(self, app: Quart, path: str) -> None:
        etag = (await ask(app, path=path))["etag"]
        asked = [("Range", "bytes=5-9"), ("If-Range", etag)]
        answer = await ask(app, path=path, headers=asked)
        assert (answer.status, answer.body) == (206, BODY[5:10])
        missed = await ask(app, path=path, headers=[asked[0], ("If-Range", '"other"')])
        assert (missed.status, missed.body) == (200, BODY)

    @pytest.mark.parametrize("path", ROUTES[:4])
    async def test_not_modified(self, app: Quart, path: str) -> None:
        etag = (await ask(app, path=path))["etag"]
        answer = await ask(app, path=path, headers=[("If-None-Match", etag)])
        assert (answer.status, answer.body) == (304, b"")

    @pytest.mark.parametrize("path", ROUTES)
    async def test_an_unsatisfiable_range(self, app: Quart, path: str) -> None:
        answer = await ask(app, path=path, headers=[("Range", "bytes=300000-")])
        assert (answer.status, answer.body) == (416, b"")
        assert answer["content-range"] == "bytes */300000"

    async def test_a_missing_file_is_the_apps_404(self, app: Quart) -> None:
        answer = await ask(app, path="/static/none.txt", headers=[("Range", "bytes=0-1")])
        assert answer.status == 404


@pytest.mark.anyio
class TestHooks:
    async def test_a_body_compressed_by_a_hook_is_sent(self, hooked_app: Quart) -> None:
        answer = await ask(
            hooked_app, path="/file/letters.txt", scope=None, headers=[("Range", "bytes=0-9")]
        )
        assert answer.body == BODY[:10]
        scope = _scope("/file/letters.txt", b"compress")
        answer = await ask(hooked_app, scope=scope)
        assert answer.status == 200
        assert answer["content-encoding"] == "gzip"
        assert gzip.decompress(answer.body) == BODY

    async def test_a_body_of_the_same_length_put_in_by_a_hook_is_sent(
        self, hooked_app: Quart
    ) -> None:
        answer = await ask(hooked_app, scope=_scope("/file/letters.txt", b"swap"))
        assert answer.body == BODY.upper()

    async def test_a_file_body_of_ones_own_is_asked_for_its_bytes(self, hooked_app: Quart) -> None:
        answer = await ask(hooked_app, path="/upper/letters.txt")
        assert answer.body == BODY.upper()

    async def test_a_file_body_that_cleans_up_does(self, hooked_app: Quart, folder: Path) -> None:
        answer = await ask(hooked_app, path="/once/letters.txt")
        assert answer.body == BODY
        assert not (folder / "letters.txt").exists()


def _scope(path: str, query: bytes) -> dict[str, Any]:
    return {**http_scope(path=path), "query_string": query}


@pytest.mark.anyio
class TestTimeouts:
    """What `response.timeout` is when Quart is about to send."""

    @pytest.mark.parametrize(
        ("path", "timeout"),
        [
            pytest.param("/file/letters.txt", None, id="a file"),
            pytest.param("/static/letters.txt", None, id="static"),
            pytest.param("/given/letters.txt", None, id="handed over"),
            pytest.param("/patient/letters.txt", 90, id="one that the view chose"),
            pytest.param("/stream/10", Ellipsis, id="a stream keeps RESPONSE_TIMEOUT"),
        ],
    )
    async def test_what_is_handed_over_has_none(
        self, kind: type[Quart], folder: Path, path: str, timeout: object
    ) -> None:
        seen: list[object] = []

        class Seeing(kind):  # type: ignore[misc, valid-type]
            async def finalize_request(self, *args: Any, **kwargs: Any) -> Any:
                response = await super().finalize_request(*args, **kwargs)
                seen.append(response.timeout)
                return response

        app = make_app(Seeing, folder)
        assert (await ask(app, path=path)).status == 200
        assert seen == [timeout]


@pytest.mark.anyio
class TestApplying:
    async def test_init_app(self, kind: type[Quart], folder: Path) -> None:
        app = kind("later", static_folder=str(folder), static_url_path="/static")
        extension = RangeServe()
        extension.init_app(app)
        answer = await ask(app, path="/static/letters.txt", headers=[("Range", "bytes=1-2")])
        assert (answer.status, answer.body) == (206, b"bc")

    async def test_twice_is_once(self, kind: type[Quart], folder: Path) -> None:
        events: list[object] = []
        app = kind("twice", static_folder=str(folder), static_url_path="/static")
        RangeServe(app, observer=events.append)
        wrapped = app.asgi_app
        receivers = len(list(signals.request_finished.receivers_for(app)))
        RangeServe(app, observer=events.append).init_app(app)
        assert app.asgi_app is wrapped
        assert len(list(signals.request_finished.receivers_for(app))) == receivers
        await ask(app, path="/static/letters.txt")
        assert [type(event) for event in events] == [ResponseStarted, ResponseFinished]

    async def test_one_extension_for_two_apps(self, kind: type[Quart], folder: Path) -> None:
        extension = RangeServe()
        for name in ("one", "two"):
            app = kind(name, static_folder=str(folder), static_url_path="/static")
            extension.init_app(app)
            answer = await ask(app, path="/static/letters.txt", headers=[("Range", "bytes=-1")])
            assert (answer.status, answer.body) == (206, BODY[-1:])

    async def test_what_is_skipped_is_quarts_alone(self, kind: type[Quart], folder: Path) -> None:
        app = kind("skipping", static_folder=str(folder), static_url_path="/static")
        RangeServe(app, skip=lambda scope: scope["path"].startswith("/static/"))
        answer = await ask(app, path="/static/letters.txt")
        assert (answer.status, answer.body) == (200, BODY)
        assert answer.get("accept-ranges") is None


@pytest.mark.parametrize(
    ("installed", "accepted"),
    [
        pytest.param("0.19.9", False, id="the last one that is too old"),
        pytest.param("0.9.1", False, id="much too old"),
        pytest.param("0.20.0", True, id="the first that will do"),
        pytest.param("1.0", True, id="newer"),
    ],
)
def test_a_quart_that_is_too_old_is_refused_by_name(
    tmp_path: Path, installed: str, accepted: bool
) -> None:
    """Real metadata of that version, found before that of the real Quart."""
    info = tmp_path / f"quart-{installed}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: Quart\nVersion: {installed}\n", encoding="utf-8"
    )
    run = subprocess.run(
        [sys.executable, "-c", "import rangeserve.integrations.quart"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=100,
    )
    assert (run.returncode == 0) is accepted, run.stderr
    if not accepted:
        last = run.stderr.strip().splitlines()[-1]
        assert last.startswith("ImportError: ")
        assert "0.20" in last
        assert installed in last


@pytest.fixture(params=["hypercorn", "hypercorn-trio"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate(LARGE)
    (tmp_path / "letters.txt").write_bytes(BODY)
    name = "trio_app" if request.param.endswith("trio") else "app"
    timeout = request.node.get_closest_marker("response_timeout")
    env = {"RANGESERVE_TEST_FOLDER": str(tmp_path)}
    if timeout is not None:
        env["RANGESERVE_TEST_TIMEOUT"] = str(timeout.args[0])
    with serving(request.param, f"support.quart_app:{name}", cwd=TESTS, env=env) as server:
        yield server


class TestServers:
    @pytest.mark.response_timeout(0.5)
    def test_a_slow_client_gets_all_of_what_was_handed_over(
        self, server: Server, tmp_path: Path
    ) -> None:
        """It reads on when Quart has cut a response that came later and was not handed over."""
        with Connection(server.port) as file, Connection(server.port) as stream:
            file.send("GET", "/file/large.bin", [("Range", "bytes=100-")])
            assert file.read_head().status == 206
            stream.send("GET", "/waiting")
            assert stream.read_head().status == 200
            assert eventually((tmp_path / "cut").exists)
            assert file.take(LARGE - 100) == bytes(LARGE - 100)

    def test_requests_on_one_connection(self, server: Server) -> None:
        with Connection(server.port) as connection:
            for path in ("/file/letters.txt", "/static/letters.txt", "/memory/letters.txt"):
                for start in (0, 1, 299_999):
                    asked = [("Range", f"bytes={start}-{start + 99}")]
                    answer = connection.request("GET", path, asked)
                    assert answer.status == 206
                    assert answer.body == BODY[start : start + 100]
        assert server.log == ""
