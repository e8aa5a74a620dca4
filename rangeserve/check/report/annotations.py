"""`in_annotations`: findings as lines that GitHub's CI, and those like it, show beside a change."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..checks import Failed
from ..clients import Fate
from ..model import Report

__all__ = ["in_annotations"]


def in_annotations(report: Report, clients: Collection[str] = ()) -> str:
    """A line for each failed check: an error if it breaks one of the `clients`.

    A warning if it slows one; a notice else.
    """
    return "".join(f"{line}\n" for line in _lines(report, clients))


def _lines(report: Report, clients: Collection[str]) -> Iterator[str]:
    for finding in report.findings:
        check, judgement = finding.check, finding.judgement
        if isinstance(judgement, Failed):
            title = _property(f"{check.code} {check.title}")
            who = _who(report, check.code, clients)
            text = f"{report.target}: {judgement.came}{who}. Cure: {report.cures[check.code]}"
            yield f"::{_level(report, check.code, clients)} title={title}::{_data(text)}"


def _level(report: Report, code: str, clients: Collection[str]) -> str:
    shown = list(report.verdicts(clients))
    if any(code in each.codes and each.fate is Fate.BREAKS for each in shown):
        return "error"
    return "warning" if any(code in each.client.slows for each in shown) else "notice"


def _who(report: Report, code: str, clients: Collection[str]) -> str:
    names = [
        each.client.name
        for each in report.verdicts(clients)
        if code in each.client.breaks | each.client.slows
    ]
    return f" (harms {', '.join(names)})" if names else ""


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
