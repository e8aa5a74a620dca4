"""Reports what a field of 64 KiB costs on the event loop, worst patterns first.

python tests/hostile/report_cost.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from hostile.costs import FIELDS, PATTERNS, decider, others, value_of

from rangeserve import Limits

SIZE = 64 * 1024


def seconds(work: Callable[[], object], repeat: int = 5) -> float:
    """The processor time of the shortest of several runs."""
    best = float("inf")
    for _ in range(repeat):
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
    return best


def main() -> None:
    """Print a line for each reader of a field: its most expensive pattern, in milliseconds."""
    rows: list[tuple[float, str, str]] = []
    for pattern in PATTERNS:
        value = value_of(pattern, SIZE)
        for field in FIELDS:
            rows.append((seconds(decider(field, value, Limits())), field.decode(), pattern))
        for reader, work in others(value).items():
            if reader != "the grammar of Range":  # the limits come before it
                rows.append((seconds(work), reader, pattern))
    for reader in dict.fromkeys(reader for _, reader, _ in rows):
        cost, _, pattern = max(row for row in rows if row[1] == reader)
        print(f"{reader:24} {cost * 1000:8.3f} ms  ({pattern})")
    print(f"{'any field of 64 KiB':24} {max(rows)[0] * 1000:8.3f} ms at most (goal: 10 ms)")


if __name__ == "__main__":
    main()
