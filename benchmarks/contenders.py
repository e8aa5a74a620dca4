"""The contenders: each is an application on a server."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass

from .servers import SERVERS

__all__ = [
    "ALL",
    "BOUNDS",
    "Contender",
    "FLOOR",
    "FRAMEWORKS",
    "LIMIT",
    "OURS",
    "QUICK",
    "RAW",
    "installed",
    "on",
]

_MODULES = {
    "hypercorn": ("hypercorn",),
    "uvicorn": ("uvicorn", "uvloop", "httptools"),
    "uvicorn-asyncio": ("uvicorn", "httptools"),
    "granian": ("granian",),
    "aiohttp": ("aiohttp",),
    "nginx": (),
}


@dataclass(frozen=True)
class Contender:
    """An application on a server.

    `app` names a module of `benchmarks.apps` and its attribute; `needs` are the modules that the
    application imports.
    """

    label: str
    server: str
    app: str
    needs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The unique name of the contender, for people."""
        return self.label if self.label == self.server else f"{self.label}, {self.server}"


LIMIT = "in-memory limit"
RAW = "raw app"
FLOOR = "hand-written floor"
OURS = "rangeserve"
# No product, but what a server, a file and a middleware cost at least.
BOUNDS = (LIMIT, RAW, FLOOR)
_BOUNDS = (
    (LIMIT, "memory:plain", ()),
    (RAW, "raw:plain", ()),
    (FLOOR, "floor:ranged", ()),
)
_FRAMEWORKS = (
    (OURS, "bare:ranged", ()),
    ("rangeserve + Starlette", "starlette_files:ranged", ("starlette",)),
    ("Starlette FileResponse", "starlette_files:plain", ("starlette",)),
    ("rangeserve + Quart", "quart_files:ranged", ("quart",)),
    ("Quart send_file", "quart_files:plain", ("quart",)),
    ("ServeStatic", "servestatic_files:plain", ("servestatic",)),
    ("baize FileResponse", "baize_files:plain", ("baize",)),
)
FRAMEWORKS = tuple(label for label, _, _ in _FRAMEWORKS)
# The labels of the contenders in a quick run.
QUICK = frozenset({*BOUNDS, OURS, "Starlette FileResponse", "Quart send_file"})
_EXTRAS = (
    ("non-seeking stream", "stream:ranged", ("starlette",)),
    ("inline blocking reader", "inline:plain", ()),
)

ALL = (
    *(
        Contender(label, server, app, needs)
        for server in ("uvicorn", "uvicorn-asyncio", "hypercorn", "granian")
        for label, app, needs in (*_BOUNDS, *_FRAMEWORKS, *_EXTRAS)
    ),
    Contender("aiohttp", "aiohttp", "aiohttp_files"),
    Contender("nginx", "nginx", ""),
)


def installed(contender: Contender) -> bool:
    """Whether the server and all modules of a contender are installed."""
    if contender.server == "nginx":
        return bool(shutil.which("nginx") or shutil.which("/usr/sbin/nginx"))
    needed = (*_MODULES[contender.server], *contender.needs)
    return all(importlib.util.find_spec(name) for name in needed)


def on(servers: tuple[str, ...], *labels: str) -> list[Contender]:
    """The contenders with these labels on these servers, in the order of `ALL`."""
    assert set(servers) <= set(SERVERS)
    return [each for each in ALL if each.server in servers and each.label in labels]
