"""The targets of rangeserve, and whether a run reaches them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .micro.cases import DOUBLED
from .results import Results, Spread

__all__ = ["TARGETS", "Target", "verdict"]


@dataclass(frozen=True)
class Target:
    """A bound for a number of a run: the median of `measure` must be at least, or at most, it."""

    text: str
    measure: Callable[[Results], Spread | None]
    bound: float
    at_least: bool = True
    unit: str = "x"


def verdict(target: Target, results: Results) -> tuple[Spread | None, bool | None]:
    """The spread that was measured, and whether its median reaches the target.

    Both are `None` if nothing was measured.
    """
    spread = target.measure(results)
    if spread is None:
        return None, None
    if target.at_least:
        return spread, spread.median >= target.bound
    return spread, spread.median <= target.bound


def _ratio(workload: str, one: str, other: str, metric: str) -> Callable[[Results], Spread | None]:
    return lambda results: results.ratio(workload, one, other, metric)


def _value(workload: str, contender: str, metric: str) -> Callable[[Results], Spread | None]:
    return lambda results: results.spread(workload, contender, metric)


def _added(name: str) -> Callable[[Results], Spread | None]:
    """The time of the case `name`, in microseconds, over that of the app alone."""

    def measure(results: Results) -> Spread | None:
        table = results.rounds.get("micro", {})
        pairs = zip(table.get(name, ()), table.get("the app alone", ()), strict=False)
        added = sorted(a["us"] - b["us"] for a, b in pairs if a and b)
        if not added:
            return None
        return Spread(added[len(added) // 2], added[0], added[-1], len(added))

    return measure


def _growth(variable: str) -> Callable[[Results], Spread | None]:
    """The time of the slowest place divided by that of the fastest; `size` or `offset` varies."""

    def measure(results: Results) -> Spread | None:
        rounds = [each for each in results.rounds.get("growth", {}).get(_OURS_UV, ()) if each]
        names = [name for name in (rounds[0] if rounds else {}) if name.startswith(variable)]
        medians = [spread.median for name in names if (spread := _of(results, name))]
        if not medians:
            return None
        value = max(medians) / min(medians)
        return Spread(value, value, value, len(rounds))

    return measure


def _of(results: Results, name: str) -> Spread | None:
    return results.spread("growth", _OURS_UV, name)


_OURS_UV = "rangeserve, uvicorn"
_OURS_HY = "rangeserve, hypercorn"
_RAW_UV = "raw app, uvicorn"
_RAW_HY = "raw app, hypercorn"
_FLOOR_UV = "hand-written floor, uvicorn"
_FLOOR_HY = "hand-written floor, hypercorn"
_LIMIT_UV = "in-memory limit, uvicorn"
_LIMIT_HY = "in-memory limit, hypercorn"
_QUART_UV = "Quart send_file, uvicorn"
_QUART_HY = "Quart send_file, hypercorn"
_STAR_UV = "Starlette FileResponse, uvicorn"
_STAR_HY = "Starlette FileResponse, hypercorn"

TARGETS = (
    Target("W1, of the raw app, uvicorn", _ratio("whole", _OURS_UV, _RAW_UV, "mib_s"), 0.95),
    Target("W1, of the raw app, Hypercorn", _ratio("whole", _OURS_HY, _RAW_HY, "mib_s"), 0.95),
    Target(
        "W1, the raw app's CPU per byte to ours, uvicorn",
        _ratio("whole", _RAW_UV, _OURS_UV, "cpu_s_gib"),
        0.95,
    ),
    Target(
        "W1, the raw app's CPU per byte to ours, Hypercorn",
        _ratio("whole", _RAW_HY, _OURS_HY, "cpu_s_gib"),
        0.95,
    ),
    Target("W1, Quart's send_file, Hypercorn", _ratio("whole", _OURS_HY, _QUART_HY, "mib_s"), 50),
    Target("W1, Quart's send_file, uvicorn", _ratio("whole", _OURS_UV, _QUART_UV, "mib_s"), 50),
    Target("W1, Starlette, Hypercorn", _ratio("whole", _OURS_HY, _STAR_HY, "mib_s"), 5),
    Target("W1, Starlette, uvicorn", _ratio("whole", _OURS_UV, _STAR_UV, "mib_s"), 5),
    Target("W2, the limit's time, uvicorn", _ratio("seek", _OURS_UV, _LIMIT_UV, "ms"), 2, False),
    Target("W2, the limit's time, Hypercorn", _ratio("seek", _OURS_HY, _LIMIT_HY, "ms"), 2, False),
    Target("W2, faster than Quart, Hypercorn", _ratio("seek", _QUART_HY, _OURS_HY, "ms"), 10),
    Target("W2, faster than Quart, uvicorn", _ratio("seek", _QUART_UV, _OURS_UV, "ms"), 10),
    Target("W2, faster than Starlette, Hypercorn", _ratio("seek", _STAR_HY, _OURS_HY, "ms"), 2),
    Target("W2, faster than Starlette, uvicorn", _ratio("seek", _STAR_UV, _OURS_UV, "ms"), 2),
    Target(
        "W2, faster than slicing the stream",
        _ratio("seek", "non-seeking stream, uvicorn", _OURS_UV, "ms"),
        1000,
    ),
    *(
        target
        for name, connections in (("ranges16", 16), ("ranges64", 64))
        for target in (
            Target(
                f"W3 on {connections}, of the floor, uvicorn",
                _ratio(name, _OURS_UV, _FLOOR_UV, "rps"),
                0.75,
            ),
            Target(
                f"W3 on {connections}, of the floor, Hypercorn",
                _ratio(name, _OURS_HY, _FLOOR_HY, "rps"),
                0.9,
            ),
            Target(
                f"W3 on {connections}, Quart, uvicorn",
                _ratio(name, _OURS_UV, _QUART_UV, "rps"),
                4,
            ),
            Target(
                f"W3 on {connections}, Starlette, uvicorn",
                _ratio(name, _OURS_UV, _STAR_UV, "rps"),
                2.5,
            ),
        )
    ),
    Target("pass-through of a small 200 adds", _added("through rangeserve"), 3, False, "us"),
    Target(
        "the same with an observer adds",
        _added("through rangeserve, with an observer"),
        10,
        False,
        "us",
    ),
    Target(
        "a 206 with If-Range is decided in",
        _value("micro", "decide a 206 with If-Range", "us"),
        12,
        False,
        "us",
    ),
    Target(
        "memory of a slow client, uvicorn",
        _value("memory", _OURS_UV, "kib_client"),
        300,
        False,
        "KiB",
    ),
    Target(
        "memory of a slow client, Hypercorn",
        _value("memory", _OURS_HY, "kib_client"),
        300,
        False,
        "KiB",
    ),
    Target(
        "tiny p99 beside a download, of a non-yielding app's, uvicorn",
        _ratio("fairness", _OURS_UV, _LIMIT_UV, "p99_ms"),
        0.1,
        False,
    ),
    Target(
        "tiny p99 beside a download, of a non-yielding app's, Hypercorn",
        _ratio("fairness", _OURS_HY, _LIMIT_HY, "p99_ms"),
        0.1,
        False,
    ),
    Target(
        "tiny max beside a cold file, of an inline reader's, uvicorn",
        _ratio("cold", _OURS_UV, "inline blocking reader, uvicorn", "max_ms"),
        0.2,
        False,
    ),
    Target(
        "tiny max beside a cold file, of an inline reader's, Hypercorn",
        _ratio("cold", _OURS_HY, "inline blocking reader, hypercorn", "max_ms"),
        0.2,
        False,
    ),
    *(
        Target(
            f"twice as many {many}, times as long", _ratio("micro", twice, once, "us"), 2.5, False
        )
        for many, (once, twice) in DOUBLED.items()
    ),
    Target("growth with the size, slowest to fastest", _growth("size"), 1.5, False),
    Target("growth with the offset, slowest to fastest", _growth("offset"), 1.5, False),
)
