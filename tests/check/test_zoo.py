"""Each broken server is found out, by exactly the codes of its fault; a right one is green."""

from __future__ import annotations

import pytest
from check.faults import ZOO, Broken
from check.zoo import Right, serving

from rangeserve.check import Fate, check

ALWAYS_OPEN = {"T01", "T03", "T05", "T06", "T07"}  # redirects, caches, in process, HTTP/2


def test_a_right_server_is_green_and_nearly_everything_is_judged() -> None:
    with serving(Right()) as server:
        report = check(server.url)
    assert report.failed == ()
    assert {each.fate for each in report.clients} == {Fate.WORKS}
    judged = {each.check.code for each in report.findings if "why" in dir(each.judgement)}
    assert judged == ALWAYS_OPEN


@pytest.mark.parametrize("broken", ZOO, ids=lambda broken: broken.id)
def test_a_broken_server_is_found_out(broken: Broken) -> None:
    with serving(broken.right, broken.fault) as server:
        report = check(server.url)
    came = {code: report.came(code) for code in report.failed}
    assert set(came) == broken.expected, came
