"""`in_text`: a report for people. The verdict for each client comes first."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final

from ..checks import Failed, NotJudged, Passed
from ..clients import ClientVerdict, Fate
from ..model import Report

__all__ = ["in_text"]

_COLOURS: Final = {
    Fate.WORKS: "32",
    Fate.SLOW: "33",
    Fate.BREAKS: "31",
    Fate.NOT_JUDGED: "2",
}
_WIDTH: Final = 96


def in_text(
    report: Report,
    *,
    clients: Collection[str] = (),
    verbose: bool = False,
    colour: bool = False,
) -> str:
    """The report as text, with a newline at its end.

    `clients` narrows the verdicts; `verbose` adds each exchange, as a curl line, and what was not
    judged; `colour` adds ANSI escapes.
    """
    return "\n".join(_lines(report, clients, verbose=verbose, colour=colour)) + "\n"


def _lines(
    report: Report, clients: Collection[str], *, verbose: bool, colour: bool
) -> Iterator[str]:
    server = f" ({report.server})" if report.server else ""
    yield f"{report.target}{server}"
    yield ""
    shown = list(report.verdicts(clients))
    width = max((len(each.client.name) for each in shown), default=0)
    for each in shown:
        yield f"  {each.client.name:{width}}  {_fate(each, colour=colour)}"
    for note in report.notes:
        yield f"\n{note}"
    failed = [each for each in report.findings if isinstance(each.judgement, Failed)]
    for finding in failed:
        yield ""
        yield from _finding(report, finding.check.code, verbose=verbose)
    yield ""
    yield _sum(report)
    if verbose:
        yield from _not_judged(report)
        yield from _exchanges(report)


def _fate(verdict: ClientVerdict, *, colour: bool) -> str:
    text = verdict.fate.value
    if colour:
        text = f"\x1b[{_COLOURS[verdict.fate]}m{text}\x1b[0m"
    return f"{text}: {' '.join(verdict.codes)}" if verdict.codes else text


def _finding(report: Report, code: str, *, verbose: bool) -> Iterator[str]:
    finding = next(each for each in report.findings if each.check.code == code)
    failed = finding.failed
    assert failed is not None, "only what failed is shown"
    yield f"{code}  {finding.check.title} ({finding.check.clause})"
    yield from _wrapped("came:", failed.came)
    breaks, slows = report.sufferers(code)
    if breaks:
        yield from _wrapped("breaks:", ", ".join(breaks))
    if slows:
        yield from _wrapped("slows:", ", ".join(slows))
    if not breaks and not slows:
        yield from _wrapped("harms:", "no known client")
    yield from _wrapped("cure:", report.cures[code])
    for exchange in report.exchanges:
        if exchange.name in failed.asked[:1]:
            yield f"     try:    {exchange.command}"


def _wrapped(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=f"     {label:<8}",
        subsequent_indent=" " * 13,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _sum(report: Report) -> str:
    kinds = Counter(type(each.judgement) for each in report.findings)
    passed, failed, open_ = kinds[Passed], kinds[Failed], kinds[NotJudged]
    return (
        f"{passed} checks passed, {failed} failed, {open_} not judged; "
        f"{report.requests} requests, {report.received:,} bytes received"
    )


def _not_judged(report: Report) -> Iterator[str]:
    yield ""
    for finding in report.findings:
        if isinstance(finding.judgement, NotJudged):
            yield f"{finding.check.code}  not judged: {finding.judgement.why}"


def _exchanges(report: Report) -> Iterator[str]:
    for exchange in report.exchanges:
        yield ""
        yield f"# {exchange.purpose}"
        yield exchange.command
        yield f"#   {exchange.reply}"
