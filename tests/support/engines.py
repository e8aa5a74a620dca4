"""nginx, Caddy, Apache and Varnish as child processes on a free port, each in a folder of its own.

Each takes the part of a configuration that a test is about. What is not installed is a skip.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .servers import HOST, Server, free_port, running

_NGINX = """\
daemon off;
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 256; }}
http {{
    access_log off;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{conf}
}}
"""

_CADDY = """\
{{
    admin off
    auto_https off
    storage file_system {folder}
}}
http://{host}:{port} {{
    bind {host}
{site}
}}
"""

_APACHE_MODULES = (
    "mpm_event", "authn_core", "authz_core", "mime", "dir", "alias", "headers", "filter", "deflate",
)  # fmt: skip
_APACHE = """\
ServerRoot "{folder}"
ServerName {host}
PidFile "{folder}/apache.pid"
DefaultRuntimeDir "{folder}"
Mutex file:{folder}
ErrorLog "{folder}/error.log"
{modules}
Listen {host}:{port}
TypesConfig /etc/mime.types
AddType video/mp4 .mp4
{user}
<Directory "/">
    Require all granted
</Directory>
{conf}
"""


def find(program: str) -> str:
    """The path of a program; a skip if it is not installed."""
    path = shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


@contextmanager
def nginx(folder: Path, conf: str, port: int | None = None) -> Iterator[Server]:
    """nginx with `conf` inside of `http { }`; `{port}` in it is the port where it listens.

    Its error log is `folder/error.log`.
    """
    program = find("nginx")
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    text = conf.replace("{port}", str(port))
    path.write_text(_NGINX.format(user=user, folder=folder, conf=text), encoding="utf-8")
    command = [program, "-p", str(folder), "-c", str(path), "-e", str(folder / "error.log")]
    with running(command, port=port) as server:
        yield server


@contextmanager
def caddy(folder: Path, site: str) -> Iterator[Server]:
    """Caddy with the directives `site` for everything."""
    program = find("caddy")
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    path = folder / "Caddyfile"
    text = _CADDY.format(folder=folder, host=HOST, port=port, site=site)
    path.write_text(text, encoding="utf-8")
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = [program, "run", "--config", str(path), "--adapter", "caddyfile"]
    with running(command, port=port, env=home) as server:
        yield server


@contextmanager
def apache(folder: Path, conf: str) -> Iterator[Server]:
    """Apache, as Debian builds it, with the directives `conf`; it is no service of the machine."""
    program = find("apache2")
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    modules = "\n".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"
        for name in _APACHE_MODULES
    )
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    path = folder / "apache.conf"
    text = _APACHE.format(
        folder=folder, host=HOST, port=port, modules=modules, user=user, conf=conf
    )
    path.write_text(text, encoding="utf-8")
    with running([program, "-DFOREGROUND", "-f", str(path)], port=port) as server:
        yield server


@contextmanager
def varnish(folder: Path, vcl: str) -> Iterator[Server]:
    """Varnish with the configuration `vcl`."""
    program = find("varnishd")
    find("gcc")  # varnishd compiles its configuration
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "edge.vcl").write_text(vcl, encoding="utf-8")
    command = [program, "-F", "-n", str(folder / "work"), "-f", str(folder / "edge.vcl")]
    command += ["-a", f"{HOST}:{{port}}", "-T", "none", "-s", "malloc,128m", "-j", "none"]
    with running(command, ready_in=60) as server:
        yield server
