"""The resources that every vector refers to, and the rule that makes their bytes.

The list is data of `tests/data/vectors.json`; this module only makes the bytes. Used by the
apps inside the servers and by the tests outside.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

VECTORS = json.loads(
    Path(__file__).parents[1].joinpath("data", "vectors.json").read_text(encoding="utf-8")
)
RESOURCES: dict[str, dict[str, Any]] = {each["path"]: each for each in VECTORS["resources"]}


def mod251(size: int) -> bytes:
    """Byte i is (31 i + 7) mod 251."""
    unit = bytes((i * 31 + 7) % 251 for i in range(251))
    return (unit * (size // 251 + 1))[:size]


def ascii75(size: int) -> bytes:
    """Byte i is 48 + i mod 75: '0' to 'z'."""
    return bytes(48 + i % 75 for i in range(size))


def crlfdash(size: int) -> bytes:
    """Text that imitates the delimiters of a multipart body."""
    return (b"\r\n--x" * (size // 5 + 1))[:size]


def gzip_stored(size: int, inner: bytes) -> bytes:
    """A gzip member with one stored block."""
    lengths = struct.pack("<HH", len(inner), len(inner) ^ 0xFFFF)
    check = struct.pack("<II", zlib.crc32(inner), len(inner))
    member = bytes.fromhex("1f8b08000000000000ff01") + lengths + inner + check
    assert len(member) == size
    return member


RULES: dict[str, Callable[[int], bytes]] = {
    "mod251": mod251,
    "ascii75": ascii75,
    "crlfdash": crlfdash,
    "gzip-stored:1000": lambda size: gzip_stored(size, ascii75(1000)),
}


@cache
def content_of(path: str) -> bytes:
    """The bytes of the resource at `path`."""
    resource = RESOURCES[path]
    return RULES[resource["rule"]](resource["size"])
