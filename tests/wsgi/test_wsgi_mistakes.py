"""Mistakes under WSGI are said where they are made, as under ASGI: one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.wsgi import ask, gives

from rangeserve.wsgi import RangeMiddleware


async def asgi(scope: Any, receive: Any, send: Any) -> None: ...


class AsgiApp:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


class WsgiApp:
    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"hello"]


async def asked(*given: Any) -> None: ...


def ranged(**options: Any) -> Callable[[], object]:
    return lambda: RangeMiddleware(gives([b"hello"]), **options)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda: RangeMiddleware(None), "a WSGI app, not None", id="no app"),
        pytest.param(lambda: RangeMiddleware("app:app"), "not 'app:app'", id="a name for an app"),
        pytest.param(
            lambda: RangeMiddleware(asgi),
            r"asgi is an ASGI app: rangeserve\.RangeMiddleware wraps it",
            id="an ASGI function",
        ),
        pytest.param(lambda: RangeMiddleware(AsgiApp()), "an AsgiApp is an ASGI", id="an object"),
        pytest.param(lambda: RangeMiddleware(lambda: []), "and a start_resp", id="no parameters"),
        pytest.param(ranged(limits={}), "limits is a Limits", id="limits as a dict"),
        pytest.param(ranged(skip=asked), "would be skipped", id="an async skip"),
        pytest.param(ranged(observer=asked), "into a queue", id="an async observer"),
        pytest.param(ranged(body_etag=True), "of bytes, or None, not True", id="a flag body_etag"),
        pytest.param(ranged(validator=asked), "what it needs ready", id="an async validator"),
        pytest.param(ranged(too_large=asked), "make the URL from what", id="an async too_large"),
        pytest.param(ranged(too_large="/all"), "a function, not '/all'", id="too_large as a URL"),
    ],
)
def test_a_mistake_is_a_type_error_at_the_call(make: Callable[[], object], said: str) -> None:
    with pytest.raises(TypeError, match=said) as raised:
        make()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "app",
    [
        pytest.param(WsgiApp(), id="an object"),
        pytest.param(lambda *given: WsgiApp()(*given), id="any parameters"),
        pytest.param(RangeMiddleware(WsgiApp()), id="a RangeMiddleware"),
    ],
)
def test_an_app_of_any_kind_is_taken(app: Any) -> None:
    assert ask(RangeMiddleware(app)).body == b"hello"
