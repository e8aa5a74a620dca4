"""The hostile cases of `tests/data/hostile_headers.json`: bytes to send, outcomes to expect.

The forms of a value are described in the file's `meta`; `want` lists the outcomes that are
asked of rangeserve, and with `server` true an HTTP server may refuse the field before.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent.parent / "data" / "hostile_headers.json"
# What an HTTP server may do with a field that it does not take.
REFUSALS = frozenset({400, 413, 431, "close"})


@dataclass(frozen=True)
class Case:
    """One hostile request."""

    name: str
    method: str
    headers: tuple[Any, ...]
    want: frozenset[int | str]
    server_may_refuse: bool

    def lines(self, facts: dict[str, str]) -> bytes:
        """The field lines, with the resource's own `facts` (ETAG, SIZE, ...) filled in."""
        out = b""
        for entry in self.headers:
            if isinstance(entry, dict):
                out += entry["raw"].encode("latin-1")
            else:
                name, value = entry
                out += name.encode("latin-1") + b": " + _value(value, facts) + b"\r\n"
        return out


def read_cases() -> list[Case]:
    """All of them, in the order of the file."""
    return [
        Case(
            f"{case['id']}: {case['name']}",
            case["method"],
            tuple(case["headers"]),
            frozenset(case["want"]),
            case["server"],
        )
        for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]
    ]


def facts_of(size: int, etag: str, last_modified: str) -> dict[str, str]:
    """What the placeholders of the cases stand for."""
    return {
        "ETAG_OPEN": etag.removesuffix('"'),
        "ETAG_BARE": etag.strip('"'),
        "ETAG": etag,
        "LASTMOD": last_modified,
        "SIZE-1": str(size - 1),
        "SIZE+1": str(size + 1),
        "SIZE+623": str(size + 623),
        "SIZE": str(size),
    }


def _fill(text: str, facts: dict[str, str]) -> bytes:
    for name, fact in facts.items():
        text = text.replace("{" + name + "}", fact)
    return text.encode("latin-1")


def _value(value: Any, facts: dict[str, str]) -> bytes:
    if isinstance(value, str):
        return _fill(value, facts)
    if "utf8" in value:
        text: str = value["utf8"]
        return text.encode()
    if "hex" in value:
        return bytes.fromhex(value["hex"])
    if "killer" in value:
        return b"bytes=0-," + b",".join(b"5-%d" % last for last in range(value["killer"]))
    before, after = _fill(value.get("pre", ""), facts), _fill(value.get("post", ""), facts)
    if "rep" in value:
        repeated: str = value["rep"]
        return before + repeated.encode("latin-1") * value["n"] + after
    if "etags" in value:
        return before + b",".join(b'"t%d"' % place for place in range(value["etags"])) + after
    specs = [
        (first, first + value["len"] - 1)
        for first in (value["start"] + place * value["step"] for place in range(value["n"]))
    ]
    if value["order"] == "desc":
        specs.reverse()
    elif value["order"] == "shuffle":
        random.Random(1).shuffle(specs)
    return before + b",".join(b"%d-%d" % spec for spec in specs) + after
