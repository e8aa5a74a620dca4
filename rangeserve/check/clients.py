"""Which client depends on which check: a table, and `verdicts`, which reads the findings by it.

A client that is in neither list of a code does not care. For DuckDB, GDAL, remotezip and zarr the
codes B05, R01, R06, C06, E01 and E05 are tried on the real client, in `tests/clients`.
What most others send is recorded there, too. All else is concluded from what a client
sends, or from its documentation, and was not tried. `docs/check.md` shows the table.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from .checks import Failed, Finding, Passed

__all__ = ["CLIENTS", "Client", "ClientVerdict", "Fate", "verdicts"]

# Whoever trusts a part needs one whose place and bytes are right.
_PARTS: Final = frozenset({"R01", "R04", "B03", "P01", "P02", "P03", "P04", "P05"})


class Fate(Enum):
    """How a client fares with a target."""

    WORKS = "works"
    SLOW = "works slowly"
    BREAKS = "breaks"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True)
class Client:
    """A client, or a kind of clients.

    `breaks`: the codes with which it fails or shows wrong content; `slows`: those with which it
    fetches more, or again. `needs`: the checks that must have been judged to say that it works.
    """

    key: str
    name: str
    does: str
    breaks: frozenset[str]
    slows: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ("R01", "P04")


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


CLIENTS: Final[tuple[Client, ...]] = (
    Client(
        "safari", "Safari video", "asks for the bytes 0-1 first, and plays only after a 206",
        _PARTS | _codes("R02 M01"), _codes("M02 C01 V04 T04"),
    ),
    Client(
        "chromium", "Chromium seeking", "asks for 0-, then for N- at each seek, with If-Range",
        _PARTS | _codes("R03 R05 M01"), _codes("V02 V03 V04 C01 T04 M02"),
    ),
    Client(
        "firefox", "Firefox seeking", "asks for 0-, then for N- at each seek",
        _PARTS | _codes("R05 M01"), _codes("T04 M02"),
    ),
    Client(
        "resume", "resumed downloads", "ask for N- where they left off, browsers with If-Range",
        (_PARTS - {"R04"}) | _codes("R05 C03 C04 E01"),
        _codes("B02 B09 R09 V01 V02 V03 V04 C01 C02 T04"),
    ),
    Client(
        "duckdb", "DuckDB and Parquet", "asks HEAD for the length, then for the footer and columns",
        _PARTS - {"R01"}, _codes("R01 B02 B05 T04"),
    ),
    Client(
        "gdal", "GDAL and COG", "asks for the beginning, then for single ranges of tiles",
        _PARTS | _codes("R07"), _codes("B02 B05 T04"),
    ),
    Client(
        "pdfjs", "PDF.js", "asks for ranges only after Accept-Ranges and Content-Length",
        (_PARTS - {"R01"}) | _codes("M01 X05"), _codes("R01 B02 B06 E01 X02 T04"),
    ),
    Client(
        "pmtiles", "PMTiles", "asks for single ranges, and compares their ETags",
        _PARTS | _codes("V04 V05 E01 X05"), _codes("T04"),
    ),
    Client(
        "zarr", "sharded zarr", "asks for the last bytes of a shard (-N), then for chunks",
        _PARTS | _codes("R06 E05"), _codes("T04"),
    ),
    Client(
        "zip", "ZIP readers", "ask for the last bytes (-N), then for members",
        _PARTS | _codes("R06 E02 E05"), _codes("T04"),
    ),
    Client(
        "nginx-slice", "nginx slice", "asks for slices of one size, and compares their ETags",
        _PARTS | _codes("R07 R08 V04 V05 E01 E02"), _codes("T02"),
    ),
    Client(
        "cdn", "CDNs and caches", "join parts by their ETag, and keep codings apart by Vary",
        _PARTS | _codes("V05 C03 E02 E03 E04 T03"), _codes("B04 V01 V04 C06 C07 C09 T02"),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClientVerdict:
    """How one client fares, and the codes behind it."""

    client: Client
    fate: Fate
    codes: tuple[str, ...] = ()


def verdicts(findings: Iterable[Finding]) -> tuple[ClientVerdict, ...]:
    """The verdict for each client, in the order of the table."""
    found = tuple(findings)
    failed = [each.check.code for each in found if isinstance(each.judgement, Failed)]
    judged = {each.check.code for each in found if isinstance(each.judgement, (Failed, Passed))}
    return tuple(_verdict(client, failed, judged) for client in CLIENTS)


def _verdict(client: Client, failed: list[str], judged: set[str]) -> ClientVerdict:
    breaking = tuple(code for code in failed if code in client.breaks)
    slowing = tuple(code for code in failed if code in client.slows)
    if breaking:
        return ClientVerdict(client, Fate.BREAKS, breaking)
    unknown = tuple(code for code in client.needs if code not in judged)
    if unknown and "R01" not in slowing:
        return ClientVerdict(client, Fate.NOT_JUDGED, unknown)
    if slowing:
        return ClientVerdict(client, Fate.SLOW, slowing)
    return ClientVerdict(client, Fate.WORKS)
