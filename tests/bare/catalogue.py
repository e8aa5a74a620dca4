"""The products that `rangeserve check` is tried on, bare: how each one is started."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
from products import live
from products.catalogue import BARE, OFFLINE, path_of
from products.catalogue import PRODUCTS as WRAPPED_ELSEWHERE
from support.demo import CLIP
from support.engines import find
from support.servers import Server, running, serving

from rangeserve.check import Report, check

HERE = Path(__file__).parent
HTTP_SERVER, SEND = "14.1.1", "1.2.1"
LONG_AGO = 1_700_000_000
# The URL that is asked of the server that was started.
Start = Callable[[Path], AbstractContextManager[str]]


@dataclass(frozen=True)
class Bare:
    """A product: `what` serves the film there, `needs` is the module that has to be installed."""

    name: str
    what: str
    start: Start
    version: Callable[[], str]
    needs: str | None = None

    @property
    def is_here(self) -> bool:
        return self.needs is None or find_spec(self.needs) is not None


def ask(product: Bare, folder: Path) -> Report:
    """Start the product in `folder`, check it, and end it."""
    with product.start(folder) as url:
        return check(url, timeout=60)


def _film(folder: Path) -> None:
    shutil.copy(CLIP, folder / "film.mp4")
    os.utime(folder / "film.mp4", (LONG_AGO, LONG_AGO))


@contextmanager
def _command(folder: Path, *command: str, path: str = "/film.mp4") -> Iterator[str]:
    _film(folder)
    with running(command, cwd=folder, env={"BARE_FOLDER": str(folder)}) as server:
        yield server.url + path


def _python(folder: Path, *arguments: str, path: str = "/film.mp4") -> AbstractContextManager[str]:
    return _command(folder, sys.executable, *arguments, path=path)


@contextmanager
def _asgi(folder: Path, factory: str) -> Iterator[str]:
    _film(folder)
    env = {"BARE_FOLDER": str(folder)}
    app = f"bare.apps:{factory}"
    with serving("uvicorn-httptools", app, cwd=HERE.parent, env=env, extra=["--factory"]) as server:
        yield f"{server.url}/film.mp4"


@contextmanager
def _node(folder: Path, package: str, *command: str) -> Iterator[str]:
    """A package of npm, installed into `folder`."""
    install = [find("npm"), "install", "--no-audit", "--no-fund", "--ignore-scripts", package]
    done = subprocess.run(install, cwd=folder, capture_output=True, timeout=100, check=False)
    if done.returncode:
        pytest.skip(f"npm could not install: {done.stderr.decode(errors='replace')[-500:]}")
    shutil.copy(HERE / "send.js", folder)
    films = folder / "films"
    films.mkdir()
    _film(films)
    with running([find("node"), *command], cwd=folder) as server:
        yield f"{server.url}/film.mp4"


@contextmanager
def _other(folder: Path, name: str, file: str) -> Iterator[str]:
    """One of the products of `docs/products.md`, in the mode `bare`."""
    product = next(each for each in WRAPPED_ELSEWHERE if each.name == name)
    live.prepare(folder)
    env = {**OFFLINE, **product.env, "HOME": str(folder), "RANGESERVE_TEST_FOLDER": str(folder),
           "RANGESERVE_TEST_MODE": BARE}  # fmt: skip
    app = f"products.apps.{product.app}:app"
    server: Server
    with serving("uvicorn-httptools", app, cwd=HERE.parent, env=env) as server:
        live.page_of(server.port, product.says)  # some write the path of the file only then
        yield server.url + path_of(product.files[file], folder)


def _of(distribution: str) -> Callable[[], str]:
    return partial(version, distribution)


def _there(name: str, what: str, file: str, distribution: str) -> Bare:
    start = partial(_other, name=name, file=file)
    return Bare(name, what, start, _of(distribution), distribution)


_APPS = str(HERE / "apps.py")
PRODUCTS = (
    Bare("http.server", "`python -m http.server`",
         lambda folder: _python(folder, "-m", "http.server", "{port}", "--bind", "127.0.0.1"),
         lambda: ".".join(platform.python_version_tuple()[:2])),
    Bare("aiohttp", "`FileResponse`", lambda folder: _python(folder, _APPS, "aiohttp", "{port}"),
         _of("aiohttp"), "aiohttp"),
    Bare("Starlette", "`FileResponse`", lambda folder: _asgi(folder, "starlette_file"),
         _of("starlette"), "starlette"),
    Bare("Starlette", "`StaticFiles`", lambda folder: _asgi(folder, "starlette_static"),
         _of("starlette"), "starlette"),
    Bare("Django", "`FileResponse`, runserver",
         lambda folder: _python(folder, _APPS, "django", "{port}"), _of("django"), "django"),
    Bare("Django", "static files, runserver",
         lambda folder: _python(folder, _APPS, "django", "{port}", path="/static/film.mp4"),
         _of("django"), "django"),
    Bare("http-server", "of npm", lambda folder: _node(
        folder, f"http-server@{HTTP_SERVER}", "node_modules/http-server/bin/http-server", "films",
        "-a", "127.0.0.1", "-p", "{port}", "-s"), lambda: HTTP_SERVER),
    Bare("send", "of npm, as in Express", lambda folder: _node(
        folder, f"send@{SEND}", "send.js", "films", "{port}"), lambda: SEND),
    _there("NiceGUI", "media file", "media file", "nicegui"),
    _there("NiceGUI", "static file", "static file", "nicegui"),
    _there("Gradio", "a file", "allowed path", "gradio"),
    _there("Datasette", "static mount", "static file", "datasette"),
)  # fmt: skip
