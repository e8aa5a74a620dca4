"""Real nginx, Caddy, Apache and Varnish: nothing is red that is right, and what is wrong is red.

Where a server is not quite right its note is named, with why nobody suffers.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.content import numbered
from support.demo import CLIP
from support.engines import apache, caddy, find, nginx, varnish
from support.servers import HOST, Server, free_port, running

from rangeserve.check import CouldNotAsk, Fate, NotJudged, Passed, Report, check
from rangeserve.check.command import main

LONG_AGO = 1_700_000_000
SIZES = (0, 1, 2, 3, 9, 100)
LARGE = 10 * 2**30
# Go's net/http answers 416 to a Range in another unit; no client sends one.
OF_CADDY = frozenset({"R12"})
# Apache's 416 has no Content-Range; `test_downloads_that_are_complete` shows who minds.
OF_APACHE = frozenset({"R10"})
Engine = Callable[[Path, Path], AbstractContextManager[Server]]


@pytest.fixture(scope="module")
def files() -> Iterator[Path]:
    """Files that Apache can read, which is never root; one of them is a hole of 10 GiB."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield filled(Path(folder))


def filled(folder: Path) -> Path:
    shutil.copy(CLIP, folder / "clip.mp4")
    (folder / "text.txt").write_bytes(numbered(200_000))
    for size in SIZES:
        (folder / f"{size}.txt").write_bytes(numbered(size))
    with (folder / "large.tif").open("wb") as file:
        file.write(b"II*\0" + numbered(5000))
        file.truncate(LARGE)
    for path in folder.iterdir():
        os.utime(path, (LONG_AGO, LONG_AGO))
    return folder


def of_nginx(more: str = "") -> Engine:
    @contextmanager
    def engine(folder: Path, files: Path) -> Iterator[Server]:
        types = "types { video/mp4 mp4; text/plain txt; }"
        conf = f"server {{ listen {HOST}:{{port}}; root {files}; {types} {more} }}"
        with nginx(folder, conf) as server:
            yield server

    return engine


def of_nginx_before_nginx(more: str) -> Engine:
    @contextmanager
    def engine(folder: Path, files: Path) -> Iterator[Server]:
        with of_nginx()(folder / "origin", files) as origin:
            cache = f"proxy_cache_path {folder}/cache keys_zone=m:10m use_temp_path=off;"
            there = f"proxy_pass {origin.url}; proxy_cache m; proxy_cache_valid 200 206 1h;"
            said = "add_header X-Cache-Status $upstream_cache_status;"
            listen = f"listen {HOST}:{{port}};"
            conf = f"{cache} server {{ {listen} location / {{ {there} {said} {more} }} }}"
            with nginx(folder / "cache", conf) as server:
                yield server

    return engine


def of_varnish(more: str = "") -> Engine:
    @contextmanager
    def engine(folder: Path, files: Path) -> Iterator[Server]:
        with of_nginx()(folder / "origin", files) as origin:
            backend = f'backend b {{ .host = "{HOST}"; .port = "{origin.port}"; }}'
            with varnish(folder / "cache", f"vcl 4.1; {backend} {more}") as server:
                yield server

    return engine


def of_caddy(more: str = "file_server") -> Engine:
    return lambda folder, files: caddy(folder, f"root * {files}\n{more}")


def of_apache(more: str = "") -> Engine:
    return lambda folder, files: apache(folder, f'DocumentRoot "{files}"\n{more}')


def of_apache_before_nginx(folder: Path, files: Path) -> AbstractContextManager[Server]:
    return behind(folder, files, lambda url: apache(folder / "proxy", (
        "LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so\n"
        "LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so\n"
        f"ProxyPass / {url}/")))  # fmt: skip


def of_caddy_before_nginx(folder: Path, files: Path) -> AbstractContextManager[Server]:
    return behind(
        folder, files, lambda url: caddy(folder / "proxy", f"encode gzip\nreverse_proxy {url}")
    )


@contextmanager
def behind(
    folder: Path, files: Path, start: Callable[[str], AbstractContextManager[Server]]
) -> Iterator[Server]:
    """What `start` makes of the URL of an nginx."""
    with of_nginx()(folder / "origin", files) as origin, start(origin.url) as server:
        yield server


@contextmanager
def of_rclone(folder: Path, files: Path) -> Iterator[Server]:
    with running([find("rclone"), "serve", "http", "--addr", f"{HOST}:{{port}}", str(files)],
                 env={"HOME": str(folder)}) as server:  # fmt: skip
        yield server


CORS = (
    "location / { add_header Access-Control-Allow-Origin * always;"
    ' add_header Access-Control-Expose-Headers "Accept-Ranges, Content-Range, ETag" always;'
    ' add_header Access-Control-Allow-Headers "Range, If-Range" always;'
    " if ($request_method = OPTIONS) { return 204; } }"
)
SLICE = (
    "slice 1m; proxy_cache_key $uri$slice_range; proxy_set_header Range $slice_range;"
    " proxy_http_version 1.1;"
)
PARTS = "proxy_cache_key $uri$http_range; proxy_set_header Range $http_range;"
MP4, TEXT, BOTH = ("clip.mp4",), ("text.txt",), ("clip.mp4", "text.txt")
ALL = (*BOTH, *(f"{size}.txt" for size in SIZES if size), "large.tif")


@dataclass(frozen=True)
class Real:
    """A server that breaks nobody: `notes` are the codes that fail without harm."""

    id: str
    engine: Engine
    names: tuple[str, ...] = ALL
    notes: frozenset[str] = frozenset()


GREEN = (
    Real("nginx", of_nginx()),
    Real("nginx, gzip", of_nginx("gzip on; gzip_vary on; gzip_types text/plain;"), BOTH),
    Real("nginx, CORS", of_nginx(CORS), MP4),
    Real("nginx, expires", of_nginx("expires 1h;"), MP4),
    Real("nginx, no ETag", of_nginx("etag off;"), MP4),
    Real("nginx, one range at most", of_nginx("max_ranges 1;"), MP4),
    Real("nginx, a slow line", of_nginx("limit_rate 300k;"), MP4),
    Real("nginx, mp4", of_nginx("location ~ mp4$ { mp4; }"), MP4),
    Real("nginx, proxy_cache", of_nginx_before_nginx(""), (*BOTH, "1.txt")),
    Real("nginx, proxy_cache and gzip", of_nginx_before_nginx(
        "gzip on; gzip_proxied any; gzip_vary on; gzip_types text/plain;"), TEXT),
    Real("nginx, slice", of_nginx_before_nginx(SLICE), (*BOTH, "1.txt", "100.txt")),
    Real("Varnish before nginx", of_varnish(), (*BOTH, "1.txt", "100.txt")),
    Real("Varnish, pass", of_varnish("sub vcl_recv { return (pass); }"), MP4),
    Real("Varnish, pipe", of_varnish("sub vcl_recv { return (pipe); }"), MP4),
    Real("Apache before nginx", of_apache_before_nginx, MP4),
    Real("Caddy before nginx", of_caddy_before_nginx, MP4),
    Real("Caddy", of_caddy(), ALL, OF_CADDY),
    Real("Caddy, encode", of_caddy("encode gzip\nfile_server"), MP4, OF_CADDY),
    Real("Apache", of_apache(), ALL, OF_APACHE),
    Real("Apache, deflate", of_apache("AddOutputFilterByType DEFLATE text/plain"), MP4, OF_APACHE),
)  # fmt: skip


@pytest.mark.parametrize("real", GREEN, ids=lambda real: real.id)
def test_a_real_server_breaks_nobody(real: Real, files: Path, tmp_path: Path) -> None:
    with real.engine(tmp_path, files) as server:
        for name in real.names * 2:  # a cache is cold the first time
            report = check(f"{server.url}/{name}", timeout=60)
            assert {code: report.came(code) for code in set(report.failed) - real.notes} == {}
            assert {each.fate for each in report.clients} == {Fate.WORKS}, name
            assert report.breaks() is False
            assert not any("changed" in note for note in report.notes)


@pytest.mark.parametrize(
    ("engine", "notes"),
    [
        pytest.param(of_nginx(), frozenset(), id="nginx"),
        pytest.param(of_caddy(), OF_CADDY, id="Caddy"),
        pytest.param(of_apache(), OF_APACHE, id="Apache"),
        pytest.param(of_varnish(), frozenset(), id="Varnish"),
        pytest.param(of_nginx_before_nginx(SLICE), frozenset(), id="nginx, slice"),
    ],
)
def test_an_empty_file_is_not_judged(
    engine: Engine, notes: frozenset[str], files: Path, tmp_path: Path
) -> None:
    with engine(tmp_path, files) as server:
        report = check(f"{server.url}/0.txt", timeout=60)
    assert set(report.failed) <= notes
    assert {each.fate for each in report.clients} == {Fate.NOT_JUDGED}


@pytest.mark.parametrize(
    ("engine", "name", "codes"),
    [
        pytest.param(of_nginx("max_ranges 0;"), "clip.mp4", "R01", id="nginx, max_ranges 0"),
        pytest.param(
            of_nginx("gzip on; gzip_types text/plain;"), "text.txt", "E04", id="nginx, no vary"
        ),
        pytest.param(
            of_nginx("add_header Access-Control-Allow-Origin *;"), "clip.mp4", "X01 X02",
            id="nginx, half of CORS",
        ),
        pytest.param(
            of_nginx("ssi on; ssi_types text/plain;"), "text.txt", "B02 R01 V01", id="nginx, ssi"
        ),
        # The cache answers a condition that it did not ask the origin about.
        pytest.param(
            of_nginx_before_nginx(PARTS), "clip.mp4", "C03 C09", id="nginx, each part kept"
        ),
        pytest.param(of_caddy("encode gzip\nfile_server"), "text.txt", "R12 E02 E03", id="Caddy"),
        pytest.param(
            of_apache("AddOutputFilterByType DEFLATE text/plain"), "text.txt", "R10 E05",
            id="Apache, deflate",
        ),
        # Its 416 has the Content-Length of the file, and none of its bytes.
        pytest.param(of_rclone, "clip.mp4", "B09 R12", id="rclone"),
        pytest.param(
            of_apache("AddOutputFilterByType DEFLATE text/plain\nDeflateAlterETag NoChange"),
            "text.txt", "R10 E02 E03", id="Apache, deflate, the same tag",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_real_server_is_found(
    engine: Engine, name: str, codes: str, files: Path, tmp_path: Path
) -> None:
    with engine(tmp_path, files) as server:
        report = check(f"{server.url}/{name}", timeout=60)
    assert set(report.failed) == set(codes.split()), {c: report.came(c) for c in report.failed}


def test_a_cache_that_compresses(files: Path, tmp_path: Path) -> None:
    """Varnish with do_gzip makes the tag weak, and forgets of it that If-None-Match comes first."""
    gzips = "sub vcl_backend_response { set beresp.do_gzip = true; }"
    with of_varnish(gzips)(tmp_path, files) as server:
        url = f"{server.url}/text.txt"
        cold, warm = check(url, timeout=60), check(url, timeout=60)
    # It may send what it has not got yet, without a length.
    assert set(cold.failed) - {"B02"} == set(warm.failed) == {"V03", "C09", "E05"}
    assert cold.notes == ()


def outcome(report: Report, code: str) -> object:
    return next(each.judgement for each in report.findings if each.check.code == code)


@pytest.mark.parametrize(
    "engine",
    [
        pytest.param(of_nginx_before_nginx(""), id="nginx"),
        pytest.param(of_nginx_before_nginx(PARTS), id="nginx, each part kept"),
        pytest.param(of_varnish(), id="Varnish"),
    ],
)
def test_a_cache_gives_a_miss_and_then_a_hit(engine: Engine, files: Path, tmp_path: Path) -> None:
    with engine(tmp_path, files) as server:
        report = check(f"{server.url}/clip.mp4", timeout=60)
        assert outcome(report, "T03") == Passed()


def test_a_cache_that_joins_two_versions_is_found(tmp_path: Path) -> None:
    """Parts are kept apart, and the file is replaced when one of them is in the cache."""
    folder = tmp_path / "content"
    folder.mkdir()
    film = folder / "film.mp4"
    shutil.copy(CLIP, film)
    os.utime(film, (LONG_AGO, LONG_AGO))
    with of_nginx_before_nginx(PARTS)(tmp_path, folder) as server:
        url = f"{server.url}/film.mp4"
        subprocess.run([find("curl"), "-sS", "-o", os.devnull, "-r", "0-1", url], check=True)
        film.write_bytes(CLIP.read_bytes()[:-5])
        report = check(url, timeout=60)
    assert "T03" in report.failed, outcome(report, "T03")
    assert "cdn" in {each.client.key for each in report.clients if each.fate is Fate.BREAKS}


def test_without_a_cache_there_is_nothing_to_compare(files: Path, tmp_path: Path) -> None:
    with of_nginx()(tmp_path, files) as server:
        report = check(f"{server.url}/clip.mp4", timeout=60)
    assert isinstance(outcome(report, "T03"), NotJudged)


def test_a_server_that_wants_a_name(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wants = 'if ($http_authorization != "Bearer s3cr3t") { return 401; }'
    with of_nginx(wants)(tmp_path, files) as server:
        url = f"{server.url}/clip.mp4"
        with pytest.raises(CouldNotAsk, match="401"):
            check(url)
        assert main([url, "-v", "-H", "Authorization: Bearer s3cr3t"]) == 0
    assert "s3cr3t" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "code", [pytest.param("302", id="302"), pytest.param("308 $scheme://$http_host", id="308")]
)
def test_redirects(code: str, files: Path, tmp_path: Path) -> None:
    status, _, host = code.partition(" ")
    moved = f"location /old/ {{ return {status} {host}/clip.mp4; }}"
    with of_nginx(moved)(tmp_path, files) as server:
        report = check(f"{server.url}/old/clip.mp4", timeout=60)
    assert report.failed == ()
    assert outcome(report, "T01") == Passed()


def test_tls_http2_and_a_redirect_to_them(files: Path, tmp_path: Path) -> None:
    trustme = pytest.importorskip("trustme")
    pair = tmp_path / "pair.pem"
    trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(pair)
    plain = free_port()
    conf = f"""
        server {{ listen {HOST}:{plain}; return 301 https://localhost:{{port}}$request_uri; }}
        server {{ listen {HOST}:{{port}} ssl http2; ssl_certificate {pair};
                  ssl_certificate_key {pair}; root {files}; types {{ video/mp4 mp4; }} }}"""
    with nginx(tmp_path / "nginx", conf):
        report = check(f"http://localhost:{plain}/clip.mp4", insecure=True, timeout=60)
    assert report.failed == ()
    assert outcome(report, "T01") == outcome(report, "T07") == Passed()


def test_a_query_like_that_of_a_signed_url(files: Path, tmp_path: Path) -> None:
    query = "X-Amz-Signature=ab%2Fcd%2B&X-Amz-Date=20200101T120000Z&X-Amz-Expires=900&x=a+b%20c"
    exact = f"if ($args != '{query}') {{ return 403; }}"
    with of_nginx(exact)(tmp_path, files) as server:
        report = check(f"{server.url}/clip.mp4?{query}", timeout=60)
    assert report.failed == ()
    assert "ab%2Fcd" not in repr(report)


@pytest.mark.parametrize("command", ["curl -sS -C - -o", "wget -q -c -O"])
def test_downloads_that_are_complete(command: str, files: Path, tmp_path: Path) -> None:
    """What Apache's 416 without Content-Range means to who resumes what is complete: nothing."""
    program, *options = command.split()
    path = tmp_path / "text.txt"
    shutil.copy(files / "text.txt", path)
    with of_apache()(tmp_path / "apache", files) as server:
        done = subprocess.run(
            [find(program), *options, str(path), f"{server.url}/text.txt"], timeout=60, check=False
        )
    assert done.returncode == 0
    assert path.read_bytes() == (files / "text.txt").read_bytes()
