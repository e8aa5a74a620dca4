"""Chromium, a film of 200 MB, and a server for an app of this folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from e2e.conftest import large_clip
from support.chromium import chromium
from support.servers import Server, serving
from support.wire import fetch

__all__ = ["large_clip"]

TESTS = Path(__file__).parents[1]

Serve = Callable[..., AbstractContextManager[Server]]


@pytest.fixture
def serve() -> Serve:
    """Serves `module:attribute` of this folder with a real Hypercorn."""

    @contextmanager
    def started(app: str, **env: str) -> Iterator[Server]:
        variables = {"PYTHONPATH": str(TESTS), **env}
        with serving("hypercorn", f"platforms.{app}", cwd=TESTS, env=variables) as server:
            yield server

    return started


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium as the system has it, for a module: no event loop can run beside playwright."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page whose profile, and so whose cache, is new."""
    context = browser.new_context(viewport={"width": 900, "height": 520})
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


def told(server: Server, path: str) -> Any:
    """What the app says at `path`, as JSON."""
    return json.loads(fetch(server.port, path).body)
