"""A real nginx with films, and what it was asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
from support.content import numbered
from support.engines import find
from support.servers import HOST, Server, free_port, running
from support.waiting import SECONDS

FILM = numbered(8_000_000)

_CONF = """\
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 64; }}
http {{
    log_format asked '$request_method $uri $status $http_range $http_if_match $body_bytes_sent';
    access_log {folder}/access.log asked;
    types {{ video/mp4 mp4; text/plain txt; }}
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {host}:{port};
        root {folder}/site;
        gzip on;
        gzip_types text/plain;
        gzip_min_length 1;
        location /films/ {{ if ($http_authorization != "Bearer of-this-app") {{ return 403; }} }}
        location /moved/ {{ rewrite ^/moved/(.*)$ /films/$1 redirect; }}
        location /no-ranges/ {{ alias {folder}/site/films/; max_ranges 0; }}
    }}
}}
"""


@dataclass
class Nginx:
    """The server, the folder that it serves, and its access log."""

    server: Server
    site: Path
    log: Path

    async def asked(self, count: int) -> list[str]:
        """A line for each of `count` answers: method, path, status, Range and If-Match.

        nginx writes a line when an answer is over, which may be after its client knows.
        """
        lines: list[str] = []
        with anyio.move_on_after(SECONDS):
            while len(lines) < count:
                await anyio.sleep(0.02)
                lines = self.log.read_text(encoding="utf-8").splitlines()
        return [line.rpartition(" ")[0] for line in lines]


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    program = find("nginx")
    site = tmp_path / "site"
    (site / "films").mkdir(parents=True)
    (site / "films" / "seven.mp4").write_bytes(FILM)
    (site / "films" / "a.txt").write_bytes(b"plain text\n" * 1000)
    for path in (tmp_path, site, site / "films"):
        path.chmod(0o755)
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    conf = tmp_path / "nginx.conf"
    conf.write_text(_CONF.format(user=user, folder=tmp_path, host=HOST, port=port), "utf-8")
    command = [program, "-p", str(tmp_path), "-c", str(conf), "-e", str(tmp_path / "error.log")]
    with running(command, port=port) as server:
        yield Nginx(server, site, tmp_path / "access.log")
