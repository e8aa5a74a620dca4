"""`in_json`: reports for programs. What is there stays; more may be added."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any

from ..checks import Failed, Finding, NotJudged
from ..model import Report

__all__ = ["in_json"]


def in_json(
    reports: Iterable[Report], problems: Iterable[tuple[str, str]], clients: Collection[str] = ()
) -> str:
    """The reports as one JSON document; `problems` are the targets that could not be asked."""
    document = {
        "version": 1,
        "reports": [_report(each, clients) for each in reports],
        "problems": [{"target": target, "why": why} for target, why in problems],
    }
    return json.dumps(document, indent=2) + "\n"


def _report(report: Report, clients: Collection[str]) -> dict[str, Any]:
    return {
        "target": report.target,
        "server": report.server,
        "requests": report.requests,
        "received": report.received,
        "notes": list(report.notes),
        "clients": [
            {
                "key": each.client.key,
                "name": each.client.name,
                "verdict": each.fate.value,
                "codes": list(each.codes),
            }
            for each in report.verdicts(clients)
        ],
        "checks": [_finding(report, each) for each in report.findings],
        "exchanges": [
            {
                "name": each.name,
                "purpose": each.purpose,
                "command": each.command,
                "reply": each.reply,
            }
            for each in report.exchanges
        ],
    }


def _finding(report: Report, finding: Finding) -> dict[str, Any]:
    check, judgement = finding.check, finding.judgement
    said: dict[str, Any] = {"code": check.code, "title": check.title, "clause": check.clause}
    if isinstance(judgement, Failed):
        breaks, slows = report.sufferers(check.code)
        return {
            **said,
            "result": "failed",
            "came": judgement.came,
            "asked": list(judgement.asked),
            "breaks": breaks,
            "slows": slows,
            "cure": report.cures[check.code],
        }
    if isinstance(judgement, NotJudged):
        return {**said, "result": "not judged", "why": judgement.why}
    return {**said, "result": "passed"}
