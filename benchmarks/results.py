"""What a run measured, as it is kept in JSON, and the ratios that are read from it."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["Results", "Spread", "describe_machine"]

_PACKAGES = (
    "rangeserve",
    "anyio",
    "werkzeug",
    "hypercorn",
    "uvicorn",
    "uvloop",
    "httptools",
    "granian",
    "quart",
    "starlette",
    "aiohttp",
    "servestatic",
    "baize",
)


@dataclass(frozen=True)
class Spread:
    """The median of some rounds, and how far they lie apart."""

    median: float
    low: float
    high: float
    count: int


@dataclass
class Results:
    """`rounds[workload][contender]` has one dict of numbers a round, `None` if it failed."""

    machine: dict[str, Any]
    rounds: dict[str, dict[str, list[dict[str, float] | None]]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def add(self, workload: str, contender: str, numbers: dict[str, float] | None) -> None:
        """The next round of a contender."""
        self.rounds.setdefault(workload, {}).setdefault(contender, []).append(numbers)

    def spread(self, workload: str, contender: str, metric: str) -> Spread | None:
        """The median of a metric and its least and greatest; `None` if it was not measured."""
        values = [
            numbers[metric]
            for numbers in self.rounds.get(workload, {}).get(contender, ())
            if numbers and metric in numbers
        ]
        return _spread(values)

    def ratio(self, workload: str, one: str, other: str, metric: str) -> Spread | None:
        """`one` divided by `other`, each round by itself."""
        table = self.rounds.get(workload, {})
        pairs = zip(table.get(one, ()), table.get(other, ()), strict=False)
        return _spread(
            [a[metric] / b[metric] for a, b in pairs if a and b and a.get(metric) and b.get(metric)]
        )

    def save(self, path: Path) -> None:
        """Write the JSON file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Results:
        """Read what `save` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


def _spread(values: list[float]) -> Spread | None:
    if not values:
        return None
    return Spread(statistics.median(values), min(values), max(values), len(values))


def describe_machine(**more: Any) -> dict[str, Any]:
    """What the figures depend on beside the code."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "date": time.strftime("%Y-%m-%d"),
        "system": f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}",
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
        "versions": versions,
        **more,
    }
