"""`assert_serves_ranges`: the check as one line of a test."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..types import ASGIApp
from .model import Report
from .report.terminal import in_text
from .running import check

__all__ = ["assert_serves_ranges"]


def assert_serves_ranges(
    target: str | ASGIApp,
    path: str = "/",
    *,
    clients: Collection[str] = (),
    ignore: Collection[str] = (),
    **options: Any,
) -> Report:
    """Fail with the report as the message, if something breaks a client at `target`.

    `target`, `path` and `options` are those of `check`. `clients` are the keys of those that
    matter, all if there are none; `ignore` are codes that may fail. The report is returned.
    """
    report = check(target, path, **options)
    breaking = {
        code
        for verdict in report.verdicts(clients)
        for code in verdict.codes
        if code in verdict.client.breaks
    }
    if breaking - set(ignore):
        raise AssertionError(in_text(report, clients=clients))
    return report
