"""100,000 fields made by a seeded grammar that knows where parsers break, in process."""

from __future__ import annotations

import os
import random

import pytest

from .grammar import Grammar, fuzz_one, judge

SEED = int(os.environ.get("RANGESERVE_FUZZ_SEED", "20261122"))
FIELDS = int(os.environ.get("RANGESERVE_FUZZ_FIELDS", "120000"))
BATCHES = 12


@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_field_breaks_a_rule(batch: int) -> None:
    """Run with `RANGESERVE_FUZZ_SEED` and `RANGESERVE_FUZZ_FIELDS` for others, and for more."""
    grammar = Grammar(SEED + batch)
    made, outcomes = 0, set()
    while made < FIELDS // BATCHES:
        request = grammar.request()
        outcomes.add(judge(request, grammar.representation()))
        made += len(request)
    assert outcomes >= {200, 206, 304, 412, 416}, "the fields reach every outcome"


def test_bytes_without_any_grammar() -> None:
    """What the coverage-guided fuzzer (`fuzz_atheris.py`) runs, on bytes that it might make."""
    pick = random.Random(SEED)
    alphabet = b'bytes=0123456789-, \t"W/*;:GMT\xff\xff\x00\r\n\xe9'
    for _ in range(5_000):
        fuzz_one(bytes(pick.choices(alphabet, k=pick.choice((0, 5, 20, 60, 400)))))
