"""Over TLS: certificates, and HTTP/2 beside HTTP/1.1, of a real Hypercorn."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.content import numbered
from support.servers import Server, running

from rangeserve.check import CouldNotAsk, NotJudged, Report, check

trustme = pytest.importorskip("trustme", reason="trustme is not installed")

APP = """
    from rangeserve.directory import DirectoryApp

    right = DirectoryApp(".")

    def broken(change):
        async def app(scope, receive, send):
            async def changed(message):
                await send(change(message) if scope.get("http_version") == "2" else message)
            await right(scope, receive, changed)
        return app

    def other_tag(message):
        if message["type"] == "http.response.start":
            kept = [pair for pair in message["headers"] if pair[0].lower() != b"etag"]
            message = {**message, "headers": [*kept, (b"etag", b'"two"')]}
        return message

    def other_status(message):
        if message["type"] == "http.response.start" and message["status"] == 206:
            message = {**message, "status": 200}
        return message

    def other_bytes(message):
        if message["type"] == "http.response.body":
            message = {**message, "body": message.get("body", b"").swapcase()[::-1]}
        return message

    tagged, ignoring, mixed = broken(other_tag), broken(other_status), broken(other_bytes)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    (folder / "served.py").write_text(textwrap.dedent(APP), encoding="utf-8")
    (folder / "film.bin").write_bytes(numbered(200_000))
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(folder / "chain.pem"))
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    return folder


@pytest.fixture
def server(place: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    command = [
        sys.executable, "-m", "hypercorn", f"served:{request.param}", "-b", "127.0.0.1:{port}",
        "--certfile", "chain.pem", "--keyfile", "chain.pem", "--log-level", "warning",
    ]  # fmt: skip
    with running(command, cwd=place) as server:
        yield server


def asked(server: Server, **options: bool) -> Report:
    return check(f"https://localhost:{server.port}/film.bin", **options)


@pytest.mark.parametrize("server", ["right"], indirect=True)
def test_certificates_are_verified_unless_told(
    server: Server, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CouldNotAsk, match="the certificate does not verify"):
        asked(server)
    report = asked(server, insecure=True)
    assert report.failed == ()
    assert all(" -k " in each.command for each in report.exchanges)
    monkeypatch.setenv("SSL_CERT_FILE", str(place / "ca.pem"))
    trusted = asked(server)
    assert trusted.failed == ()
    judged = {
        each.check.code for each in trusted.findings if not isinstance(each.judgement, NotJudged)
    }
    assert "T07" in judged
    two = [each for each in trusted.exchanges if "--http2" in each.command]
    assert [each.name for each in two] == ["http2-middle", "http2-suffix"]
    with pytest.raises(CouldNotAsk, match=r"closed the connection|no HTTP"):
        check(f"http://localhost:{server.port}/film.bin")


@pytest.mark.parametrize(
    ("server", "came"),
    [
        pytest.param("tagged", 'etag: "two" over HTTP/2', id="another tag"),
        pytest.param("ignoring", "200, Content-Range", id="another status"),
        pytest.param("mixed", "other bytes over HTTP/2", id="other bytes"),
    ],
    indirect=["server"],
)
def test_what_differs_over_http2_is_found_out(server: Server, came: str) -> None:
    report = asked(server, insecure=True)
    assert set(report.failed) - {"B07"} == {"T07"}
    found = report.came("T07")
    assert found is not None
    assert found.came.startswith(came)
