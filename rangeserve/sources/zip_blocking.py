"""A ZIP archive read without an event loop: the same plan, in the thread of the caller."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

from .blocking import read_exactly_blocking
from .zip_layout import Data
from .zip_plan import ZipPlan

__all__ = ["read_zip_blocking"]


def read_zip_blocking(plan: ZipPlan, start: int, stop: int) -> Generator[bytes]:
    """The bytes `[start, stop)` of the archive, in chunks that may be tiny.

    `ResponseError` if a member has changed or cannot be read.
    """
    for group in plan.groups(start, stop):
        if isinstance(group, Data):
            yield from _data(plan, group)
            continue
        for number in plan.missing(group):
            for _ in _data(plan, plan.rest_of(number)):
                pass
        yield plan.bytes_of(group)


def _data(plan: ZipPlan, piece: Data) -> Generator[bytes]:
    """The bytes of a piece of a member. Those that its CRC-32 lacks are added to it."""
    member, facts = plan.members[piece.number], plan.facts[piece.number]
    progress = plan.progress(piece.number) if member.crc32 is None else None
    assert member.source is not None
    position = piece.start
    what = repr(member.name)
    reading = read_exactly_blocking(member.source, facts, piece.start, piece.stop, what)
    with closing(reading) as chunks:
        for chunk in chunks:
            if progress is not None:
                progress.add(position, chunk)
            position += len(chunk)
            yield chunk
