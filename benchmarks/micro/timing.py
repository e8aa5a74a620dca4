"""The time of one call: hot, call after call, and cold, with the CPU's caches displaced between.

A server does other work between two requests: the kernel copies bodies, the protocol parses. By
then the CPU's caches have lost most of the middleware's code and objects, which a loop over one
call keeps there. The cold time shows what much code costs, the hot time what slow code costs.
"""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable
from time import perf_counter_ns
from timeit import repeat

__all__ = ["DISPLACED_MIB", "cold", "displacing", "hot"]

# Up to 4 MiB push a call out of a core's own caches, 32 MiB out of the cores' common one as well.
DISPLACED_MIB = (1, 2, 4, 32)
_MIB = 1024 * 1024
_LINE_BYTES = 64
_REPETITION_US = 2000.0


def hot(call: Callable[[], object], repetitions: int = 50) -> float:
    """The microseconds of a call among calls: the least of some repetitions of about 2 ms each."""
    once = min(repeat(call, number=1, repeat=10)) * 1e6
    number = max(int(_REPETITION_US / max(once, 0.1)), 1)
    return min(repeat(call, number=number, repeat=repetitions)) / number * 1e6


def displacing(mib: int) -> Callable[[], None]:
    """A function that displaces `mib` MiB of what the CPU's caches hold.

    It writes one byte of each line of a block of memory of that size.
    """
    block = bytearray(mib * _MIB)
    bytes_to_write = bytes(len(block) // _LINE_BYTES)

    def displace() -> None:
        block[::_LINE_BYTES] = bytes_to_write

    return displace


def cold(call: Callable[[], object], mib: int, count: int | None = None) -> float:
    """The microseconds of a call after `mib` MiB were displaced: the median of `count` calls.

    There are 300 of them by default, and 100 where displacing takes milliseconds.
    """
    displace = displacing(mib)
    if count is None:
        count = 300 if mib < 8 else 100
    taken = []
    gc.collect()
    gc.disable()  # as timeit does
    try:
        for _ in range(count):
            displace()
            begin = perf_counter_ns()
            call()
            taken.append(perf_counter_ns() - begin)
    finally:
        gc.enable()
    return statistics.median(taken) / 1000
