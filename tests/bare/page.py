"""The table of docs/check.md that says what was found on each product."""

from __future__ import annotations

import re
from pathlib import Path

from bare.catalogue import Bare

from rangeserve.check import Failed, Fate, Report

PAGE = Path(__file__).parents[2] / "docs" / "check.md"
TITLE = "On real products"
HEAD = "| product | what | breaks | slows | findings |\n| --- | --- | --- | --- | --- |"


def row(product: Bare, report: Report) -> str:
    """A row of the table: how many clients break and are slow, and what came for each code."""
    found = "; ".join(
        f"{finding.check.code}: {_short(finding.judgement.came)}"
        for finding in report.findings
        if isinstance(finding.judgement, Failed)
    )
    breaks, slows = (keys(report, fate) for fate in (Fate.BREAKS, Fate.SLOW))
    name = f"**{product.name}** {product.version()}"
    return f"| {name} | {product.what} | {breaks} | {slows} | {found or 'none'} |"


def _short(came: str) -> str:
    """What came, without what is other on each machine or says nothing here."""
    came = re.sub(r'(W/)?"(?!rangeserve)[^"]*"', lambda tag: f'{tag[1] or ""}"..."', came)
    return re.sub(r", Content-Range: bytes [-0-9*]+/\d+", "", came)


def keys(report: Report, fate: Fate) -> str:
    """The keys of the clients that fare so."""
    named = [each.client.key for each in report.clients if each.fate is fate]
    return ", ".join(named) if len(named) < 7 else f"{len(named)} clients"


def written(product: Bare) -> list[str]:
    """The rows of the product on the page."""
    section = PAGE.read_text(encoding="utf-8").partition(f"## {TITLE}\n")[2].partition("\n## ")[0]
    return [
        line
        for line in section.splitlines()
        if line.startswith(f"| **{product.name}** ") and f" | {product.what} | " in line
    ]
