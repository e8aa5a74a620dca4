"""A pytest plugin that runs a framework's own test suite with its apps in a `RangeMiddleware`.

`tests/products/suites.py` loads it, and says by `RANGESERVE_INSIDE` what the middleware is to be
made with. Without that variable nothing is wrapped. The outcome of every test is written to the
file that `RANGESERVE_OUTCOMES` names, one JSON object a line.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

WRAP = "RANGESERVE_INSIDE"
OUTCOMES = "RANGESERVE_OUTCOMES"
# The class, and its method whose first argument is the app that a test asks.
CLIENTS = (
    ("starlette.testclient", "_TestClientTransport"),
    ("httpx", "ASGITransport"),
    ("httpx2", "ASGITransport"),
)


def wrap_all(options: dict[str, Any]) -> None:
    """Wrap each app that Starlette's client or httpx asks, and each ASGI app of Falcon."""
    from rangeserve import RangeMiddleware

    wrap = partial(RangeMiddleware, **options)
    for module, name in CLIENTS:
        client = _class(module, name)
        if client is not None:
            client.__init__ = _wrapping_first(client.__init__, wrap)
    app = _class("falcon.asgi", "App")
    if app is not None:  # its client looks at the app, so the app must remain what it is
        app.__call__ = _wrapped_call(app.__call__, wrap)


def pytest_configure() -> None:
    """Wrap, when pytest has seen which modules it is to rewrite."""
    wrap_as_told()


def wrap_as_told() -> None:
    """Wrap what the environment says; nothing if it says nothing."""
    if WRAP in os.environ:
        wrap_all(json.loads(os.environ[WRAP]))


def _class(module: str, name: str) -> Any:
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError:
        return None


def _wrapping_first(original: Callable[..., None], wrap: Callable[[Any], Any]) -> Any:
    @wraps(original)
    def init(self: Any, app: Any, *args: Any, **kwargs: Any) -> None:
        original(self, wrap(app), *args, **kwargs)

    return init


def _wrapped_call(original: Callable[..., Any], wrap: Callable[[Any], Any]) -> Any:
    @wraps(original)
    async def call(self: Any, scope: Any, receive: Any, send: Any) -> None:
        await wrap(partial(original, self))(scope, receive, send)

    return call


def pytest_runtest_logreport(report: Any) -> None:
    """Write down how a phase of a test ended."""
    path = os.environ.get(OUTCOMES)
    if path is not None and (report.when == "call" or not report.passed):
        line = {
            "test": report.nodeid,
            "when": report.when,
            "outcome": report.outcome,
            "why": "" if report.passed else _last_line(report),
        }
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _last_line(report: Any) -> str:
    """The line of a failure that says what was raised."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else str(report.longrepr)
    return str(text).strip().partition("\n")[0]
