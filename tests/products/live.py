"""A product behind a real server in one mode, and all that was measured of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from products import middlewares
from products.catalogue import BARE, OFFLINE, Product, path_of
from products.probes import Verdict, measure
from support.content import numbered
from support.servers import serving
from support.wire import fetch

TESTS = Path(__file__).parent.parent
DATA = numbered(700_000)
SERVERS = ("uvicorn-httptools", "hypercorn")
_MTIME = 1_700_000_000


@dataclass(frozen=True)
class Page:
    """A product's own page, and whether it has the text that the catalogue names."""

    status: int
    is_there: bool


@dataclass(frozen=True)
class Measured:
    """`verdicts`: by the name of a file, then by that of a probe. `log` is the server's."""

    verdicts: Mapping[str, Mapping[str, Verdict]]
    page: Page
    log: str


@dataclass(frozen=True)
class MeasuredMiddlewares:
    """`verdicts`: by middleware, place and resource. `log` is the server's."""

    verdicts: Mapping[tuple[str, str, str], Mapping[str, Verdict]]
    log: str


def modes_on(product: Product, server: str) -> tuple[str, ...]:
    """The modes that are tried on a server: all of them on the first, two on the other.

    Most of the time goes into imports, so the other one is for the products that start quickly.
    """
    if server == SERVERS[0]:
        return product.modes
    return (BARE, product.best_mode) if product.is_quick else ()


def prepare(folder: Path) -> None:
    """Lay the file that every product serves into `folder`."""
    media = folder / "media"
    media.mkdir()
    (media / "clip.mp4").write_bytes(DATA)
    os.utime(media / "clip.mp4", (_MTIME, _MTIME))


def measure_product(product: Product, mode: str, server: str, folder: Path) -> Measured:
    """Run every probe on every file of `product`, and get its page."""
    prepare(folder)
    env = {
        **OFFLINE,
        **product.env,
        "HOME": str(folder),
        "RANGESERVE_TEST_FOLDER": str(folder),
        "RANGESERVE_TEST_MODE": mode,
    }
    app = f"products.apps.{product.app}:app"
    with serving(server, app, cwd=TESTS, env=env) as running:
        page = page_of(running.port, product.says)
        verdicts = {
            name: measure(running.port, path_of(target, folder), DATA)
            for name, target in product.files.items()
        }
        log = running.log
    return Measured(verdicts, page, log)


def page_of(port: int, says: str) -> Page:
    """The page at `/`."""
    response = fetch(port, "/", [("Accept", "text/html")])
    return Page(response.status, says.encode() in response.body)


def measure_middlewares(
    mode: str, folder: Path, server: str = SERVERS[0]
) -> tuple[dict[tuple[str, str, str], Mapping[str, Verdict]], str]:
    """The verdicts by middleware, place and resource of a process in `mode`; and its log."""
    media = folder / "media"
    media.mkdir()
    (media / "text.txt").write_bytes(middlewares.TEXT)
    os.utime(media / "text.txt", (_MTIME, _MTIME))
    env = {**OFFLINE, "RANGESERVE_TEST_FOLDER": str(folder), "RANGESERVE_TEST_MODE": mode}
    places = (BARE,) if mode == BARE else ("inside", "outside")
    with serving(server, "products.apps.middlewares_app:app", cwd=TESTS, env=env) as running:
        verdicts = {
            (name, place, resource): middlewares.measure(running.port, name, place, resource)
            for name in middlewares.MIDDLEWARES
            for place in places
            for resource in middlewares.RESOURCES
        }
        return verdicts, running.log
