"""`CHECKS`: all the checks, in the order of their topics."""

from __future__ import annotations

from typing import Final

from .checks import Check
from .judges import (
    basics,
    codings,
    conditions,
    media,
    origins,
    parts,
    ranges,
    transport,
    validators,
)

__all__ = ["CHECKS"]

CHECKS: Final[tuple[Check, ...]] = (
    *basics.CHECKS,
    *ranges.CHECKS,
    *parts.CHECKS,
    *validators.CHECKS,
    *conditions.CHECKS,
    *codings.CHECKS,
    *origins.CHECKS,
    *transport.CHECKS,
    *media.CHECKS,
)
