"""The scope that the wrapped app sees."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from support.driver import http_scope

from rangeserve._asgi.scope import accepts_coding, make_app_scope
from rangeserve.core.request import read_request
from rangeserve.handover import Handover

PATHSEND = "http.response.pathsend"
ZEROCOPYSEND = "http.response.zerocopysend"


def inner(scope: dict[str, Any]) -> dict[str, Any]:
    request = read_request(scope["method"], scope["headers"])
    seen, _ = make_app_scope(scope, request, Handover())
    return seen


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
    assert PATHSEND in inner(scope)["extensions"]
    del scope["extensions"]
    assert PATHSEND in inner(scope)["extensions"]
    del scope["asgi"]
    assert PATHSEND in inner(scope)["extensions"]


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
        ("3.0", "2.3"),
        ("1.0", "1.0"),
        pytest.param("newest", "2.3", id="not a number"),
    ],
)
def test_spec_version_is_at_most_2_3(version: str | None, seen: str | None) -> None:
    scope = http_scope()
    scope["asgi"]["spec_version"] = version
    asgi = inner(scope)["asgi"]
    assert asgi["spec_version"] == seen
    assert asgi["version"] == "3.0"


def test_a_missing_spec_version_stays_missing() -> None:
    scope = http_scope()
    scope["asgi"] = {"version": "3.0"}
    assert inner(scope)["asgi"] is scope["asgi"]


@pytest.mark.parametrize(
    ("headers", "offered"),
    [
        pytest.param({}, True, id="nothing said"),
        pytest.param({"Accept-Encoding": "identity"}, True, id="identity"),
        pytest.param({"Accept-Encoding": "identity;q=1, *;q=0"}, True, id="a browser's media"),
        pytest.param({"Accept-Encoding": ""}, True, id="empty"),
        pytest.param({"Accept-Encoding": "gzip;q=0, br; q=0.000"}, True, id="all refused"),
        pytest.param({"Accept-Encoding": "gzip"}, False, id="gzip"),
        pytest.param({"ACCEPT-ENCODING": "GZIP"}, False, id="any case"),
        pytest.param({"Accept-Encoding": "identity, *"}, False, id="any coding"),
        pytest.param({"Accept-Encoding": "gzip;q=0, br;q=0.001"}, False, id="one not refused"),
        pytest.param({"Accept-Encoding": "gzip", "Range": "bytes=0-"}, True, id="Range"),
        pytest.param({"Accept-Encoding": "gzip", "Range": "junk"}, True, id="a Range of any kind"),
        pytest.param({"Accept-Encoding": "gzip", "If-Range": '"x"'}, True, id="If-Range"),
        pytest.param({"Accept-Encoding": "gzip", "If-Match": "*"}, False, id="If-Match"),
    ],
)
def test_a_path_is_not_asked_for_where_compression_would_be_lost(
    headers: dict[str, str], offered: bool
) -> None:
    scope = http_scope()
    scope["headers"] = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert (PATHSEND in inner(scope)["extensions"]) is offered


@pytest.mark.parametrize("extensions", [{}, {PATHSEND: {}}])
def test_whether_the_server_sends_paths(extensions: dict[str, Any]) -> None:
    _, native = make_app_scope(http_scope(extensions=extensions), None, Handover())
    assert native is (PATHSEND in extensions)


def test_a_long_accept_encoding_is_read_too() -> None:
    assert accepts_coding(b"identity," * 8000 + b"br")
    assert not accepts_coding(b"identity," * 8000)
    scope = http_scope(headers=[("Accept-Encoding", "identity;q=0.5," * 4000)])
    assert PATHSEND in inner(scope)["extensions"]
