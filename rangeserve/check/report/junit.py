"""`in_junit`: reports for CI servers that read JUnit's XML."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from xml.etree import ElementTree

from ..checks import Failed, NotJudged
from ..clients import Fate
from ..model import Report

__all__ = ["in_junit"]


def in_junit(
    reports: Iterable[Report], problems: Iterable[tuple[str, str]], clients: Collection[str] = ()
) -> str:
    """The reports as an XML document: a suite for each target, and a case for each check.

    A case fails if its check does and that breaks one of the `clients`. What was not judged is
    skipped.
    """
    suites = ElementTree.Element("testsuites")
    for report in reports:
        _suite(suites, report, clients)
    for target, why in problems:
        suite = ElementTree.SubElement(
            suites, "testsuite", name=target, tests="1", failures="0", errors="1", skipped="0"
        )
        case = ElementTree.SubElement(suite, "testcase", name="asked", classname="rangeserve")
        ElementTree.SubElement(case, "error", message=why)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _suite(suites: ElementTree.Element, report: Report, clients: Collection[str]) -> None:
    breaking = {
        code
        for verdict in report.verdicts(clients)
        if verdict.fate is Fate.BREAKS
        for code in verdict.codes
    }
    skipped = sum(1 for each in report.findings if isinstance(each.judgement, NotJudged))
    suite = ElementTree.SubElement(
        suites,
        "testsuite",
        name=report.target,
        tests=str(len(report.findings)),
        failures=str(len(breaking)),
        errors="0",
        skipped=str(skipped),
    )
    for finding in report.findings:
        check, judgement = finding.check, finding.judgement
        case = ElementTree.SubElement(
            suite, "testcase", name=f"{check.code} {check.title}", classname="rangeserve.check"
        )
        if isinstance(judgement, NotJudged):
            ElementTree.SubElement(case, "skipped", message=judgement.why)
        elif isinstance(judgement, Failed):
            text = f"{judgement.came}\n{check.clause}\ncure: {report.cures[check.code]}"
            tag = "failure" if check.code in breaking else "system-out"
            child = ElementTree.SubElement(case, tag)
            child.text = text
            if tag == "failure":
                child.set("message", judgement.came)
