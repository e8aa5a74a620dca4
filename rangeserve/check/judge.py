"""`judge`: every check on the answers of one target."""

from __future__ import annotations

from typing import Final

from .catalogue import CHECKS
from .checks import Failed, Finding, NotJudged
from .interview import Interview
from .stability import changed

__all__ = ["judge"]

# What one answer alone shows, whatever happens to the content.
_OF_ONE_ANSWER: Final = frozenset(
    {
        "B01",
        "B02",
        "B03",
        "B04",
        "B07",
        "V01",
        "V02",
        "V03",
        "P01",
        "P02",
        "P05",
        "E01",
        "M01",
        "M02",
    }
)


def judge(interview: Interview) -> tuple[Finding, ...]:
    """A finding for each check, in the order of the codes.

    If the content changed meanwhile, a check that compares answers does not fail.
    """
    moved = changed(interview)
    findings: list[Finding] = []
    for check in CHECKS:
        judgement = check.judge(interview)
        if moved and isinstance(judgement, Failed) and check.code not in _OF_ONE_ANSWER:
            judgement = NotJudged("the content changed during the check")
        findings.append(Finding(check, judgement))
    return tuple(findings)
