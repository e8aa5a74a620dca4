"""What a field or a path can cost: patterns that have been quadratic, and who reads them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from rangeserve import Limits, parse_range
from rangeserve._command.access import target_of
from rangeserve.core.representation import read_representation
from rangeserve.core.request import accepts_coding, read_request
from rangeserve.core.selection import select
from rangeserve.directory.target import read_target

NOW: Final = 1_700_000_000.0
_REPRESENTATION: Final = (
    (b"content-length", b"3000000"),
    (b"etag", b'"v"'),
    (b"last-modified", b"Wed, 21 Oct 2015 07:28:00 GMT"),
)
# No limit on size or count, so that the grammar itself is measured too.
UNLIMITED: Final = Limits(max_field_size=1 << 30, max_ranges=1 << 30)

FIELDS: Final = (
    b"range",
    b"if-range",
    b"if-match",
    b"if-none-match",
    b"if-modified-since",
    b"if-unmodified-since",
)
# A prefix, what is repeated, and a suffix.
PATTERNS: Final = {
    "digits": (b"bytes=", b"1", b""),
    "digits, then junk": (b"bytes=", b"1", b"x"),
    "a long number": (b"bytes=0-", b"9", b""),
    "zeros": (b"bytes=0-", b"0", b""),
    "first bytes": (b"bytes=", b"0-0,", b""),
    "suffixes": (b"bytes=", b"-1,", b"0-"),
    "open ranges": (b"bytes=", b"1-,", b""),
    "dashes": (b"bytes=", b"-", b""),
    "digits and dashes": (b"bytes=", b"1-", b""),
    "commas": (b"bytes=", b",", b"0-1"),
    "spaces": (b"bytes=0-1", b" ", b"x"),
    "spaces and commas": (b"bytes=", b" ,", b"x"),
    "tabs before": (b"", b"\t", b"bytes=0-1"),
    "equal signs": (b"", b"=", b""),
    "token": (b"", b"a", b""),
    "quotes": (b"", b'"', b""),
    "tags": (b"", b'"a",', b""),
    "tags, the current one among them": (b"", b'"a",', b'"v"'),
    "the current tag and others, then junk": (b'"v",', b'"a",', b"x"),
    "the current tag and spaces, then junk": (b'"v",', b" ", b"x"),
    "the current tag and commas, then junk": (b'"v"', b" ,", b"x"),
    "tags without commas": (b"", b'"a" ', b""),
    "weak tags": (b"", b'W/"a",', b""),
    "W/": (b"", b"W/", b""),
    "an open tag": (b'"', b"a", b""),
    "backslashes": (b'"', b"\\", b'"'),
    "date and spaces": (b"Wed, 21 Oct 2015 07:28:00 GMT", b" ", b"x"),
    "day names": (b"", b"Wed, ", b""),
    "NUL": (b"", b"\x00", b""),
    "codings": (b"", b"identity;q=0.1,", b""),
    "parameters": (b"identity", b";q=0", b""),
}


# The same for paths, as they are after the server has decoded them.
PATH_PATTERNS: Final = {
    "one name": (b"/", b"a", b""),
    "short names": (b"/", b"a/", b"a"),
    "slashes": (b"", b"/", b"a"),
    "slashes, then dots": (b"/", b"a/", b".."),
    "dots": (b"/", b".", b""),
    "coded percent signs": (b"/%25", b"25", b""),
    "coded percent signs, then dots": (b"/%25", b"25", b"2e%2e"),
    "coded letters": (b"/", b"%61", b""),
    "percent signs": (b"/", b"%", b""),
    "backslashes": (b"/", b"\\", b""),
    "control characters": (b"/", b"\n", b""),
    "spaces": (b"/", b" ", b""),
    "no slash": (b"", b"a", b""),
}


def value_of(pattern: str, size: int) -> bytes:
    """A value, or a path, of `size` octets."""
    prefix, repeated, suffix = (PATTERNS | PATH_PATTERNS)[pattern]
    count = max(size - len(prefix) - len(suffix), 0) // len(repeated)
    return prefix + repeated * count + suffix


def decider(field: bytes, value: bytes, limits: Limits) -> Callable[[], object]:
    """One decision on a request with that field; a Range is there in any case."""
    fields = [(field, value)]
    if field != b"range":
        fields.append((b"range", b"bytes=0-1"))

    def decide() -> object:
        request = read_request("GET", fields, limits)
        assert request is not None
        return select(request, read_representation(_REPRESENTATION), limits, NOW)

    return decide


def others(value: bytes) -> dict[str, Callable[[], object]]:
    """What else reads a field of the client's."""
    return {
        "the grammar of Range": lambda: parse_range(value.decode("latin-1")),
        "accept-encoding": lambda: accepts_coding([(b"accept-encoding", value)]),
    }


def _target(scope: dict[str, Any]) -> object:
    target = read_target(scope)
    return target and target.location


def _key(scope: dict[str, Any]) -> object:
    return importlib.import_module("rangeserve.objectstore").safe_key(scope["path"], "films")


# What reads the path of a scope. The last needs an extra.
PATH_READERS: Final[dict[str, Callable[[dict[str, Any]], object]]] = {
    "the target in a folder": _target,
    "the access log": target_of,
    "the key of an object": _key,
}


def scope_with(path: str, *, raw: bool) -> dict[str, Any]:
    """A scope with a decoded path, and with its `raw_path` if the server has that."""
    scope = {"path": path, "query_string": b"", "root_path": ""}
    return {**scope, "raw_path": quote(path).encode()} if raw else scope
