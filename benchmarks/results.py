"""The numbers that a run measured, kept in JSON, and their medians and ratios."""

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

from .build import describe_build

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
    """The median of `count` rounds, the lowest and the highest value."""

    median: float
    low: float
    high: float
    count: int


@dataclass
class Results:
    """The results of a run.

    `rounds[workload][contender]` has one dictionary of numbers for each round, `None` for a
    round that failed. `failures` has a message for each contender that is out of the run.
    """

    machine: dict[str, Any]
    rounds: dict[str, dict[str, list[dict[str, float] | None]]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def add(self, workload: str, contender: str, numbers: dict[str, float] | None) -> None:
        """Add the numbers of a contender's next round."""
        self.rounds.setdefault(workload, {}).setdefault(contender, []).append(numbers)

    def extend(self, other: Results) -> None:
        """Add all rounds and failures of another run, after those that are there."""
        for workload, table in other.rounds.items():
            for contender, rounds in table.items():
                for numbers in rounds:
                    self.add(workload, contender, numbers)
        self.failures.update(other.failures)

    def spread(self, workload: str, contender: str, metric: str) -> Spread | None:
        """The spread of a metric over the rounds; `None` if it was not measured."""
        values = [
            numbers[metric]
            for numbers in self.rounds.get(workload, {}).get(contender, ())
            if numbers and metric in numbers
        ]
        return _spread(values)

    def ratio(self, workload: str, one: str, other: str, metric: str) -> Spread | None:
        """The spread of `one` divided by `other`, round by round; `None` if not measured."""
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
        """The results that `save` wrote to `path`."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


def _spread(values: list[float]) -> Spread | None:
    if not values:
        return None
    return Spread(statistics.median(values), min(values), max(values), len(values))


def describe_machine(**more: Any) -> dict[str, Any]:
    """The machine and the versions on which the numbers depend."""
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
        "build": describe_build(),
        "load_before": round(os.getloadavg()[0], 2),
        "versions": versions,
        **more,
    }
