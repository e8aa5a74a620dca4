"""The scope that the wrapped app sees, and what comes back from it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from support.driver import http_scope

from rangeserve._asgi.scope import AppScope
from rangeserve.core.request import read_request
from rangeserve.handover import Handover

PATHSEND = "http.response.pathsend"
ZEROCOPYSEND = "http.response.zerocopysend"


def made(scope: dict[str, Any], **options: Any) -> AppScope:
    request = read_request(scope["method"], scope["headers"])
    return AppScope(scope, scope["headers"], request, Handover(), **options)


def inner(scope: dict[str, Any], **options: Any) -> dict[str, Any]:
    return made(scope, **options).scope


def test_range_and_if_range_are_hidden_in_any_case_and_the_preconditions_are_not() -> None:
    names = [b"RANGE", b"Range", b"if-RANGE", b"if-match", b"If-None-Match", b"x", b"if-range"]
    scope = http_scope()
    scope["headers"] = [(name, b"bytes=0-1") for name in names]
    seen = inner(scope)["headers"]
    assert [name for name, _ in seen] == [b"if-match", b"If-None-Match", b"x"]


@pytest.mark.parametrize("extensions", [None, {}, {ZEROCOPYSEND: {}, "x": {"y": 1}}])
@pytest.mark.parametrize("version", ["2.0", "2.5", None])
@pytest.mark.parametrize("headers", [[], [("Range", "bytes=0-1"), ("X", "1")]])
def test_the_servers_scope_is_not_changed(extensions: Any, version: Any, headers: Any) -> None:
    scope = http_scope(headers=headers)
    scope["asgi"]["spec_version"] = version
    if extensions is not None:
        scope["extensions"] = extensions
    before, parts = deepcopy(scope), {name: id(value) for name, value in scope.items()}
    seen = inner(scope)
    seen["extensions"]["added"] = seen["added"] = 1
    assert scope == before
    assert {name: id(value) for name, value in scope.items()} == parts
    for name in set(scope) - {"extensions", "asgi", "headers"}:
        assert seen[name] is scope[name]


@pytest.mark.parametrize("extensions", [None, {}])
def test_extensions_may_be_none_or_missing(extensions: Any) -> None:
    scope = http_scope()
    scope["extensions"] = extensions
    assert set(inner(scope)["extensions"]) == {"rangeserve"}
    del scope["extensions"]
    assert set(inner(scope)["extensions"]) == {"rangeserve"}
    del scope["asgi"]
    assert set(inner(scope)["extensions"]) == {"rangeserve"}


def test_zerocopysend_is_hidden_and_other_extensions_are_the_servers() -> None:
    push = {"z": 1}
    seen = inner(http_scope(extensions={ZEROCOPYSEND: {}, "http.response.push": push}))
    assert ZEROCOPYSEND not in seen["extensions"]
    assert seen["extensions"]["http.response.push"] is push


@pytest.mark.parametrize(
    ("version", "seen"),
    [
        pytest.param(None, None, id="none"),
        ("2.0", "2.0"),
        ("2.1", "2.1"),
        ("2.3", "2.3"),
        ("2.4", "2.3"),
        ("2.5", "2.3"),
        ("2.10", "2.3"),
        ("2.3.1", "2.3"),
        ("3.0", "3.0"),
        ("11.0", "11.0"),
        ("1.0", "1.0"),
        pytest.param("newest", "2.3", id="not a number"),
    ],
)
def test_a_spec_version_2_is_at_most_2_3(version: str | None, seen: str | None) -> None:
    scope = http_scope()
    scope["asgi"]["spec_version"] = version
    asgi = inner(scope)["asgi"]
    assert asgi["spec_version"] == seen
    assert asgi["version"] == "3.0"


def test_a_missing_spec_version_stays_missing() -> None:
    scope = http_scope()
    scope["asgi"] = {"version": "3.0"}
    assert inner(scope)["asgi"] is scope["asgi"]


@pytest.mark.parametrize("offer_pathsend", [False, True])
@pytest.mark.parametrize("headers", [[], [("Range", "bytes=0-")], [("Accept-Encoding", "gzip")]])
@pytest.mark.parametrize("extensions", [{}, {PATHSEND: {}}])
def test_a_path_is_asked_for_only_if_the_server_or_the_user_does(
    extensions: dict[str, Any], headers: Any, offer_pathsend: bool
) -> None:
    """A layer between the middleware and the app may not know the message."""
    scope = made(http_scope(headers=headers, extensions=extensions), offer_pathsend=offer_pathsend)
    assert (PATHSEND in scope.scope["extensions"]) is bool(extensions or offer_pathsend)
    assert scope.native_pathsend is bool(extensions)


@pytest.mark.parametrize(
    ("field", "hidden"),
    [
        pytest.param("bytes=0-1", True, id="bytes"),
        pytest.param(" BYTES=0-1", True, id="in any case"),
        pytest.param("bytes=x", True, id="bytes, malformed"),
        pytest.param("bytes 0-1", True, id="bytes without an equals sign"),
        pytest.param("bytes", True, id="bytes alone"),
        pytest.param("bytes-of-rows=0-9", False, id="a unit that begins as bytes does"),
        pytest.param("users=0-9", False, id="users"),
        pytest.param("items=0-24", False, id="items"),
        pytest.param("0-9", False, id="no unit, as with Range-Unit"),
    ],
)
def test_a_range_in_another_unit_is_the_apps(field: str, hidden: bool) -> None:
    headers = [("Range", field), ("If-Range", '"x"'), ("Range-Unit", "items")]
    names = [name for name, _ in inner(http_scope(headers=headers))["headers"]]
    assert names == ([b"range-unit"] if hidden else [b"range", b"if-range", b"range-unit"])
    shown = inner(http_scope(headers=headers), show_ranges=True)["headers"]
    assert len(shown) == 3


def test_what_the_app_puts_into_its_scope_reaches_the_servers() -> None:
    scope = http_scope(headers=[("Range", "bytes=0-1")])
    scope["path_params"] = {}
    app_scope = made(scope)
    before = dict(scope)
    app_scope.share()
    assert scope == before
    endpoint = object()
    app_scope.scope.update(endpoint=endpoint, path_params={"a": 1}, headers=[], asgi={})
    app_scope.share()
    assert scope == {**before, "endpoint": endpoint, "path_params": {"a": 1}}
    scope["endpoint"] = "changed outside"
    app_scope.share()
    assert scope["endpoint"] == "changed outside"
